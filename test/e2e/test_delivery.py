#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Owners are told: from a stored event to a message, once, under its label, and with an answer that counts."""
import csv
import http.client
import io
import json
import random
import re
import subprocess
import sys
import time
import urllib.parse

import kr

NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
CONSTITUENTS = """name,title,sector,country,contact,language,note,prefixes,asns,domains,countries
bank-a,Bank A,banking,RS,"soc@bank.example night@bank.example",en,,198.51.100.0/24,,,
org-b,Organisation B,,RS,,,,203.0.113.0/24,,,
org-c,Organisation C,,RS,,,,192.0.2.0/24,,,
"""


def event(ip, **more):
    return {"time.source": NOW, "source.ip": ip, "classification.type": "infected-system", **more}


def lines(*events):
    return "".join(json.dumps(e) + "\n" for e in events)


def dry(d, *args):
    return d.json("delivery", "run", "--dry-run", *args)


def told(d, address):
    """(rows told, rows withheld by what) of a recipient in a dry run."""
    rows = [r for r in dry(d) if r["address"] == address]
    return (
        sum(int(r["rows"]) for r in rows if r["outcome"] == "told"),
        {r["decided_by"]: int(r["rows"]) for r in rows if r["outcome"] == "withheld"},
    )


def recipient(d, address):
    return [r for r in d.json("recipient", "list") if r["address"] == address][0]


def recipients(t, d):
    path = d.file("constituents.csv", CONSTITUENTS)
    r = d.must("constituent", "import", path)
    t.has(r.err, "recipients of the register: 2 new", "import says how many")
    got = sorted(r["address"] for r in d.json("recipient", "list"))
    t.same(got, ["night@bank.example", "soc@bank.example"], "the contact column makes recipients")
    r = d.must("constituent", "import", path)
    t.ok("recipients of the register" not in r.err, "the same file changes none", r.err)
    night = recipient(d, "night@bank.example")["id"]
    d.must("recipient", "remove", night)
    d.must("constituent", "import", path)
    t.same(len(d.json("recipient", "list")), 1, "one that a person removed stays removed")
    r = d.run("recipient", "add", "bank-a", "soc@bank.example\nBcc: x@example.org")
    t.ok(r.status == 2, "a new line in an address is refused", r)
    for args, part in (
        (["--classes", "intrusion=now"], "class"),
        (["--classes", "intrusions=soon"], "when"),
        (["--zone", "Europe/Nowhere"], "zoneinfo"),
        (["--zone", "../../etc/passwd"], "zone"),
        (["--hour", "24"], "hour"),
        (["--quiet", "22:00"], "quiet"),
        (["--by", "fax"], "webhook"),
        (["--format", "pdf"], "xarf"),
        (["--muted", "soon"], "mute"),
    ):
        r = d.run("recipient", "add", "bank-a", "other@bank.example", *args)
        t.ok(r.status in (2, 3) and part in (r.out + r.err), f"{' '.join(args)} is refused with a remedy", r)
    r = d.run("recipient", "add", "nobody", "x@example.org")
    t.ok(r.status == 3 and "nobody" in r.err, "a constituent that is not there", r)


def dry_run(t, d):
    path = d.file(
        "a.jsonl",
        lines(
            event("198.51.100.1"),
            event("198.51.100.2", tlp="AMBER+STRICT"),
            event("198.51.100.3", **{"classification.type": "scanner"}),
            event("198.51.100.4", **{"time.source": "2020-01-01T00:00:00Z"}),
            event("203.0.113.1"),
            event("192.0.2.1"),
            event("233.252.0.1"),
        ),
    )
    d.must("take", "--source", "feed", path)
    r = d.must("delivery", "run", "--dry-run")
    t.same(r.out.count("soc@bank.example"), 3, "told, label, old: a line each", r)
    t.has(r.err, "nobody to tell: 2 rows of 2 constituents", "who has nobody is said")
    t.has(r.err, "nobody owns 1 rows", "and what nobody owns")
    t.has(r.err, "mail is off", "and that mail is off")
    t.has(r.out, "prefix 198.51.100.0/24", "the rule of the register")
    t.has(r.out, "*=daily", "the wish that decided")
    t.same(told(d, "soc@bank.example"), (2, {"label": 1, "old": 1}), "stricter than AMBER and too old are withheld")
    t.same(d.json("delivery", "list"), [], "nothing was packed")
    t.same(d.must("delivery", "run", "--dry-run", "--csv").out, d.must("delivery", "run", "--dry-run", "--csv").out,
           "again it says the same")
    rows = dry(d, "--rows")
    t.same(len(rows), 4, "--rows shows each")
    d.must("delivery", "run")
    t.same(told(d, "soc@bank.example")[0], 2, "after run they wait: mail is off")
    t.same(d.json("delivery", "list"), [], "still nothing is packed")
    r = d.must("delivery", "show", "--waiting", recipient(d, "soc@bank.example")["id"])
    t.has(r.out, "[TLP:AMBER] 2 events for bank-a", "the message can be seen")
    t.ok("198.51.100.2" not in r.out, "without what its label forbids", r)


