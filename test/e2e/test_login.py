#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Coming in, over real sockets: one-time link, password, sessions, keys, forged requests, TLS, slow clients, large bodies."""
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time

import kr

METHODS = ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO")


def csrf(text):
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    return found.group(1) if found else ""


def cookie_of(headers):
    return headers.get("set-cookie", "").split(";")[0]


def first(t, d, s):
    """Before anybody has a password."""
    status, headers, _ = s.ask("/events?q=type:phishing")
    t.same((status, headers.get("location")), (303, "/login?next=%2Fevents%3Fq%3Dtype%253Aphishing"), "a page leads to the login")
    status, _, text = s.ask("/login")
    t.ok(status == 200 and "secrets/admin-link" in text and "karaula user link admin" in text, "which says how the first comes in", text)
    path = os.path.join(d.path, "secrets", "admin-link")
    t.same(os.stat(path).st_mode & 0o777, 0o600, "the link is for the owner of the directory")
    with open(path, encoding="ascii") as f:
        page = "/login/link/" + f.read().strip().rsplit("/", 1)[1]
    for _ in range(3):
        status, headers, text = s.ask(page)
    t.ok(status == 200 and "set-cookie" not in headers, "looking at the link uses nothing up", text)
    t.same(s.ask(page, "HEAD")[0], 200, "nor does HEAD")
    for fields, what in (
        ({"password": "short", "again": "short"}, "a short password"),
        ({"password": "a long sentence 1", "again": "a long sentence 2"}, "two different ones"),
        ({"password": "a long sentence 1"}, "one only"),
        ({}, "none"),
    ):
        status, headers, text = s.post(page, fields)
        t.ok(status == 400 and 'role="alert"' in text and "set-cookie" not in headers, f"{what} is refused", status, text)
    t.same(s.post(page, {"password": "a long sentence", "again": "a long sentence"}, {"Origin": "http://example.org"})[0], 403, "another site cannot use it")
    status, headers, _ = s.post(page, {"password": "a long sentence", "again": "a long sentence"})
    t.same((status, headers.get("location")), (303, "/"), "the right ones log in")
    attributes = headers["set-cookie"].split("; ")[1:]
    t.ok("HttpOnly" in attributes and "SameSite=Lax" in attributes and "Path=/" in attributes, "with a cookie that pages cannot read", attributes)
    t.same(s.post(page, {"password": "another sentence", "again": "another sentence"})[0], 404, "the link works once")
    t.ok(not os.path.exists(path), "and its file is gone")
    d.password = "a long sentence"
    return cookie_of(headers)


