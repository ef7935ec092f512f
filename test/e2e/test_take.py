#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The way of a report: init, take, list, count, show; taking twice; all the forms in which a file comes."""
import os
import sys

import kr
import reports


def first_steps(t):
    d = kr.Dir(init=False)
    r = d.bare("init", d.path, "--name", "examples-csirt", "--country", "AL")
    t.same(r.status, 0, "init makes a data directory", r)
    t.ok(os.path.exists(d.conf()), "with a configuration file")
    for name in ("main.db", "stats.db"):
        t.ok(os.path.exists(os.path.join(d.path, name)), f"and {name}")
    r = d.bare("init", d.path, "--name", "again", "--country", "AL")
    t.ok(r.status not in (0, -9), "init refuses a data directory that is there", r)
    t.has(r.err, "already", "and says why")
    r = d.run("config", "check")
    t.same(r.status, 0, "the configuration that init wrote is right", r)
    r = kr.run("event", "count", dir=os.path.join(d.base, "nowhere"))
    t.ok(r.status > 0, "a missing data directory is an error", r)
    t.has(r.err, "init", "that names the remedy")


def totals(rows, *names):
    return tuple(sum(r[n] for r in rows) for n in names)


def taking(t):
    d = kr.Dir()
    path = d.file("events.jsonl", reports.idf(100))
    rows = d.json("take", "--source", "feed-a", path)
    t.same(totals(rows, "read", "new", "aggregated", "refused"), (100, 100, 0, 0), "take says what it did")
    t.same(d.count(), 100, "event count ends with the bare number")
    t.same([s["name"] for s in d.json("source", "list")], ["feed-a"], "the unknown source was created")
    events = d.json("event", "list", "--limit", "5")
    t.same(len(events), 5, "event list --limit")
    shown = d.must("event", "show", events[0]["id"]).out
    t.has(shown, "feed-a", "event show names the source")
    t.has(shown, '"classification.type"', "and shows the raw line")
    t.same(d.count("type:phishing"), 25, "an expression counts")
    by = {r["value"]: r["rows"] for r in d.json("event", "count", "--by", "type")}
    t.same(by, {"phishing": 25, "scanner": 25, "c2-server": 25, "brute-force": 25}, "count --by type")

    before = d.events()
    rows = d.json("take", "--source", "feed-a", path)
    t.same(totals(rows, "new", "aggregated"), (0, 0), "the same report again brings nothing new")
    t.same(d.events(), before, "and changes no row and no count")

    extra = d.file("more.jsonl", reports.idf(150))
    rows = d.json("take", "--source", "feed-a", extra)
    t.same(totals(rows, "read", "new", "aggregated"), (150, 50, 100), "a report that overlaps is aggregated")
    t.same(d.count(), 150, "one row for each key")
    t.same(len(d.json("event", "list", "count:2", "--limit", "0")), 100, "with its count")

    r = d.run("event", "list", "tipe:phishing")
    t.ok(r.status > 0, "an unknown field is an error", r)
    t.has(r.err, "type", "with the nearest name")
    r = d.run("event", "list", "type:phishing and (port:80")
    t.ok(r.status > 0, "a missing parenthesis is an error", r)
    t.same(d.must("doctor").status, 0, "doctor finds nothing wrong")


def containers(t):
    data = reports.idf(60)
    forms = {
        "plain.jsonl": data,
        "packed.jsonl.gz": reports.gz(data[:3000]) + reports.gz(data[3000:]),
        "packed.jsonl.zst": reports.zst(data[:3000]) + reports.zst(data[3000:]),
        "packed.zip": reports.zip_of({"folder/inner.jsonl": data}),
    }
    for name, content in forms.items():
        d = kr.Dir()
        rows = d.json("take", "--source", "s", d.file(name, content))
        t.same(totals(rows, "read", "new", "refused"), (60, 60, 0), f"take {name}")
    for name, content in forms.items():
        d = kr.Dir()
        rows = d.json("take", "--source", "s", "-", stdin=content)
        t.same(totals(rows, "read", "new"), (60, 60), f"take - < {name}")
    d = kr.Dir()
    parts = {"a.jsonl": reports.idf(10), "sub/b.jsonl": reports.idf(10, start=10), "c.jsonl": reports.idf(10, start=20)}
    rows = d.json("take", "--source", "s", d.file("three.zip", reports.zip_of(parts)))
    t.same((len(rows), d.count()), (3, 30), "each member of a zip is a report of its own")
    files = [d.file(f"many{i}.jsonl", reports.idf(10, start=100 + i * 10)) for i in range(5)]
    rows = d.json("take", "--source", "s", *files)
    t.same((len(rows), d.count()), (5, 80), "several files in one command")
    for i in range(3):
        d.file(f"spool/part{i}.jsonl", reports.idf(10, start=200 + i * 10))
    rows = d.json("take", "--source", "s", os.path.join(d.base, "spool"))
    t.same((len(rows), d.count()), (3, 110), "a directory: every file in it")
    rows = d.json("take", "--source", "s", os.path.join(d.base, "spool"))
    t.same((totals(rows, "new"), d.count()), ((0,), 110), "taken again it brings nothing new")
    r = d.run("take", "--source", "s", os.path.join(d.base, "missing.csv"))
    t.ok(r.status > 0, "a missing file is an error", r)
    t.has(r.err, "missing.csv", "that names it")
    r = d.run("take", d.file("lines.jsonl", reports.idf(3, start=500)))
    t.same(r.status, 0, "take without --source uses the format's name", r)
    t.has(r.out + r.err, "idf", "and says so")


def main(t):
    first_steps(t)
    taking(t)
    containers(t)


kr.main(main, sys.modules[__name__])
