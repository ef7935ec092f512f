#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments while a million rows are taken.

After every restart what was acknowledged is completed; in the end there is every row exactly once, every counter equals
a recount, and taking the same files again changes nothing. The measure is a take that nobody disturbed.
"""
import os
import random
import subprocess
import sys
import time

import kr
import logic
import reports
import test_mapping

ROWS = int(os.environ.get("KARAULA_KILL_ROWS", "1000000"))
FILES = 8
SECONDS = float(os.environ.get("KARAULA_KILL_SECONDS", "75"))


def main(t):
    lot = random.Random(t.seed)
    base = kr.temp()
    files = []
    for i in range(FILES):
        files.append(os.path.join(base, reports.name(i + 1)))
        # one row in ten of a file comes back in the next: it is aggregated
        reports.big_sinkhole(files[-1], ROWS // FILES, start=i * (ROWS // FILES) * 9 // 10)
    mapping = os.path.join(base, "m.json")
    with open(mapping, "w", encoding="utf-8") as f:
        f.write(reports.mapping())

    calm = kr.Dir()
    calm.must("source", "mapping", "import", mapping)
    r = calm.must("take", "--source", "sink", "--json", *files, timeout=300)
    whole = r.seconds
    t.note(f"undisturbed: {ROWS} rows in {whole:.1f} s, {r.cpu / ROWS * 1e6:.2f} us CPU a row, {r.rss >> 20} MiB")
    want = logic.fingerprint(calm)
    t.same(calm.run("doctor", "--deep", timeout=300).status, 0, "undisturbed: every counter equals a recount")

    d = kr.Dir()
    d.must("source", "mapping", "import", mapping)
    kills = checks = 0
    began = time.monotonic()
    done = False
    while not done and time.monotonic() - began < SECONDS:
        left = SECONDS - (time.monotonic() - began)
        # short lives early, longer ones when time runs out, so that the end is reached
        patience = lot.uniform(0.01, whole * (0.25 if left > SECONDS / 2 else 0.6))
        child = subprocess.Popen(
            [kr.PROGRAM, "-C", d.path, "take", "--source", "sink", *files],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            said = child.communicate(timeout=patience)[1]
            if child.returncode:
                t.ok(False, "take after a kill", said.decode("utf-8", "replace"))
                return
            done = True
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            kills += 1
            if kills % 6 == 0:
                checks += 1
                faults = logic.unsound(d)
                r = d.run("doctor", "--deep", timeout=300)
                if faults or r.status:
                    t.ok(False, f"after {kills} kills the directory is sound", faults, r)
                    return
    t.ok(kills >= 5, f"{kills} kills, sound at each of {checks} looks in between")
    if not done:
        d.must("take", "--source", "sink", *files, timeout=300)
    logic.same(t, logic.fingerprint(d), want, "every row is there exactly once, every counter as in the undisturbed take")
    t.same(d.run("doctor", "--deep", timeout=300).status, 0, "every counter equals a recount")
    rows = d.json("take", "--source", "sink", *files, timeout=300)
    t.same((sum(r["new"] for r in rows), sum(r["aggregated"] for r in rows)), (0, 0), "taking all again brings nothing new")
    logic.same(t, logic.fingerprint(d), want, "and changes no row and no count")
    t.same(len(d.json("report", "list", "--limit", "0")), FILES, "each report is listed once")
    t.same(logic.unsound(d), [], "SQLite finds every database sound")


def served(t):
    """serve itself is killed while clients have it take reports; the next start completes what was acknowledged."""
    lot = random.Random(t.seed + 1)
    base = kr.temp()
    files = [os.path.join(base, reports.name(i + 1)) for i in range(4)]
    for i, path in enumerate(files):
        reports.big_sinkhole(path, 20000, start=i * 15000)
    mapping = os.path.join(base, "m.json")
    with open(mapping, "w", encoding="utf-8") as f:
        f.write(reports.mapping())
    calm, d = kr.Dir(), kr.Dir()
    for each in (calm, d):
        each.listen()
        each.must("source", "mapping", "import", mapping)
    calm.must("take", "--source", "sink", *files)
    want = logic.fingerprint(calm)
    known = set()
    for _ in range(6):
        s = d.serve()
        child = subprocess.Popen(
            [kr.PROGRAM, "-C", d.path, "take", "--source", "sink", "--json", *files],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(lot.uniform(0.02, 0.5))
        s.kill()
        out = child.communicate(timeout=60)[0]
        known |= {line for line in out.decode().split("\n") if line.strip()}
    logic.settle(d)
    states = [r["state"] for r in d.json("report", "list")]
    t.ok(all(s == "taken" for s in states), "after kill -9 of serve the next start completes what was acknowledged", states)
    t.same(d.run("doctor", "--deep").status, 0, "every counter equals a recount")
    d.must("take", "--source", "sink", *files)
    logic.same(t, logic.fingerprint(d), want, "with the rest taken, every row is there exactly once")


def again(t):
    """kill -9 while reports are taken again under another mapping: what was undone is done again, or not undone."""
    lot = random.Random(t.seed + 2)
    base = kr.temp()
    files = [os.path.join(base, reports.name(i + 1)) for i in range(3)]
    for i, path in enumerate(files):
        reports.big_sinkhole(path, 20000, start=i * 15000)
    old, new = os.path.join(base, "m1.json"), os.path.join(base, "m2.json")
    for path, text in ((old, reports.mapping()), (new, reports.mapping(**test_mapping.CHANGED))):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    fresh, d = kr.Dir(), kr.Dir()
    fresh.must("source", "mapping", "import", new)
    whole = fresh.must("take", "--source", "sink", *files).seconds
    want = logic.fingerprint(fresh)
    d.must("source", "mapping", "import", old)
    d.must("take", "--source", "sink", *files)
    d.must("source", "mapping", "import", new)
    kills = 0
    for _ in range(8):
        child = subprocess.Popen(
            [kr.PROGRAM, "-C", d.path, "take", "--again", "sink"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            child.communicate(timeout=lot.uniform(0.01, whole * 1.5))
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            kills += 1
        r = d.run("doctor", "--deep")
        if r.status or logic.unsound(d):
            t.ok(False, f"taking again, after {kills} kills the directory is sound", r, logic.unsound(d))
            return
    d.must("take", "--again", "sink")
    logic.same(t, logic.fingerprint(d), want, f"taking again, {kills} times killed, gives what a fresh take gives")
    t.same(d.run("doctor", "--deep").status, 0, "every counter equals a recount")


def all_of_it(t):
    main(t)
    served(t)
    again(t)


kr.main(all_of_it, sys.modules[__name__])
