#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""convert: the codecs alone, without a data directory, in constant memory."""
import csv
import io
import json
import os
import subprocess
import sys

import kr
import reports


def main(t):
    base = kr.temp()

    def file(name, content):
        path = os.path.join(base, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def convert(*args, **more):
        r = kr.run("convert", *args, **more)
        t.same(r.status, 0, f"convert {' '.join(str(a) for a in args[:4])}", r)
        return r

    mapping = file("m.json", reports.mapping())
    path = file(reports.name(1), reports.sinkhole(200))
    r = convert("--from", "shadowserver", "--to", "idf", "--mapping", mapping, path)
    rows = r.rows()
    t.same(len(rows), 200, "every row becomes an event")
    first = rows[0]
    for key, want in {
        "source.ip": "198.18.0.0",
        "source.port": 1024,
        "source.asn": 64496,
        "time.source": "2026-11-20T00:00:00+00:00",
        "classification.type": "infected-system",
        "classification.taxonomy": "malicious-code",
        "malware.name": "andromeda",
        "destination.url": "http://c2-0.example.com/gate0.php",
        "extra.user_agent": 'Agent "quoted", with comma',
        "severity": "high",
    }.items():
        got = first.get(key, first.get("extra." + key))
        t.same(got, want, f"{key} is right")
    t.ok(not any(v in ("", None) for row in rows for v in row.values()), "empty columns are absent")

    again = convert("--from", "idf", "--to", "idf", "-", stdin=r.out.encode()).rows()
    t.ok(again == rows, "idf to idf changes nothing", first, again[:1])
    text = convert("--from", "idf", "--to", "csv", stdin=r.out.encode()).out
    t.same(len(list(csv.reader(io.StringIO(text)))), 201, "to CSV: a header and every row")
    lines = convert("--from", "idf", "--to", "json", stdin=r.out.encode()).out
    t.same(len([json.loads(x) for x in lines.split("\n") if x]), 200, "to JSON lines")

    evil = json.dumps({"source.ip": "192.0.2.1", "classification.type": "scanner", "comment": "=cmd|'/c calc'!A1"})
    text = convert("--from", "idf", "--to", "csv", stdin=evil.encode()).out
    cells = [c for row in csv.reader(io.StringIO(text)) for c in row]
    t.ok(not any(c.startswith(("=", "+", "@", "\t")) for c in cells), "CSV has no formula", text)

    array = json.dumps([json.loads(x) for x in reports.idf(20).decode().split("\n") if x], indent=2)
    t.same(len(convert("--from", "idf", "--to", "idf", stdin=array.encode()).rows()), 20, "an array is read as lines are")
    legacy = '{"source.ip": "192.0.2.7", "classification.type": "c&c", "tlp": "TLP:YELLOW"}'
    event = convert("--from", "idf", "--to", "idf", stdin=legacy.encode()).rows()[0]
    t.same((event["classification.type"], event["tlp"]), ("c2-server", "AMBER"), "legacy spellings are accepted")
    unknown = '{"source.ip": "192.0.2.7", "classification.type": "scanner", "some.key": "v"}'
    event = convert("--from", "idf", "--to", "idf", stdin=unknown.encode()).rows()[0]
    t.same(event.get("extra.some.key"), "v", "an unknown key goes to extra")

    plain = "# a list\n192.0.2.1\nhxxp://bad[.]example[.]org/x\n\n198.51.100.0/24 ; comment\nexample[.]com\n"
    rows = convert("--from", "list", "--to", "idf", stdin=plain.encode()).rows()
    text = json.dumps(rows)
    t.same(len(rows), 4, "a plain list: comments and empty lines are passed over")
    for part in ("192.0.2.1", "http://bad.example.org/x", "198.51.100.0/24", "example.com"):
        t.ok(part in text, f"it holds {part}", text)

    sample = lambda name: os.path.join(kr.SOURCE, "samples", name)
    who = "Example CSIRT <csirt@example.org>"
    for name, events in (("abuse.xarf.jsonl", 4), ("events.n6.jsonl", 3), ("alerts.idea.jsonl", 5)):
        rows = convert(sample(name)).rows()
        t.same(len(rows), events, f"{name}: the format is seen, what is broken is left out")
        for to in ("xarf", "n6", "idea"):
            text = convert("--to", to, "--reporter", who, sample(name)).out
            t.ok(convert(stdin=text.encode()).rows() == rows, f"{name}: through {to} and back", text[:300])
            plain = convert("--plain", "--to", to, "--reporter", who, sample(name))
            t.ok("_karaula" not in plain.out, "--plain leaves our own member out", plain.out[:300])
            t.same(len(convert(stdin=plain.out.encode()).rows()), events, f"plain {to} is read too")
    r = kr.run("convert", "--to", "xarf", sample("events.n6.jsonl"), dir=base)
    t.ok(r.status > 0 and "--reporter" in r.err and "[reporter]" in r.err, "XARF without a reporter says how", r)
    r = kr.run("convert", "--to", "xarf", "--reporter", "csirt@example.org", sample("events.n6.jsonl"))
    t.ok(r.status > 0 and "Example CSIRT <" in r.err, "a reporter in another form is told", r)
    file("karaula.conf", 'reporter {\n  org = "Other CSIRT"\n  contact = "other@example.net"\n  domain = "example.net"\n}\n')
    r = kr.run("convert", "--to", "xarf", sample("events.n6.jsonl"), dir=base)
    t.same(r.rows()[0]["reporter"], {"org": "Other CSIRT", "contact": "other@example.net", "domain": "example.net"},
           "the reporter of the configuration")

    r = kr.run("convert", "--from", "nonsense", "--to", "idf", stdin=b"")
    t.ok(r.status > 0 and "nonsense" in r.err, "an unknown format is an error", r)
    r = kr.run("convert", "--from", "shadowserver", "--to", "idf", path)
    t.ok(r.status > 0 and "mapping" in r.err.lower(), "shadowserver without --mapping is an error that says so", r)

    with subprocess.Popen(
        [kr.PROGRAM, "convert", "--from", "idf", "--to", "idf", file("many.jsonl", reports.idf(30000))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        child.stdout.readline()
        child.stdout.close()
        said = child.stderr.read().decode()
    t.same(said, "", "a reader who stops early, as head does, is no error worth words")

    if kr.sanitized():
        t.skip("constant memory", "sanitizers use memory of their own")
    else:
        small = convert("--from", "shadowserver", "--to", "idf", "--mapping", mapping, path)
        big = os.path.join(base, reports.name(2))
        reports.big_sinkhole(big, 150000)
        large = convert("--from", "shadowserver", "--to", "idf", "--mapping", mapping, big)
        t.same(large.out.count("\n"), 150000, "150,000 rows")
        t.ok(
            large.rss < small.rss + (24 << 20),
            f"memory does not grow with the input: {small.rss >> 20} and {large.rss >> 20} MiB",
        )
        t.note(f"convert: {large.cpu / 0.15:.2f} us CPU a row")


kr.main(main, sys.modules[__name__])
