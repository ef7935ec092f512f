#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who is let in a little and wants more: keys with a limit, an operator, a demoted analyst, a page of another site, floods.

Each part is a way that was open once.
"""
import http.client
import json
import os
import re
import socket
import sys
import time
import urllib.parse

import kr

HEAD = "source.ip,classification.type,time.source\n"
REGISTER = "name,title,contact,prefixes\nbank,Example Bank,,198.51.100.0/24\nschool,Example School,,203.0.113.0/24\n"
PASSWORD = "a sentence for tests"


def lines(first, n, net):
    return "".join(f"{net}.{first + i},scanner,{time.strftime('%Y-%m-%dT00:00:00Z', time.gmtime())}\n" for i in range(n))


class Doors:
    """The node as it is seen from outside."""

    def __init__(self, d):
        self.d, self.keys, self.cookies = d, {}, {}

    def key(self, name, *args):
        self.keys[name] = self.d.json("apikey", "create", name, *args)[0]["key"]

    def ask(self, path, who=None, method="GET", body=None, **headers):
        h = {k.replace("_", "-"): v for k, v in headers.items()}
        if who in self.keys:
            h["Authorization"] = "Bearer " + self.keys[who]
        if who in self.cookies:
            h["Cookie"] = self.cookies[who]
        c = http.client.HTTPConnection("127.0.0.1", self.d.port, timeout=60)
        try:
            c.request(method, path, body=body, headers=h)
            r = c.getresponse()
            return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read().decode("utf-8", "replace")
        finally:
            c.close()

    def form(self, path, fields, who=None, **more):
        h = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        h.update(more)
        return self.ask(path, who, "POST", urllib.parse.urlencode(fields), **h)

    def user(self, name, *args):
        link = next(v for v in self.d.json("user", "add", name, *args)[0].values() if isinstance(v, str) and "/login/link/" in v)
        headers = self.form(urllib.parse.urlparse(link).path, {"password": PASSWORD, "again": PASSWORD})[1]
        self.cookies[name] = headers["set-cookie"].split(";")[0]

    def json(self, path, who):
        status, _, text = self.ask("/api/v1" + path, who)
        return json.loads(text) if status == 200 else {"status": status}


def delivered(d, doors):
    """A delivery that waits to be fetched, with rows of two labels."""
    d.must("recipient", "add", "bank", "--by", "pull", "--classes", "*=now")
    d.must("recipient", "add", "bank", "soc@bank.example.org", "--classes", "*=now")
    for source, first in (("strict", 220), ("team", 200), ("open", 210)):
        doors.ask("/api/v1/reports?source=" + source, "duty", "POST", HEAD + lines(first, 3, "198.51.100"))
    end = time.monotonic() + 60
    while time.monotonic() < end:
        got = doors.json("/pull", "bank")
        if got.get("delivery"):
            return got
        time.sleep(0.2)
    raise RuntimeError("nothing was packed")


def labels(t, doors, delivery):
    """A key that ends at GREEN, or may read no events, is told nothing else by way of what was told to others."""
    amber, green = "198.51.100.200", "198.51.100.210"
    where = f"/deliveries/{delivery}"
    for name in ("bank", "viewer"):
        _, _, text = doors.ask(where, name)
        t.ok(amber in text and green in text, f"{name}: the delivery shows its rows", text[-3000:])
    for name, status in (("bank-green", 404), ("viewer-green", 404), ("bank-told", 200)):
        got, _, text = doors.ask(where, name)
        t.ok(got == status and amber not in text and green not in text, f"{name}: the page of the delivery shows none", got, text[-3000:])
        got, _, text = doors.ask(where + "/table.csv", name)
        t.ok(got == 404 and amber not in text, f"{name}: nor does its table", got, text[:500])
    for name in ("bank-green", "viewer-green"):
        t.same(doors.json("/deliveries", name)["deliveries"], [], f"{name}: it is not in the list")
        t.same(doors.ask("/api/v1" + where, name)[0], 404, f"{name}: nor is it there by its number")
    for name in ("bank-green", "bank-told"):
        got, _, text = doors.ask("/api/v1/pull", name)
        t.ok(got == 403 and amber not in text, f"{name} does not pull it", got, text)
    for name in ("viewer-green", "register"):
        for page in ("/constituents/bank/view", "/constituents/bank/view?q=tlp:amber"):
            _, _, text = doors.ask(page, name)
            t.ok(amber not in text, f"{name}: {page} shows no more than the key may see", text[-3000:])
    t.same(doors.ask("/constituents/bank/view", "register")[0], 403, "who may read no events looks at none through other eyes")
    t.ok(amber in doors.ask("/constituents/bank/view", "viewer")[2], "the team does")


def forged_pull(t, doors, got):
    """A link on a page of another site makes the browser ask with the cookie of who is logged in."""
    for site in ("cross-site", "same-origin"):
        doors.ask(f"/api/v1/pull?cursor={2**62}", "operator", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate")
    t.same(doors.json(f"/deliveries/{got['delivery']}", "bank")["state"], "queued", "with a cookie nothing is confirmed")
    t.same(doors.json("/pull", "bank")["delivery"], got["delivery"], "so it is still to be fetched")
    doors.ask(f"/api/v1/pull?cursor={got['cursor']}", "bank")
    t.same(doors.json(f"/deliveries/{got['delivery']}", "bank")["state"], "sent", "the key confirms it")


def listen(doors, who):
    c = http.client.HTTPConnection("127.0.0.1", doors.d.port, timeout=40)
    c.request("GET", "/api/v1/stream", headers={"Cookie": doors.cookies[who]} if who in doors.cookies else {"Authorization": "Bearer " + doors.keys[who]})
    r = c.getresponse()
    text = b""
    while b"ready" not in text or not text.endswith(b"\n\n"):
        text += r.read1(4096)
    return r


def demoted(t, d, doors):
    """A stream that is open ends when its viewer becomes another one."""
    streams = {who: listen(doors, who) for who in ("analyst", "disabled", "removed", "viewer")}
    d.must("user", "edit", "analyst", "--role", "operator", "--constituent", "bank")
    d.must("user", "disable", "disabled")
    d.must("user", "remove", "removed")
    doors.ask("/api/v1/reports?source=team", "duty", "POST", HEAD + lines(100, 3, "203.0.113"))
    for who, r in streams.items():
        text = b""
        try:
            while b"event: events" not in text:
                piece = r.read1(4096)
                if not piece:
                    break
                text += piece
        except OSError:
            text += b"(nothing)"
        if who == "viewer":
            t.ok(b"event: report" in text and b"event: events" in text, "who is still the same is told", text)
        else:
            t.same(text, b"", f"{who}: it ends without a word")


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) << 10


def bodies(t, d, doors, pid):
    """Who may not replace the register does not fill the memory with one."""
    before, sent, answers, open_ = memory(pid), 0, [], []
    for _ in range(4):
        s = socket.create_connection(("127.0.0.1", d.port), timeout=20)
        open_.append(s)
        s.sendall((f"PUT /api/v1/register HTTP/1.1\r\nHost: 127.0.0.1:{d.port}\r\nAuthorization: Bearer {doors.keys['bank']}\r\n"
                   f"Content-Type: text/csv\r\nContent-Length: {60 << 20}\r\n\r\n").encode())
        answers.append(s.recv(12))
        try:
            for _ in range(40):
                s.sendall(bytes(1 << 20))
                sent += 1
        except OSError:
            pass
    t.same(answers, [b"HTTP/1.1 403"] * 4, "it is refused before its body comes")
    after = memory(pid)
    for s in open_:
        s.close()
    t.ok(after - before < 60 << 20, "and takes no memory", before, after, sent)


def patience(t, doors):
    """Expressions that cost much end by themselves, also for whom rows are not counted."""
    dear = " or ".join(f"malware.name:*a*a*a*b{i}*" for i in range(100))
    for who, path in (("partner", "/api/v1/events?q="), ("partner", "/events?q="), ("partner", "/events.csv?q="), ("viewer", "/api/v1/events/count?q=")):
        began = time.monotonic()
        status, _, text = doors.ask(path + urllib.parse.quote(dear), who)
        took = time.monotonic() - began
        t.ok(status == 413 and "takes too long" in text, f"{who}: {path} is given up", status, text[-600:])
        t.ok(took < 15, f"after {took:.1f} s")
        t.same(doors.ask("/healthz")[0], 200, "and the node answers others")


def withheld(t, doors):
    """What is too tight to be told is in no number that its owner sees; what waits, in none that a key with a limit does."""
    _, _, text = doors.ask("/deliveries", "viewer")
    t.ok("What is not told" in text, "the team sees how much is not told", text[-3000:])
    for who in ("operator", "bank", "viewer-green", "bank-green"):
        _, _, text = doors.ask("/deliveries", who)
        t.ok("Deliveries" in text and "What is not told" not in text, f"{who} does not", text[-3000:])
    number = next(r["id"] for r in doors.d.json("recipient", "list") if r["sink"] == "mail")
    for who, seen in (("viewer", True), ("viewer-green", False)):
        _, _, text = doors.ask(f"/recipients/{number}", who)
        t.ok("soc@bank.example.org" in text and ("198.51.100.200" in text) == seen, f"{who}: the message that waits shows {'its rows' if seen else 'nothing'}",
             re.sub(r"<[^>]*>", " ", text)[-2500:])


def names(t, doors):
    """An operator makes keys, but does not find out by that who else is registered."""
    said = set()
    for name in ("school", "no-such", "scho"):
        status, _, text = doors.ask("/api/v1/apikeys", "operator", "POST", json.dumps({"name": "k", "constituent": name}),
                                    Content_Type="application/json", Sec_Fetch_Site="same-origin")
        said.add((status, re.sub(r'"instance":"[^"]*"', "", text)))
    t.ok(len(said) == 1 and min(said)[0] == 403, "constituents that there are and that there are not are refused alike", said)
    status, _, text = doors.ask("/api/v1/apikeys", "operator", "POST", json.dumps({"name": "k", "constituent": "bank"}),
                                Content_Type="application/json", Sec_Fetch_Site="same-origin")
    t.ok(status == 201 and json.loads(text)["constituent"] == "bank", "its own is fine", status, text)


def files(t):
    """A folder that was there before, and is open, as mkdir makes it: what is in it is not."""
    d = kr.Dir(init=False, fast=True)
    os.mkdir(d.path)
    os.chmod(d.path, 0o755)
    d.bare("init", d.path, "--name", "test.example", "--country", "RS", preexec=lambda: os.umask(0))
    def open_to_others():
        return [os.path.join(at, x) for at, dirs, names in os.walk(d.path) for x in dirs + names if os.lstat(os.path.join(at, x)).st_mode & 0o7]
    t.same(open_to_others(), [], "a new directory is closed to others")
    d.must("take", d.file("a.csv", HEAD + lines(1, 3, "198.51.100")), preexec=lambda: os.umask(0))
    t.same(open_to_others(), [], "with events in it too")
    os.chmod(os.path.join(d.path, "main.db"), 0o644)
    d.must("report", "list")
    t.same(open_to_others(), [], "one that an older program made is closed")


def main(t):
    files(t)
    d = kr.Dir(fast=True)
    for name, value in (("tick", "1s"), ("gather", "0")):
        d.set("delivery", name, value)
    d.set("http", "listen", f"127.0.0.1:{d.port}")
    d.set("api", "query_time", "100ms")
    d.must("constituent", "import", d.file("register.csv", REGISTER))
    d.must("source", "add", "open", "--tlp", "green")
    d.must("source", "add", "team", "--tlp", "amber")
    d.must("source", "add", "strict", "--tlp", "amber+strict")
    doors = Doors(d)
    for role in ("duty", "viewer", "partner"):
        doors.key(role, "--role", role)
    doors.key("bank", "--constituent", "bank")
    doors.key("bank-green", "--constituent", "bank", "--tlp", "green")
    doors.key("bank-told", "--constituent", "bank", "--rights", "deliveries")
    doors.key("viewer-green", "--role", "viewer", "--tlp", "green")
    doors.key("register", "--role", "viewer", "--rights", "register")
    s = kr.Serve(d)
    doors.user("operator", "--role", "operator", "--constituent", "bank")
    for name in ("analyst", "disabled", "removed"):
        doors.user(name, "--role", "analyst")
    got = delivered(d, doors)
    labels(t, doors, got["delivery"])
    withheld(t, doors)
    forged_pull(t, doors, got)
    names(t, doors)
    demoted(t, d, doors)
    bodies(t, d, doors, s.child.pid)
    many = "source.ip,classification.type,malware.name,time.source\n" + "".join(
        f"192.0.2.{i % 256},infected-system,{'a' * 24}{i},2026-11-20T00:00:00Z\n" for i in range(30000))
    d.must("take", "--source", "open", d.file("many.csv", many))
    patience(t, doors)
    t.ok("AddressSanitizer" not in s.log() and "runtime error" not in s.log(), "nothing was said by a sanitizer", s.log()[-3000:])
    t.same(s.stop(), 0, "it ends")


kr.main(main, sys.modules[__name__])
