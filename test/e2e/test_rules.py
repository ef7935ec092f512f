#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules for events on their way in: drop, tag, set, their order, what a dry run says, and that rows stay the same when rules change."""
import json
import os
import sqlite3
import sys

import kr
import reports


def events(n, kind="scanner", start=0, **more):
    rows = []
    for i in range(n):
        rows.append(json.dumps({"time.source": "2026-11-20T10:00:00Z", "source.ip": f"192.0.2.{(start + i) % 250 + 1}",
                                "source.port": 1000 + start + i, "destination.port": 22 if i % 2 else 23, "classification.type": kind, **more}))
    return ("\n".join(rows) + "\n").encode()


def take(d, name, content, source="s"):
    return d.json("take", "--source", source, "--format", "idf", d.file(name, content))[0]


def bad_rules(t):
    d = kr.Dir()
    for args, words in (
        (["type:scanner"], "tag WORD"),
        (["type:scanner", "--action", "explode"], "tag WORD"),
        (["type:scanner", "--action", "drop it"], "tag WORD"),
        (["type:scanner", "--action", "tag"], "tag WORD"),
        (["type:scanner", "--action", "tag two words"], "letters"),
        (["type:scanner", "--action", "set"], "tag WORD"),
        (["type:scanner", "--action", "set type"], "set type=scanner"),
        (["type:scanner", "--action", "set type=nonsense!!"], "nonsense"),
        (["type:scanner", "--action", "set nofield=x"], "doc/fields.md"),
        (["type:scanner", "--action", "set source.ip=192.0.2.9"], "identifies"),
        (["", "--action", "drop"], "all events"),
        (["tipe:scanner", "--action", "drop"], "type"),
        (["constituent:bank", "--action", "drop"], "not known"),
        (["routed:no", "--action", "drop"], "not known"),
        (["not", "(report:7)", "--action", "drop"], "not known"),
        (["type:scanner", "--action", "drop", "--source", "nobody"], "nobody"),
        (["type:scanner", "--action", "drop", "--position", "0"], "from 1"),
        (["type:scanner", "--action", "drop", "--enabled", "maybe"], "yes or no"),
    ):
        r = d.run("rule", "add", *args)
        t.ok(r.status in (2, 3) and words in r.err, f"{' '.join(args)}: refused with the right way", r)
    t.same(len(d.json("rule", "list")), 0, "none of them was added")
    t.ok(d.run("rule", "edit", "7", "--enabled", "no").status == 3, "a rule that is not there cannot be changed")
    t.ok(d.run("rule", "remove", "7").status == 3, "nor removed")
    t.ok(d.run("rule", "remove", "x").status == 2, "a word is no number of a rule")


def actions(t):
    d = kr.Dir()
    d.must("rule", "add", "destination.port:22", "--action", "drop", "--note", "noise")
    d.must("rule", "add", "type:scanner", "--action", "tag noisy")
    d.must("rule", "add", "type:scanner", "--action", "tag seen.twice")
    d.must("rule", "add", "type:scanner", "--action", "set severity=low")
    d.must("rule", "add", "severity:low", "--action", "set extra.team=night")
    d.must("rule", "add", "type:phishing", "--action", "set type=malware-distribution")
    r = take(d, "a.jsonl", events(100))
    t.same((r["read"], r["new"]), (100, 50), "half of the records are dropped")
    t.same(d.count("destination.port:22"), 0, "those that the rule names")
    e = d.events("port:1000")[0]
    t.same(e["extra"]["tag"] if "extra" in e else e.get("extra.tag"), "noisy,seen.twice", "tags are added", e)
    t.same(d.count("severity:low"), 50, "a field is set")
    t.same(d.count("extra.team:night"), 50, "a later rule sees what an earlier one set")
    t.same(d.count("extra.tag:*noisy*"), 50, "tags can be asked for")
    report = d.json("report", "show", str(r["report"]))[0]
    t.same((report["dropped"], report["drops"]), (50, [{"rule": 1, "events": 50, "expr": "destination.port:22"}]), "report show counts them by rule", report)
    t.has(d.must("report", "show", str(r["report"])).out, "50 by rule 1", "as text too")
    take(d, "p.jsonl", events(10, kind="phishing", start=100))
    t.same(d.count("type:malware-distribution class:malicious-code"), 5, "the class follows from the type that is set")
    d.must("rule", "edit", "1", "--enabled", "no")
    t.same(take(d, "b.jsonl", events(10, start=200))["new"], 10, "a rule that is disabled does nothing")
    d.must("rule", "edit", "1", "--enabled", "yes", "--source", "s")
    t.same(take(d, "c.jsonl", events(10, start=300), source="other")["new"], 10, "a rule of one source leaves the others alone")
    t.same(take(d, "d.jsonl", events(10, start=150))["new"], 5, "and applies to its own")
    d.must("rule", "remove", "1")
    t.same(take(d, "e.jsonl", events(10, start=420))["new"], 10, "a rule that is removed is gone")
    t.same([r["id"] for r in d.json("rule", "list")], [2, 3, 4, 5, 6], "the list shows the others in order")
    d.must("rule", "edit", "6", "--position", "1")
    t.same(d.json("rule", "list")[0]["id"], 6, "the order can be changed")
    audit = d.must("audit", "list").out
    t.ok("rule.add" in audit and "rule.edit" in audit and "rule.remove" in audit, "the audit log knows", audit)
    t.same(d.run("doctor", "--deep").status, 0, "every counter equals a recount")


