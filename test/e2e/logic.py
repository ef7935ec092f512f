# SPDX-License-Identifier: Apache-2.0
"""What a data directory says, whatever the way was by which it came to say it: for comparing two of them."""
import glob
import os
import re
import sqlite3
import subprocess

import kr

# What may differ between two directories that hold the same: numbers of rows and reports, times of taking.
VOLATILE = re.compile(rb'"(?:id|report|offset|length|line|taken|spooled)":(?:"[^"]*"|[0-9]+),?')
BY = ("class", "type", "asn", "country", "source")


def fingerprint(d):
    """(rows, sum of the hashes of all rows, counters): equal for equal content in any order."""
    total = rows = 0
    with subprocess.Popen(
        [kr.PROGRAM, "-C", d.path, "event", "list", "--limit", "0", "--json"], stdout=subprocess.PIPE
    ) as child:
        for line in child.stdout:
            rows += 1
            total = (total + hash(VOLATILE.sub(b"", line))) & (2**64 - 1)
    if child.returncode:
        raise RuntimeError("event list failed")
    counters = {by: {r["value"]: (r["rows"], r["events"]) for r in d.json("event", "count", "--by", by)} for by in BY}
    return rows, total, counters


def unsound(d):
    """What SQLite finds wrong with any database of the directory; the node must not run."""
    faults = []
    for path in sorted(glob.glob(os.path.join(d.path, "**", "*.db"), recursive=True)):
        db = sqlite3.connect(path)
        try:
            found = db.execute("pragma integrity_check").fetchall()
            if found != [("ok",)]:
                faults.append((path, found[:3]))
        except sqlite3.Error as e:
            faults.append((path, str(e)))
        db.close()
    return faults


def same(t, got, want, what):
    """Compare two fingerprints and say where they differ."""
    if t.ok(got == want, f"{what} ({want[0]} rows)"):
        return True
    t.note(f"rows: got {got[0]}, wanted {want[0]}; content {'equal' if got[1] == want[1] else 'differs'}")
    for by in BY:
        for value in sorted(set(got[2][by]) | set(want[2][by]), key=str):
            if got[2][by].get(value) != want[2][by].get(value):
                t.note(f"{by} {value}: got {got[2][by].get(value)}, wanted {want[2][by].get(value)}")
    return False


def settle(d):
    """Let a node finish the reports that were acknowledged but not taken to their end."""
    s = d.serve()
    ok = s.idle()
    s.stop()
    if not ok:
        raise RuntimeError("reports stay unfinished\n" + s.log())