def suppress(t, d):
    address = "soc@bank.example"
    r = d.run("suppression", "add", "ip:198.51.100.1")
    t.ok(r.status == 2 and "reason" in r.err, "a rule needs a reason", r)
    r = d.run("suppression", "add", "colour:red", "--reason", "x")
    t.ok(r.status == 2 and "colour" in r.err, "an unknown field is refused", r)
    d.must("suppression", "add", "ip:198.51.100.1", "--reason", "our own sensor", "--expires", "30d")
    rule = d.json("suppression", "list")[0]
    t.ok(rule["reason"] == "our own sensor" and rule["by"] == "local" and rule["expires"], "it is kept", rule)
    t.same(told(d, address), (1, {f"suppressed {rule['id']}": 1}), "what waits is looked at again")
    d.must("suppression", "remove", rule["id"])
    t.same(told(d, address)[0], 2, "without the rule it is told")


def answer(t, d):
    address = "soc@bank.example"
    id_ = [e["id"] for e in d.json("event", "list", "ip:198.51.100.3")][0]
    r = d.run("feedback", "add", id_, "perhaps")
    t.ok(r.status == 2 and "not-mine" in r.err, "an answer that does not exist", r)
    r = d.run("feedback", "add", id_, "fixed", "--constituent", "org-b")
    t.ok(r.status == 7, "who does not own it cannot answer", r)
    d.must("feedback", "add", id_, "false-positive", "--note", "their\nscanner")
    said = d.json("feedback", "list")[0]
    t.ok(said["event"] == id_ and said["note"] == "their scanner" and said["expires"], "it is kept", said)
    t.same(told(d, address), (1, {f"feedback {said['id']}": 1}), "it stops what waits")
    d.must("feedback", "revoke", said["id"])
    t.same(told(d, address)[0], 2, "revoked, it is told")
    d.must("feedback", "add", id_, "fixed")
    t.same(told(d, address)[0], 1, "fixed stops what was seen before the answer")


def once(t, d):
    """Each key and day once, whatever is taken again."""
    d.must("recipient", "add", "bank-a", "--by", "pull", "--classes", "*=now")
    d.set("delivery", "gather", "0")
    path = d.file("b.jsonl", lines(*(event(f"198.51.100.{n}") for n in range(10, 60))))
    d.must("take", "--source", "feed", path)
    d.must("delivery", "run")
    sent = d.json("delivery", "list")
    t.ok(len(sent) == 1 and int(sent[0]["rows"]) == 50 and sent[0]["state"] == "queued", "one delivery of 50 rows", sent)
    shown = d.must("delivery", "show", sent[0]["id"])
    t.has(shown.out, "50 events for bank-a", "it is shown")
    t.same(d.json("delivery", "show", sent[0]["id"])[0]["rows"], 50, "as JSON too")
    table = list(csv.reader(io.StringIO(d.must("delivery", "show", sent[0]["id"], "--table").out)))
    t.ok(len(table) == 51 and table[0][0] == "time.source", "its table has a row each", table[:2])
    d.must("take", "--source", "feed", path)
    report = max(int(r["id"]) for r in d.json("report", "list"))
    d.must("take", "--again", report)
    d.file("c.jsonl", lines(*(event(f"198.51.100.{n}") for n in range(10, 60)), event("198.51.100.60")))
    d.must("take", "--source", "feed", f"{d.base}/c.jsonl")
    d.must("delivery", "run")
    all_ = d.json("delivery", "list")
    t.same([int(x["rows"]) for x in all_], [1, 50], "taken again, only what is new is told")
    again = d.must("delivery", "show", sent[0]["id"])
    t.has(again.out, "50 events for bank-a", "the first is shown as before, though its rows moved")
    r = d.must("delivery", "drop", all_[0]["id"], "--reason", "told by telephone")
    t.same(d.json("delivery", "list")[0]["reason"], "told by telephone", "dropped, with the reason")
    d.must("delivery", "retry", all_[0]["id"])
    r = d.run("delivery", "retry", all_[0]["id"])
    t.ok(r.status == 2 and "queued" in r.err, "what is queued cannot be repeated", r)
    r = d.run("delivery", "show", "999999")
    t.ok(r.status == 3, "one that is not there", r)
    r = d.must("audit", "list")
    for action in ("recipient.add", "suppression.add", "feedback.add", "feedback.revoke", "delivery.drop", "delivery.retry"):
        t.has(r.out, action, f"the audit log knows {action}")


