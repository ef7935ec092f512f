#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A report that nobody understands yet is kept; a mapping is imported; taking again replaces exactly.

The measure of "exactly" is a second data directory that never saw the old mapping: same rows, same counters.
"""
import json
import os
import sqlite3
import sys

import kr
import reports
from test_take import totals


def quarantine(t):
    d = kr.Dir()
    path = d.file(reports.name(1), reports.sinkhole(500))
    r = d.run("take", "--source", "sink", path)
    t.ok(r.status != -9, "taking a report without a mapping ends", r)
    t.has(r.out + r.err, "mapping", "and says that a mapping is missing")
    t.same(d.count(), 0, "no row came of it")
    kept = d.json("report", "list")
    t.same(len(kept), 1, "the report is kept")
    t.has(json.dumps(kept[0]), "quarantine", "in quarantine")
    doc = d.file("mapping.json", reports.mapping())
    r = d.must("source", "mapping", "import", doc)
    t.has(r.out + r.err, "shadowserver", "the mapping is imported")
    t.same(len(d.json("source", "mapping", "list")), 1, "and listed")
    rows = d.json("take", "--again", str(kept[0]["id"]))
    t.same(totals(rows, "read", "new", "refused"), (500, 500, 0), "take --again takes it from the archive")
    t.same(d.count("type:infected-system"), 500, "its rows are there")
    state = d.json("report", "list")[0]["state"]
    t.same(state, "taken", "and the report is out of quarantine")
    r = d.must("source", "mapping", "import", doc)
    t.same(len(d.json("source", "mapping", "list")), 1, "the same mapping again changes nothing", r)


def bad_mappings(t):
    d = kr.Dir()
    unknown = json.loads(reports.mapping())
    unknown["test_sinkhole_http"]["optional_fields"].append(["extra.x", "tag", "no_such_conversion"])
    r = d.run("source", "mapping", "import", d.file("unknown.json", json.dumps(unknown)))
    t.ok(r.status > 0, "a mapping with an unknown conversion is refused", r)
    t.has(r.err, "no_such_conversion", "and the conversion is named")
    for what, text in (
        ("cut", reports.mapping()[:300]),
        ("empty", ""),
        ("a list", "[]"),
        ("no required_fields", json.dumps({"x": {"file_name": "x", "feed_name": "x"}})),
        ("a field that is none", reports.mapping(required_fields=[["source.nonsense", "src_ip"]])),
        ("deep", "[" * 100000),
    ):
        r = d.run("source", "mapping", "import", d.file("bad.json", text))
        t.ok(r.status > 0 and r.err.strip(), f"a mapping is refused: {what}", r)
    t.same(d.json("source", "mapping", "list"), [], "none of them was kept")

    d.must("source", "mapping", "import", d.file("good.json", reports.mapping()))
    columns = [c for c in reports.SINKHOLE if c != "src_ip"]
    data = reports.table(columns, [{c: "1" for c in columns}])
    r = d.run("take", "--source", "sink", d.file(reports.name(3), data))
    t.has(r.out + r.err, "src_ip", "a missing required column refuses the report and is named")
    t.same(d.count(), 0, "no row came of it")
    columns = [c for c in reports.SINKHOLE if c != "http_agent"]
    rows = [{k: v for k, v in reports.row(i, __import__("random").Random(1)).items() if k in columns} for i in range(9)]
    r = d.must("take", "--source", "sink", d.file(reports.name(4), reports.table(columns, rows)))
    t.same(d.count(), 9, "a missing optional column is only a warning")
    t.has(r.out + r.err, "http_agent", "that names it")


CHANGED = dict(
    constant_fields={
        "classification.identifier": "sinkhole-changed",
        "classification.taxonomy": "malicious-code",
        "classification.type": "c2-server",
    },
    optional_fields=[
        ["severity", "severity"],
        ["protocol.transport", "protocol"],
        ["source.asn", "src_asn", "invalidate_zero"],
        ["source.geolocation.cc", "src_geo"],
        ["malware.name", "family"],
        ["destination.ip", "dst_ip", "validate_ip"],
    ],
)


def logical(d):
    """Rows and counters without what depends on the order of taking (ids, times of taking, report numbers)."""
    rows = []
    for e in d.events():
        for key in ("id", "report", "offset", "length", "line", "taken", "first_taken"):
            e.pop(key, None)
        rows.append(json.dumps(e, sort_keys=True))
    counters = {}
    for by in ("class", "type", "asn", "country", "source"):
        for r in d.json("event", "count", "--by", by):
            counters[by, r["value"]] = (r["rows"], r["events"])
    return sorted(rows), counters


def replacing(t):
    """Three reports that overlap each other; the second is taken again under another mapping, then all of them."""
    files = [(reports.name(i + 1), reports.sinkhole(1500, seed=i, start=i * 500, spread=1200)) for i in range(3)]
    fresh = kr.Dir()
    fresh.must("source", "mapping", "import", fresh.file("m2.json", reports.mapping(**CHANGED)))
    for name, data in files:
        fresh.must("take", "--source", "sink", fresh.file(name, data))

    d = kr.Dir()
    d.must("source", "mapping", "import", d.file("m1.json", reports.mapping()))
    for name, data in files:
        d.must("take", "--source", "sink", d.file(name, data))
    first = logical(d)
    ids = [r["id"] for r in d.json("report", "list")]
    d.must("take", "--again", str(ids[1]))
    t.same(logical(d), first, "taking again under the same mapping changes nothing")
    d.must("source", "mapping", "import", d.file("m2.json", reports.mapping(**CHANGED)))
    t.same(logical(d), first, "importing a mapping alone changes no row")
    d.must("take", "--again", str(ids[1]))
    t.same(d.run("doctor", "--deep").status, 0, "after one report was replaced every counter equals a recount")
    mixed = logical(d)
    t.ok(mixed != first and mixed != logical(fresh), "one report under the new mapping, two under the old")
    for i in ids:
        d.must("take", "--again", str(i))
    got, want = logical(d), logical(fresh)
    t.same(len(got[0]), len(want[0]), "all under the new mapping: as many rows as a fresh take")
    t.ok(got[0] == want[0], "and the same rows", *[x for x in zip(got[0], want[0]) if x[0] != x[1]][:3])
    t.same(got[1], want[1], "and the same counters")
    t.same(d.run("doctor", "--deep").status, 0, "doctor --deep agrees")
    d.must("take", "--again", "sink")
    t.ok(logical(d) == got, "take --again SOURCE takes all of its reports, and changes nothing here")
    for name in os.listdir(os.path.join(d.path, "events", "standard")):
        if name.endswith(".db"):
            db = sqlite3.connect(os.path.join(d.path, "events", "standard", name))
            t.same(db.execute("pragma integrity_check").fetchone()[0], "ok", "the partition is sound")


def hot_swap(t):
    """A mapping imported while serve runs is used by the next report."""
    d = kr.Dir()
    d.listen()
    s = d.serve()
    d.must("source", "mapping", "import", d.file("m1.json", reports.mapping()))
    d.must("take", "--source", "sink", d.file(reports.name(1), reports.sinkhole(50)))
    t.same(d.count("type:infected-system"), 50, "serve takes with the imported mapping")
    d.must("source", "mapping", "import", d.file("m2.json", reports.mapping(**CHANGED)))
    d.must("take", "--source", "sink", d.file(reports.name(2), reports.sinkhole(50, start=20000)))
    t.same(d.count("type:c2-server"), 50, "and with the next version at once")
    s.stop()


def main(t):
    quarantine(t)
    bad_mappings(t)
    replacing(t)
    hot_swap(t)


kr.main(main, sys.modules[__name__])