def words(t, s):
    """The same answer whatever was wrong, and in about the same time."""
    said = {}
    for name, password in (("admin", "wrong"), ("nobody", "wrong"), ("", ""), ("admin\0", "x"), ("a" * 150, "y" * 1000)):
        status, headers, text = s.post("/login", {"name": name, "password": password})
        t.ok(status in (400, 403) and "set-cookie" not in headers, f"{name[:10]!r} does not come in", status)
        if status == 403:
            said[name[:10]] = re.search(r'role="alert">(.*?)</div>', text, re.S).group(1)
    t.same(len(set(said.values())), 1, "a wrong name and a wrong password are told alike", said)
    for where, want in (
        ("/events?q=a", "/events?q=a"),
        ("//example.org/", "/"),
        ("http://example.org/", "/"),
        ("/\\example.org", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("javascript:alert(1)", "/"),
    ):
        status, headers, _ = s.post("/login", {"name": "admin", "password": s.d.password, "next": where})
        t.same((status, headers.get("location")), (303, want), f"next={where!r} leads to {want}")
    t.same(s.ask("/login", "POST", {"Content-Type": "application/json"}, "{}")[0], 415, "JSON is no form")


def limits(t, d, s):
    """So many wrong passwords: even the right one must wait, and only for that name."""
    d.must("user", "add", "victim", "--role", "viewer")
    statuses = []
    for _ in range(6):
        status, headers, text = s.post("/login", {"name": "victim", "password": "wrong"})
        statuses.append(status)
    t.ok(statuses[0] == 403 and statuses[-1] == 429, "guessing is stopped with 429", statuses)
    t.ok(int(headers.get("retry-after", "0")) > 0 and "try again" in text, "which says when to try again", headers)
    t.ok(s.until("login refused"), "the log has a trace", s.log()[-500:])
    t.ok("wrong" not in s.log(), "without what was typed")
    t.ok(any("login" in str(row) for row in d.json("audit", "list")), "the audit log too")


def forged(t, s, cookie):
    status, _, text = s.ask("/account", headers={"Cookie": cookie})
    token = csrf(text)
    t.ok(status == 200 and token, "the page of one's own account", status)
    form = {"csrf": token, "session": "others"}
    ours = {"Cookie": cookie}
    t.same(s.post("/account/sessions", form, {**ours, "Origin": "http://example.org"})[0], 403, "a form from another site")
    t.same(s.post("/account/sessions", form, {**ours, "Origin": "null"})[0], 403, "one that hides where it is from")
    t.same(s.post("/account/sessions", form, {**ours, "Sec-Fetch-Site": "cross-site"})[0], 403, "one that the browser calls foreign")
    t.same(s.post("/account/sessions", {**form, "csrf": ""}, ours)[0], 403, "one without the token")
    t.same(s.post("/account/sessions", {**form, "csrf": "A" * 43}, ours)[0], 403, "one with a made-up token")
    t.same(s.post("/account/sessions", form, ours)[0], 303, "and one that is right")
    name, value = cookie.split("=", 1)
    for bad in ("", "A" * 43, value[:-1], value + "A", value[:-1] + ("A" if value[-1] != "A" else "B"), "' or 1=1 --", "%00", "\u0161".encode().decode("latin-1")):
        t.same(s.ask("/account", headers={"Cookie": f"{name}={bad}"})[0], 303, f"the cookie {bad[:12]!r} is nobody's")
    t.same(s.ask("/account", headers={"Cookie": f"{cookie}; {name}={'A' * 43}"})[0], 303, "nor are two at once")


def sessions(t, d, s):
    a, b, c = s.login(), s.login(), s.login()
    status, _, text = s.ask("/account", headers={"Cookie": a, "User-Agent": "<b>hostile</b>"})
    t.ok(status == 200 and text.count('name="session"') >= 3, "all sessions are listed", text)
    t.same(s.post("/logout", {"csrf": csrf(text)}, {"Cookie": b})[0], 403, "the token of one session is not good in another")
    t.same(s.post("/logout", {"csrf": csrf(text)}, {"Cookie": a})[0], 303, "logging out")
    t.same(s.ask("/account", headers={"Cookie": a})[0], 303, "ends the session")
    t.same(s.ask("/account", headers={"Cookie": b})[0], 200, "and no other")
    text = s.ask("/account", headers={"Cookie": b})[2]
    t.same(s.post("/account/sessions", {"csrf": csrf(text), "session": "others"}, {"Cookie": b})[0], 303, "all others are ended")
    t.same(s.ask("/events", headers={"Cookie": c})[0], 303, "a session ended elsewhere is nobody's at once")
    d.must("user", "end", "admin")
    t.same(s.ask("/events", headers={"Cookie": b})[0], 303, "so is one that a command ended")
    e = s.login()
    text = s.ask("/account", headers={"Cookie": e})[2]
    form = {"csrf": csrf(text), "old": "wrong", "password": "a new long sentence", "again": "a new long sentence"}
    t.same(s.post("/account/password", form, {"Cookie": e})[0], 403, "the old password must be right")
    form["old"] = d.password
    t.same(s.post("/account/password", form, {"Cookie": e})[0], 303, "the password is changed")
    t.same(s.post("/login", {"name": "admin", "password": d.password})[0], 403, "the old one is none any more")
    d.password = "a new long sentence"
    return e


def people(t, d, s, cookie):
    """A user that is added, sees only what the role may, and is disabled."""
    me = {"Cookie": cookie}
    token = csrf(s.ask("/users", headers=me)[2])
    fields = {"csrf": token, "name": "hospital", "role": "operator", "constituent": "nobody", "title": "<script>alert(1)</script>"}
    status, _, text = s.post("/users", fields, me)
    t.ok(status >= 400 and "nobody" in text and "<script>" not in text, "a constituent that there is not", status)
    status, _, text = s.post("/users", {**fields, "constituent": "example-hospital"}, me)
    link = re.search(r"/login/link/([\w-]{43})", text)
    t.ok(status == 200 and link and "<script>" not in text, "a user is added, and the link shown", text)
    page = link.group(0)
    t.ok(link.group(1) not in s.ask("/users", headers=me)[2], "once")
    status, headers, _ = s.post(page, {"password": "of the hospital", "again": "of the hospital"})
    theirs = {"Cookie": cookie_of(headers)}
    status, _, text = s.ask("/", headers=theirs)
    t.ok(status == 200 and "/reports" not in text and "/users" not in text and "/constituents" not in text, "the navigation has what the role may see", text)
    for path in ("/reports", "/reports/1", "/constituents", "/constituents/example-bank", "/sources", "/sources/feed", "/users", "/users/admin", "/metrics"):
        status, _, text = s.ask(path, headers=theirs)
        t.ok(status in (403, 404) and "203.0.113" not in text, f"{path} is not for them", status)
    mine = s.ask("/events.csv", headers=theirs)[2]
    t.ok("198.51.100.130" in mine and "203.0.113.9" not in mine, "they see their own events and no others", mine)
    t.ok("feed" not in mine.split("\n", 1)[1], "and not where these came from", mine)
    event = re.search(r"/events/([\w-]+)", s.ask("/events", headers=theirs)[2])
    t.same(s.ask(event.group(0), headers=theirs)[0], 200, "each has a page")
    foreign = re.search(r'href="(/events/[\w-]+)"', s.ask("/events?q=ip:203.0.113.9", headers=me)[2])
    t.ok(s.ask(foreign.group(1), headers=theirs)[0] == 404, "that of another's event is not there")
    t.same(s.ask("/events?q=source:feed", headers=theirs)[0], 400, "a hidden field is unknown")
    token = csrf(s.ask("/users/hospital", headers=me)[2])
    t.same(s.post("/users/hospital/enable", {"csrf": token, "enable": "no"}, me)[0], 303, "the user is disabled")
    t.same(s.ask("/", headers=theirs)[0], 303, "and out at once")
    t.same(s.post("/login", {"name": "hospital", "password": "of the hospital"})[0], 403, "for good")
    status, _, text = s.post("/users/admin/enable", {"csrf": token, "enable": "no"}, me)
    t.ok(status == 403 and 'role="alert"' in text, "the last administrator stays", status)


def keys(t, d, s, cookie):
    me = {"Cookie": cookie}
    token = csrf(s.ask("/account", headers=me)[2])
    status, _, text = s.post("/account/keys", {"csrf": token, "name": "<i>prometheus</i>", "rights": "node"}, me)
    key = re.search(r"kr_\d+_[\w-]{43}", text)
    t.ok(status == 200 and key and "<i>" not in text, "a key is made, and shown", text)
    t.ok(key.group(0) not in s.ask("/account", headers=me)[2], "once")
    bearer = {"Authorization": f"Bearer {key.group(0)}"}
    t.same(s.ask("/metrics", headers=bearer)[0], 200, "it reads /metrics")
    t.same(s.ask("/events", headers=bearer)[0], 403, "and nothing that it has no right for")
    for bad in (key.group(0)[:-1], "kr_1_" + "A" * 43, "", "kr_99999999999999999999_" + "A" * 43):
        status, headers, _ = s.ask("/metrics", headers={"Authorization": f"Bearer {bad}"})
        t.ok(status == 401 and "Bearer" in headers.get("www-authenticate", ""), f"{bad[:14]!r} is told 401", status)
    t.same(s.ask("/metrics", headers={**me, "Authorization": "Bearer x"})[0], 401, "a wrong key is not mended by a cookie")
    number = key.group(0).split("_")[1]
    t.same(s.post("/account/keys/revoke", {"csrf": token, "key": number}, me)[0], 303, "it is revoked")
    t.same(s.ask("/metrics", headers=bearer)[0], 401, "and works no more")
    t.same(s.ask("/healthz")[0], 200, "/healthz is for everybody")
    t.same(s.ask("/metrics")[0], 303, "/metrics is not")


def methods(t, s):
    paths = ("/", "/events", "/events.csv", "/login", "/account", "/users", "/healthz", "/logout", "/nothing")
    for path in paths:
        got = {m: s.ask(path, m, {"Content-Length": "0"})[0] for m in METHODS}
        t.ok(all(v in (200, 303, 401, 403, 404, 405, 415) for v in got.values()), f"{path}: every method has an answer", got)
        t.ok(got["PUT"] in (404, 405) and got["FOO"] in (404, 405) and got["OPTIONS"] in (404, 405), "... and what it has not is refused", got)


def answer(c, seconds=10):
    """What comes until the other side closes."""
    c.settimeout(seconds)
    got = b""
    try:
        while part := c.recv(65536):
            got += part
    except (TimeoutError, ConnectionError):
        pass
    return got.decode("latin-1")


def large(t, d, s):
    host = f"Host: 127.0.0.1:{d.port}\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\n"
    for what, head in (
        ("a body of 1 GB", f"POST /login HTTP/1.1\r\n{host}{form}Content-Length: 1000000000\r\n\r\n"),
        ("one that waits to be asked for", f"POST /login HTTP/1.1\r\n{host}{form}Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n"),
        ("one without an end", f"POST /login HTTP/1.1\r\n{host}{form}Transfer-Encoding: chunked\r\n\r\n"),
    ):
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", d.port), 10) as c:
            c.sendall(head.encode())
            sent = 0
            try:
                while "Expect" not in head and sent < 1 << 30 and time.monotonic() - began < 10:
                    sent += c.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            except (ConnectionError, TimeoutError):
                pass
            got = answer(c)
        t.ok(got.startswith("HTTP/1.1 413") and "100 Continue" not in got, f"{what} is refused with 413", got[:200])
        t.ok(sent < 16 << 20 and time.monotonic() - began < 9, "... early", sent, time.monotonic() - began)


def slow(t, d):
    d.set("http", "header_time", "2s")
    d.set("http", "body_time", "2s")
    s = d.serve()
    host = f"Host: 127.0.0.1:{d.port}\r\n"
    clients = []
    for head in ("GET / HTTP/1.1\r\n", "", f"POST /login HTTP/1.1\r\n{host}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9000\r\n\r\n"):
        for _ in range(10):
            c = socket.create_connection(("127.0.0.1", d.port), 5)
            c.sendall(head.encode())
            clients.append(c)
    began, open_ = time.monotonic(), list(clients)
    while open_ and time.monotonic() - began < 10:
        for c in list(open_):
            try:
                c.sendall(b"a")
                c.setblocking(False)
                if c.recv(1) == b"":
                    open_.remove(c)
                c.setblocking(True)
            except BlockingIOError:
                c.setblocking(True)
            except ConnectionError:
                open_.remove(c)
        time.sleep(0.2)
    t.ok(not open_, f"30 clients that send a byte now and then are closed, after {time.monotonic() - began:.1f} s", len(open_))
    for c in clients:
        c.close()
    t.same(s.ask("/healthz")[0], 200, "the node goes on")
    t.same(s.stop(), 0, "and ends")


def certificate(d, name, *more):
    cert, key = (os.path.join(d.path, "secrets", f"{name}.{x}") for x in ("pem", "key"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert]
        + ["-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:node.example.org,IP:127.0.0.1", *more],
        check=True,
        capture_output=True,
    )
    os.chmod(key, 0o600)
    return cert, key


def tls_get(d, cert, path, host="node.example.org", version=None, **more):
    context = ssl.create_default_context(cafile=cert)
    if version:
        context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", d.port), 10) as raw, context.wrap_socket(raw, server_hostname="node.example.org") as c:
        c.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        r = http.client.HTTPResponse(c, **more)
        r.begin()
        return r.status, dict((k.lower(), v) for k, v in r.getheaders()), c.version()


def refused(t, d, says, what):
    s = kr.Serve(d, wait=False)
    try:
        status = s.child.wait(10)
    except subprocess.TimeoutExpired:
        status = None
        s.kill()
    t.ok(status == 2 and says in s.log(), what, s.log())


def tls(t):
    d = kr.Dir()
    cert, key = certificate(d, "one")
    d.listen("0.0.0.0")
    refused(t, d, "TLS", "0.0.0.0 without TLS is refused")
    d.set("http", "certificate", "secrets/one.pem")
    refused(t, d, "each other", "a certificate without its key too")
    d.set("http", "key", "secrets/one.key")
    refused(t, d, "http.host", "and one without the name that people type")
    d.set("http", "host", "node.example.org")
    _, other = certificate(d, "two")
    os.rename(key, key + ".kept")
    os.rename(other, key)
    refused(t, d, "another certificate", "and the key of another certificate")
    os.rename(key, other)
    os.rename(key + ".kept", key)
    os.chmod(key, 0o644)
    refused(t, d, "chmod 600", "and a key that everybody can read")
    os.chmod(key, 0o600)
    s = kr.Serve(d, wait=False)
    if not t.ok(s.until("node is ready"), "with all of them it listens on 0.0.0.0", s.log()):
        return
    t.has(s.log(), "https://node.example.org", "and says under which name")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        status, headers, spoken = tls_get(d, cert, "/login", version=version)
        t.same(status, 200, f"{spoken} is spoken")
    old = ssl.create_default_context(cafile=cert)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
    try:
        with socket.create_connection(("127.0.0.1", d.port), 10) as raw, old.wrap_socket(raw, server_hostname="node.example.org"):
            spoken = True
    except (ssl.SSLError, OSError):
        spoken = False
    t.ok(not spoken, "TLS 1.1 is not")
    t.same(tls_get(d, cert, "/login", host="example.org")[0], 421, "another name is refused")
    with socket.create_connection(("127.0.0.1", d.port), 5) as c:
        c.sendall(b"GET / HTTP/1.1\r\nHost: node.example.org\r\n\r\n")
        t.ok("200" not in answer(c, 3)[:20], "HTTP without TLS gets no page")
    link = d.admin_link()
    context = ssl.create_default_context(cafile=cert)
    context.check_hostname = False
    c = http.client.HTTPSConnection("127.0.0.1", d.port, context=context, timeout=10)
    form = {"Host": "node.example.org", "Content-Type": "application/x-www-form-urlencoded", "Origin": "https://node.example.org"}
    c.request("POST", "/login/link/" + link.rsplit("/", 1)[1], "password=a+long+sentence&again=a+long+sentence", form)
    r = c.getresponse()
    set_cookie = r.headers.get("Set-Cookie", "")
    t.ok(r.status == 303 and set_cookie.startswith("__Host-") and "Secure" in set_cookie, "the cookie is for TLS only", r.status, set_cookie)
    c.close()
    new, new_key = certificate(d, "three")
    os.replace(new, cert)
    os.replace(new_key, key)
    s.signal(signal.SIGHUP)
    t.ok(s.until("reloaded"), "SIGHUP", s.log())
    t.same(tls_get(d, cert, "/login")[0], 200, "brings the new certificate")
    with open(cert, "w", encoding="ascii") as f:
        f.write("nonsense\n")
    s.signal(signal.SIGHUP)
    t.ok(s.until("the certificate is wrong"), "a wrong one is told", s.log())
    t.same(s.child.poll(), None, "and the node goes on with the old one")
    t.same(s.stop(), 0, "SIGTERM ends it")


def main(t):
    d = kr.Dir()
    d.set("accounts", "failures_max", "3")
    d.must("constituent", "import", os.path.join(kr.SOURCE, "samples", "constituents.csv"))
    rows = [{"source.ip": a, "classification.type": "infected-system"} for a in ("198.51.100.130", "203.0.113.9")]
    d.must("take", "--source", "feed", d.file("a.jsonl", idf(rows)))
    s = d.serve()
    cookie = first(t, d, s)
    words(t, s)
    forged(t, s, cookie)
    cookie = sessions(t, d, s)
    people(t, d, s, cookie)
    keys(t, d, s, cookie)
    methods(t, s)
    large(t, d, s)
    limits(t, d, s)
    t.same(s.stop(), 0, "SIGTERM ends it")
    slow(t, d)
    tls(t)


def idf(rows):
    return "".join(json.dumps({"time.source": "2026-11-20T10:00:00+00:00", **row}) + "\n" for row in rows)


kr.main(main, sys.modules[__name__])
