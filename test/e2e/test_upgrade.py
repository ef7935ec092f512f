#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Data directories that earlier versions made: today's program opens each, answers as they did, and keeps a copy of what it changed."""
import json
import lzma
import os
import sqlite3
import sys
import tarfile

import kr

FIXTURES = os.path.join(kr.SOURCE, "test", "fixtures")


def opened(schema):
    d = kr.Dir(init=False)
    os.mkdir(d.path)
    with tarfile.open(os.path.join(FIXTURES, schema, "data.tar.xz")) as t:
        t.extractall(d.path)
    return d


def lines(schema, name):
    path = os.path.join(FIXTURES, schema, name)
    with lzma.open(path, "rt") if name.endswith(".xz") else open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def ordered(rows):
    return sorted(rows, key=lambda r: json.dumps(r, sort_keys=True))


def lacks(got, want):
    """Rows of `want` that no row of `got` has all members of: members may be added, none may change."""
    left = list(got)
    missing = []
    for w in want:
        found = next((g for g in left if all(g.get(k) == v for k, v in w.items())), None)
        if found is None:
            missing.append(w)
        else:
            left.remove(found)
    return missing + left


def schema_of(d):
    with sqlite3.connect(f"file:{d.path}/main.db?mode=ro", uri=True) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def check(t, schema):
    d = opened(schema)
    number = int(schema.split("-")[1])
    t.same(schema_of(d), number, f"{schema}: the fixture is what it says")
    t.same(lacks(d.json("event", "list", "--limit", "0"), lines(schema, "events.jsonl.xz")), [], f"{schema}: the same events")
    t.same(lacks(d.json("report", "list", "--limit", "0"), lines(schema, "reports.jsonl")), [], f"{schema}: the same reports")
    t.same(lacks(d.json("source", "list"), lines(schema, "sources.jsonl")), [], f"{schema}: the same sources")
    t.same(
        ordered(d.json("event", "count", "--by", "constituent")),
        ordered(lines(schema, "constituents.json")),
        f"{schema}: the same owners",
    )
    t.ok(schema_of(d) > number, f"{schema}: the schema is today's")
    with sqlite3.connect(f"file:{d.path}/main.db.schema-{number}?mode=ro", uri=True) as db:
        t.same(db.execute("PRAGMA user_version").fetchone()[0], number, f"{schema}: the old main.db is kept")
        t.same(db.execute("PRAGMA integrity_check").fetchone()[0], "ok", f"{schema}: and whole")
    d.must("doctor", "--deep")
    # What an older program took can be taken again.
    before = d.count()
    d.must("take", "--again", "1")
    t.same(d.count(), before, f"{schema}: a report taken again gives the same rows")
    d.must("audit", "verify")


def same_tables(t):
    """A new directory and an upgraded one have the same tables."""

    def shape(d):
        with sqlite3.connect(f"file:{d.path}/main.db?mode=ro", uri=True) as db:
            tables = [r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY 1")]
            return {n: db.execute(f'SELECT name,type,"notnull",pk FROM pragma_table_info(?)', (n,)).fetchall() for n in tables}

    fresh = kr.Dir()
    old = opened("schema-1")
    old.must("event", "count")
    t.same(shape(old), shape(fresh), "a new directory and an upgraded one have the same tables")


def newer(t):
    d = kr.Dir()
    with sqlite3.connect(f"{d.path}/main.db") as db:
        db.execute("PRAGMA user_version=999")
    r = d.run("event", "count")
    t.ok(r.status != 0, "a newer directory is refused", r)
    t.has(r.err, "newer", "with what to do")


def main(t):
    schemas = sorted(n for n in os.listdir(FIXTURES) if n.startswith("schema-"))
    t.ok(schemas, "there are fixtures")
    for schema in schemas:
        check(t, schema)
    same_tables(t)
    newer(t)


kr.main(main, sys.modules[__name__])
