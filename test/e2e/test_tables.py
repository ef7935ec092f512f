#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Data tables of the node's own: a CSV file in DIR/data replaces the embedded one; a wrong one is refused with its line."""
import json
import os
import sys

import kr


def own_types(t):
    d = kr.Dir()
    path = os.path.join(d.path, "data", "rsit-extra.csv")
    line = json.dumps({"classification.type": "rogue-dns", "source.ip": "192.0.2.7", "time.source": "2026-11-20T10:00:00+00:00"})
    report = d.file("one.jsonl", line + "\n")
    d.must("take", "--source", "before", report)
    t.same(d.count("type:undetermined"), 1, "a type that the taxonomy does not have is undetermined")
    with open(path, "w", encoding="utf-8") as f:
        f.write("class,type,label_en,gloss_en\nother,blacklist,Blocklisted,x\nfraud,rogue-dns,Rogue resolver,answers falsely\n")
    d.must("take", "--source", "after", report)
    t.same(d.count("type:rogue-dns class:fraud"), 1, "with a table of the node's own it has")
    with open(path, "w", encoding="utf-8") as f:
        f.write("class,type,label_en,gloss_en\nother\n")
    r = d.run("event", "count")
    t.ok(r.status > 0, "a wrong table is an error", r)
    t.has(r.err, "rsit-extra.csv", "that names the file")


kr.main(own_types, sys.modules[__name__])