def dry_run(t):
    d = kr.Dir()
    take(d, "a.jsonl", events(100))
    take(d, "b.jsonl", events(40, kind="phishing", start=500), source="other")
    before = d.events()
    r = d.run("rule", "test", "destination.port:22", "--action", "drop")
    t.ok(r.status == 0 and "70 rows match" in r.out and "70 would have been dropped" in r.out, "a dry run counts", r)
    t.same(len([line for line in r.out.splitlines() if line.startswith("  2")]), 5, "with five examples", r)
    rows = d.json("rule", "test", "destination.port:22", "--action", "drop", "--source", "other", "--examples", "2")
    t.same((rows[-1]["rows"], rows[-1]["dropped"], len(rows)), (20, 20, 3), "of one source, two examples", rows)
    rows = d.json("rule", "test", "type:phishing", "--action", "set type=phishing", "--examples", "1")
    t.same((rows[-1]["rows"], rows[-1]["changed"], len(rows)), (40, 0, 1), "what is set already would not change", rows)
    r = d.run("rule", "test", "type:phishing", "--action", "set severity=high")
    t.ok("severity:  -> high" in r.out and "40 would be different" in r.out, "differences are shown", r)
    r = d.run("rule", "test", "type:phishing", "--action", "tag hot", "--since", "1d")
    t.ok("0 rows match" in r.out, "--since counts back from now", r)
    t.same(d.run("rule", "test", "type:phishing or type:scanner", "--action", "drop", "--json", "--examples", "0").rows()[-1]["rows"], 140, "an or is one condition")
    t.same(d.events(), before, "nothing was changed")
    t.same(len(d.json("rule", "list")), 0, "and no rule was added")


def again(t):
    """Rows shared by reports survive any change of rules between taking and taking again."""
    d = kr.Dir()
    first = take(d, "a.jsonl", events(60))
    second = take(d, "b.jsonl", events(60) + events(10, start=700))
    t.same((second["new"], second["aggregated"]), (10, 60), "two reports share rows")
    d.must("rule", "add", "type:scanner", "--action", "set type=brute-force")
    d.must("rule", "add", "destination.port:23", "--action", "drop")
    r = d.run("take", "--again", str(first["report"]), "--json")
    t.same(r.status, 0, "the first report is taken again under new rules", r)
    t.same(d.run("doctor", "--deep").status, 0, "counters are right")
    t.same(d.count(), 70, "rows that the other report holds stay")
    t.same(d.run("take", "--again", str(second["report"])).status, 0, "then the second")
    t.same((d.count(), d.count("type:brute-force"), d.count("destination.port:23")), (35, 35, 0), "now both follow the rules")
    d.must("rule", "remove", "1")
    d.must("rule", "remove", "2")
    t.same(d.run("take", "--again", "s").status, 0, "all reports again without rules")
    fresh = kr.Dir()
    take(fresh, "a.jsonl", events(60))
    take(fresh, "b.jsonl", events(60) + events(10, start=700))
    strip = lambda rows: sorted(json.dumps({k: v for k, v in e.items() if k != "id"}, sort_keys=True) for e in rows)
    t.same(strip(d.events()), strip(fresh.events()), "gives the rows of a directory that never had rules")
    t.same(d.run("doctor", "--deep").status, 0, "counters are right")


def older(t):
    """A partition of schema 1 is read as it is, and gets its columns when it is written to."""
    d = kr.Dir()
    take(d, "a.jsonl", events(20))
    folder = os.path.join(d.path, "events", "standard")
    path = os.path.join(folder, [n for n in os.listdir(folder) if n.endswith(".db")][0])
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN")
    db.execute("CREATE TABLE old(report INTEGER, generation INTEGER, batch INTEGER, seg INTEGER NOT NULL, read INTEGER NOT NULL, fresh INTEGER NOT NULL,"
               " aggregated INTEGER NOT NULL, refused INTEGER NOT NULL, warnings INTEGER NOT NULL, unrouted INTEGER NOT NULL,"
               " PRIMARY KEY(report,generation,batch)) WITHOUT ROWID")
    db.execute("INSERT INTO old SELECT report,generation,batch,seg,read,fresh,aggregated,refused,warnings,unrouted FROM ledger")
    db.execute("DROP TABLE ledger")
    db.execute("ALTER TABLE old RENAME TO ledger")
    db.execute("PRAGMA user_version=1")
    db.execute("COMMIT")
    db.close()
    t.same(d.count(), 20, "an older partition is read")
    t.same(d.json("report", "show", "1")[0]["dropped"], 0, "its reports too")
    t.same(d.run("doctor", "--deep").status, 0, "and found in order")
    d.must("rule", "add", "destination.port:22", "--action", "drop")
    r = take(d, "b.jsonl", events(20, start=100))
    t.same((r["new"], d.json("report", "show", str(r["report"]))[0]["dropped"]), (10, 10), "written to, it counts what is dropped")
    t.same(d.run("take", "--again", "1").status, 0, "a report from before is taken again")
    t.same(d.count(), 20, "under the rule")


def serving(t):
    d = kr.Dir()
    s = d.serve()
    t.same(take(d, "a.jsonl", events(10))["new"], 10, "a node without rules")
    d.must("rule", "add", "destination.port:22", "--action", "drop")
    t.same(take(d, "b.jsonl", events(10, start=100))["new"], 5, "takes a new rule at once")
    t.has(s.get("/metrics")[2], 'karaula_records_dropped_total{source="s"} 5', "/metrics counts what is dropped")
    t.has(s.get("/reports/2")[2], "Dropped by rules", "the page of the report says so")
    t.same(s.stop(), 0, "the node ends in order", s.log())


def main(t):
    bad_rules(t)
    actions(t)
    dry_run(t)
    again(t)
    older(t)
    serving(t)


kr.main(main, sys.modules[__name__])
