#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The disk fills up, or a sync fails, while a running node decides, packs and delivers: when there is room again, each row is told once.

KARAULA_FULL_TOLD=N plays so many rounds (default 4)."""
import os
import random
import sys
import time

import kr
from test_disk_full import PLENTY, Space
from test_unattended import Hook, dropped, events, node, posted, settled

ROUNDS = int(os.environ.get("KARAULA_FULL_TOLD", "4"))


def round_(t, lot, number):
    hook = Hook()
    d = node(2, delivery__rows_max="40")
    d.recipient(1, "first", by="file")
    d.recipient(2, hook.url, by="webhook", secret="hook")
    space = Space(d.base)
    s = d.serve(env=space.env)
    files, want = [], {1: [], 2: []}
    for n in (1, 2, 1, 2):
        path, ports = events(d, n, lot.randrange(1, 200))
        files.append(path)
        want[n] += ports
    for path in files:
        d.run("take", "--source", "sensor", "--format", "idf", path)
        if lot.random() < 0.5:
            space.set(lot.randrange(0, 300 << 10), lot.choice((PLENTY, lot.randrange(0, 20))))
        time.sleep(lot.uniform(0, 1.5))
    space.set(PLENTY)
    kind = lot.choice(("goes on", "is started again"))
    if kind != "goes on":
        s.kill()
        s = d.serve(env=space.env)
    for path in files:
        d.must("take", "--source", "sensor", "--format", "idf", path)
    rows = settled(d)
    doubt = sum(int(r["rows"]) for r in rows if r["state"] == "doubt")
    told = {1: dropped(d, "first"), 2: posted(hook)}
    t.same([r for r in rows if r["state"] not in ("sent", "doubt")], [], f"round {number}: it {kind}, and all was sent or is in doubt")
    t.ok(all(len(x) == len(set(x)) for x in told.values()), "nothing is told twice", told)
    missing = sum(len(set(want[n]) - set(told[n])) for n in (1, 2))
    t.ok(missing <= doubt, f"nothing is forgotten ({doubt} rows in doubt)", missing, s.log()[-1500:])
    t.ok(kind != "goes on" or not doubt, "without a stop nothing is in doubt", rows)
    t.same(s.stop(), 0, "it ends well")


def main(t):
    lot = random.Random(t.seed)
    for number in range(ROUNDS):
        round_(t, lot, number + 1)


kr.main(main, sys.modules[__name__])