def hostile(t, d):
    evil = event(
        "198.51.100.77",
        **{
            "malware.name": "=cmd|'/c calc'!a0",
            "source.account": "@sum(1)",
            "event_description.text": "a\u202eb",
            "extra.note": "x\r\nBcc: y",
            "classification.identifier": '-1+1";,',
        },
    )
    d.must("take", "--source", "feed", d.file("evil.jsonl", lines(evil)))
    d.must("delivery", "run")
    id_ = d.json("delivery", "list")[0]["id"]
    rows = list(csv.DictReader(io.StringIO(d.must("delivery", "show", id_, "--table").out)))
    t.same(rows[0]["malware.name"], "'=cmd|'/c calc'!a0", "a formula becomes text")
    t.ok(not any(v and v[0] in "=+-@\t\r" for r in rows for v in r.values()), "no cell begins like a formula", rows)
    shown = d.json("delivery", "show", id_)[0]
    t.ok("\n" not in shown["subject"] and "\r" not in shown["subject"] + shown["text"], "no line is forged", shown["subject"])
    t.ok("\u202e" not in shown["subject"] + shown["text"] + shown["table"], "no text is turned")


def post(node, path, fields):
    c = http.client.HTTPConnection("127.0.0.1", node.d.port, timeout=20)
    try:
        c.request("POST", path, urllib.parse.urlencode(fields),
                  {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{node.d.port}"})
        r = c.getresponse()
        return r.status, r.getheader("Location"), r.read().decode()
    finally:
        c.close()


def link(t, d):
    """The link of a message: a form that anybody with the link may answer, and nobody else."""
    d.set("http", "public_url", f"http://127.0.0.1:{d.port}")
    id_ = [x["id"] for x in d.json("delivery", "list") if int(x["rows"]) == 50][0]
    text = d.json("delivery", "show", id_)[0]["text"]
    path = re.search(r"http://127\.0\.0\.1:\d+(/feedback/[A-Za-z0-9_-]+)", text).group(1)
    before = len(d.json("feedback", "list"))
    node = d.serve()
    status, _, page = node.get(path)
    t.ok(status == 200 and "198.51.100.10" in page and "<form" in page, "the link shows a form without login", status, page[:500])
    t.ok("feed" not in re.sub(r"feedback", "", page.split("<main", 1)[-1]), "it does not say where it came from")
    t.same(len(d.json("feedback", "list")), before, "looking notes nothing")
    status, _, page2 = node.get(path + "?lang=en")
    t.same(status, 200, "scanners may look as often as they want")
    names = re.findall(r'name="(v-[a-z0-9-]+)"', page)
    t.same(len(names), 50, "a choice for each row")
    status, where, _ = post(node, path, {names[0]: "not-mine", names[1]: "fixed", "note": "seen\r\nto", "all": ""})
    t.ok(status == 303 and where.startswith(path), "an answer is taken", status, where)
    said = d.json("feedback", "list")
    t.same(len(said), before + 2, "two answers are noted")
    t.ok(said[0]["way"] == "link" and said[0]["note"] == "seen  to", "with the way they came", said[0])
    status, where, _ = post(node, path, {names[0]: "not-mine", "note": "seen\r\nto"})
    t.same(len(d.json("feedback", "list")), before + 2, "the same answer again is not noted twice")
    status, where, _ = post(node, path, {"all": "false-positive"})
    t.ok(status == 303 and "done=50" in where, "one answer for all", where)
    t.has(node.get(where)[2], "50 answers are noted", "and it says thank you")
    for bad, what in (
        (path[:-1] + ("A" if path[-1] != "A" else "B"), "a forged link"),
        (path[:-4], "a cut link"),
        ("/feedback/AAAA", "no link"),
        (path + "A" * 3000, "a very long one"),
    ):
        t.ok(node.get(bad)[0] in (403, 404, 414), what, node.get(bad)[0])
        t.ok(post(node, bad, {"all": "fixed"})[0] in (403, 404, 414), f"{what} takes no answer")
    t.same(post(node, path, {"all": "perhaps"})[0], 400, "an answer that was not offered")
    t.same(post(node, path, {"v-20991231-standard-1-1": "fixed"})[0], 400, "a row by its plain number")
    other = [x["id"] for x in d.json("delivery", "list") if int(x["rows"]) == 1][0]
    name = next(csv.DictReader(io.StringIO(d.json("delivery", "show", other)[0]["table"])))["event"]
    t.same(post(node, path, {f"v-{name}": "fixed"})[0], 403, "a row of another message")
    owner = [r["id"] for r in d.json("recipient", "list") if r["sink"] == "pull"][0]
    d.must("recipient", "remove", owner)
    t.ok(node.get(path)[0] in (403, 410, 503), "the link ends with its recipient", node.get(path)[0])
    t.same(node.stop(), 0, "the node stops")


def killed(t):
    """Killed at any moment of deciding and packing, each row is told once."""
    d = kr.Dir(fast=True)
    n = 20000
    d.must("constituent", "import", d.file("c.csv", CONSTITUENTS))
    d.set("delivery", "gather", "0")
    d.set("delivery", "rows_max", "3000")
    d.must("recipient", "add", "bank-a", "--by", "pull", "--classes", "*=now")
    rows = (event(f"198.51.100.{i & 255}", **{"source.port": i, "classification.type": "vulnerable-system"}) for i in range(n))
    d.must("take", "--source", "feed", d.file("k.jsonl", lines(*rows)))
    pick = random.Random(t.seed)
    stopped = 0
    for i in range(12):
        child = subprocess.Popen([kr.PROGRAM, "-C", d.path, "delivery", "run", "--quiet"], stderr=subprocess.DEVNULL)
        try:  # a quick machine needs a tenth of a second for all of it
            child.wait(pick.uniform(0.005, 0.02 * (i + 1)))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            stopped += 1
    t.ok(stopped > 0, f"{stopped} of 12 runs were killed")
    d.must("delivery", "run")
    told_ = 0
    seen = set()
    for x in d.json("delivery", "list", "--limit", "0"):
        table = csv.DictReader(io.StringIO(d.must("delivery", "show", x["id"], "--table").out))
        for row in table:
            told_ += 1
            seen.add((row["source.ip"], row["source.port"]))
    t.same((told_, len(seen)), (n, n), "each row is in one message")
    t.same(d.must("doctor", "store").status, 0, "the store is sound")


def many(t):
    """10^5 recipients (fewer under sanitizers, which say nothing about time)."""
    n = 10**4 if kr.sanitized() else 10**5
    d = kr.Dir(fast=True)
    text = ["name,title,sector,country,contact,language,note,prefixes,asns,domains,countries\n"]
    for i in range(n):
        text.append(f"c{i},,,RS,soc{i}@example.org,,,10.{i >> 16}.{i >> 8 & 255}.{i & 255}/32,,,\n")
    r = d.must("constituent", "import", d.file("c.csv", "".join(text)), timeout=300)
    t.has(r.err, f"{n} new", f"{n} recipients")
    t.note(f"import {r.cpu:.1f} s")
    d.must("take", "--source", "feed", d.file("e.jsonl", lines(*(event(f"10.0.{i}.7") for i in range(30)))))
    r = d.must("delivery", "run", "--dry-run", "--json")
    t.same(sum(int(x["rows"]) for x in r.rows()), 30, "a row each")
    t.note(f"dry run {r.cpu:.2f} s, {r.rss >> 20} MB")
    if not kr.sanitized():
        t.ok(r.rss < 400 << 20, "in bounded memory", r.rss)
    r = d.must("delivery", "run")
    t.note(f"run {r.cpu:.2f} s")
    t.has(r.err, "30 wait", "all wait for their hour")


def main(t):
    d = kr.Dir(fast=True)
    recipients(t, d)
    dry_run(t, d)
    suppress(t, d)
    answer(t, d)
    once(t, d)
    hostile(t, d)
    link(t, d)
    killed(t)
    many(t)


kr.main(main, sys.modules[__name__])
