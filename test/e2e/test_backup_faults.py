#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment of an upgrade, of retention, of a restore and of a backup: the next start finds the old state or the new one."""
import os
import random
import shutil
import sys
import time

import kr
import reports
import test_upgrade

ROUNDS = int(os.environ.get("KARAULA_KILL_ROUNDS", "25"))


def killed(lot, seconds, *args, dir=None):
    """Run and kill it within so many seconds."""
    import subprocess

    child = subprocess.Popen([kr.PROGRAM] + (["-C", dir] if dir else []) + list(args), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(lot.random() * seconds)
    child.kill()
    return child.wait()


def length(*args, dir=None):
    began = time.monotonic()
    r = kr.run(*args, dir=dir)
    return time.monotonic() - began, r


def upgrade(t, lot):
    want = test_upgrade.lines("schema-1", "events.jsonl.xz")
    seconds, _ = length("event", "count", dir=test_upgrade.opened("schema-1").path)
    wrong = []
    for i in range(ROUNDS):
        d = test_upgrade.opened("schema-1")
        killed(lot, seconds * 1.2, "event", "count", dir=d.path)
        got = d.run("event", "list", "--limit", "0", "--json")
        if got.status or test_upgrade.lacks(got.rows(), want):
            wrong.append((i, str(got)[-500:]))
        shutil.rmtree(d.base)
    t.same(wrong, [], f"{ROUNDS} kills during an upgrade")


def restore(t, lot):
    d = kr.Dir(fast=True)
    d.must("source", "mapping", "import", d.file("m.json", reports.mapping()))
    d.must("take", "--source", "sink", d.file(reports.name(1), reports.sinkhole(8000, seed=1)))
    archive = os.path.join(d.base, "b.tar.zst")
    d.must("backup", "-o", archive)
    new = os.path.join(d.base, "new")
    seconds, r = length("restore", archive, new)
    t.same(r.status, 0, "an undisturbed restore", r)
    shutil.rmtree(new)
    half = 0
    wrong = []
    for i in range(ROUNDS):
        killed(lot, seconds * 1.1, "restore", archive, new)
        if os.path.exists(os.path.join(new, "main.db")):
            r = kr.run("event", "count", dir=new)
            if r.status or int(r.out.split()[-1]) != d.count() or not kr.run("recover", "status", "--json", dir=new).rows()[0]["recovering"]:
                wrong.append((i, str(r)[-500:]))
        else:
            half += 1
            r = kr.run("event", "count", dir=new)
            if r.status == 0:
                wrong.append((i, "half a restore is taken for a node"))
        shutil.rmtree(new, ignore_errors=True)
    t.same(wrong, [], f"{ROUNDS} kills during a restore, {half} of them before its end")


def backup(t, lot):
    d = kr.Dir(fast=True)
    d.must("source", "mapping", "import", d.file("m.json", reports.mapping()))
    d.must("take", "--source", "sink", d.file(reports.name(1), reports.sinkhole(8000, seed=1)))
    archive = os.path.join(d.base, "b.tar.zst")
    seconds, _ = length("backup", "-o", archive, dir=d.path)
    wrong = []
    for i in range(ROUNDS):
        killed(lot, seconds, "backup", "-o", archive, dir=d.path)
        r = kr.run("restore", "--check", archive)
        if r.status not in (0, 4, 6):
            wrong.append((i, str(r)[-500:]))
    t.same(wrong, [], f"{ROUNDS} kills during a backup: what was cut off is never taken for whole")
    d.must("event", "count")
    left = [n for n in os.listdir(os.path.join(d.path, "run")) if n.startswith(".backup")]
    t.same(left, [], "no copies are left behind")
    d.must("doctor", "--deep")


def main(t):
    lot = random.Random(t.seed)
    upgrade(t, lot)
    restore(t, lot)
    backup(t, lot)


kr.main(main, sys.modules[__name__])
