#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The disk fills up, or a sync fails, in the middle of anything: a clear error, nothing acknowledged is lost, and when
there is room again everything goes on."""
import os
import random
import struct
import subprocess
import sys

import kr
import logic
import reports

ROUNDS = int(os.environ.get("KARAULA_FULL_ROUNDS", "25"))
PLENTY = 1 << 40


class Space:
    """The two numbers that test/powerloss.c reads: bytes and syncs that are left."""

    def __init__(self, root):
        self.path = os.path.join(kr.temp(), "space")
        self.env = {"LD_PRELOAD": kr.SHIM, "KARAULA_FAULT_SPACE": self.path, "KARAULA_FAULT_ROOT": root}
        self.set(PLENTY, PLENTY)

    def set(self, size, syncs=PLENTY):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(struct.pack("<qq", size, syncs))

    def left(self):
        with open(self.path, "rb") as f:
            return struct.unpack("<qq", f.read())


def setup(d, files=5, rows=8000):
    d.must("source", "mapping", "import", d.file("m.json", reports.mapping()))
    return [
        d.file(reports.name(i + 1), reports.sinkhole(rows, seed=i, start=i * rows * 3 // 4, spread=10**9))
        for i in range(files)
    ]


def says_full(r):
    """Is the reason named, and the remedy?"""
    return any(x in r.err for x in ("disk is full", "No space left", "no space left")) or "make room" in r.err


def main(t):
    lot = random.Random(t.seed)
    calm = kr.Dir(fast=True)
    files = setup(calm)
    space = Space(calm.base)
    calm.must("take", "--source", "sink", *files, env=space.env)
    bytes_used, syncs_used = PLENTY - space.left()[0], PLENTY - space.left()[1]
    want = logic.fingerprint(calm)
    t.note(f"the undisturbed take grows files by {bytes_used >> 10} KiB and syncs {syncs_used} times")
    good = failed = 0
    for number in range(ROUNDS):
        d = kr.Dir(fast=True)
        files = setup(d)
        space = Space(d.base)
        syncs = number % 3 == 2
        if syncs:
            space.set(PLENTY, lot.randint(0, syncs_used - 1))
        else:
            space.set(int(bytes_used * lot.random() * (0.02 if number % 5 == 0 else 1)))
        what = f"round {number}: {'a sync fails' if syncs else 'the disk is full'}"
        said = []
        r = d.run("take", "--source", "sink", "--json", *files, env=space.env, timeout=60)
        said = [x for x in r.rows() if "read" in x] if r.out.startswith("{") else []
        if r.status == 0 and not syncs and space.left()[0] <= 0:
            t.ok(False, f"{what}: it is said", r)
            continue
        if r.status:
            failed += 1
            if r.status != 6 or not (says_full(r) if not syncs else r.err.strip()):
                t.ok(False, f"{what}: a clear error", r)
                continue
        r = d.run("doctor", "--deep")
        if r.status:
            t.ok(False, f"{what}: with room again the node starts and every counter equals a recount", r)
            continue
        listed = {x["id"]: x for x in d.json("report", "list")}
        lost = [x for x in said if x.get("report") and x["report"] not in listed]
        if lost:
            t.ok(False, f"{what}: nothing acknowledged is lost", lost)
            continue
        r = d.run("take", "--source", "sink", *files)
        got = logic.fingerprint(d)
        if r.status or got != want or logic.unsound(d):
            t.ok(r.status == 0, f"{what}: taking again", r)
            logic.same(t, got, want, f"{what}: taking again completes it")
            t.same(logic.unsound(d), [], f"{what}: sound")
            continue
        good += 1
    t.same(good, ROUNDS, f"{ROUNDS} rounds: a clear error, nothing lost, and everything goes on ({failed} had an error)")
    served(t, want)
    tmpfs(t)


def served(t, want):
    """The same under serve: it goes on without a restart."""
    d = kr.Dir(fast=True)
    d.listen()
    files = setup(d)
    space = Space(d.base)
    s = d.serve(env=space.env)
    t.same(s.get("/")[0], 200, "somebody is logged in")
    space.set(300000)
    r = d.run("take", "--source", "sink", *files, timeout=60)
    t.ok(r.status == 6 and says_full(r), "under serve a full disk is a clear error", r)
    t.same(s.get("/")[0], 200, "the page still answers")
    t.same(d.run("event", "count").status, 0, "questions are still answered")
    space.set(PLENTY)
    r = d.run("take", "--source", "sink", *files, timeout=60)
    t.same(r.status, 0, "with room again the same take goes through without a restart", r)
    logic.same(t, logic.fingerprint(d), want, "and all is there")
    t.same(s.stop(), 0, "serve ends cleanly", s.log())


def tmpfs(t):
    """A real full file system, where mounting one is allowed."""
    base = kr.temp()
    r = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", base], capture_output=True, check=False)
    if r.returncode:
        t.skip("a full tmpfs", r.stderr.decode().strip() or "no mount here")
        return
    try:
        d = kr.Dir(init=False)
        d.path = os.path.join(base, "node")
        d.bare("init", d.path, "--name", "test.example", "--country", "RS")
        files = setup(d, files=8)
        r = d.run("take", "--source", "sink", *files, timeout=60)
        t.ok(r.status == 6 and says_full(r), "a full tmpfs is a clear error", r)
        subprocess.run(["mount", "-o", "remount,size=4g", base], check=True)
        r = d.run("doctor", "--deep")
        t.same(r.status, 0, "with room again the node starts and every counter equals a recount", r)
        t.same(d.run("take", "--source", "sink", *files).status, 0, "and takes the rest")
        t.same(d.run("doctor", "--deep").status, 0, "every counter equals a recount")
        t.same(d.count(), 8 * 8000 * 3 // 4 + 2000, "all rows are there")
    finally:
        subprocess.run(["umount", "-l", base], check=False)


kr.main(main, sys.modules[__name__])
