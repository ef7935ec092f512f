#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The power goes at random moments: what was not synced is gone, or there in part.

One run of init, imports, takes and taking again is recorded by test/powerloss.c. At many moments of it the directory is built as a
cut would leave it (disk.py), the node starts there, and: every report that was acknowledged is complete, every counter
equals a recount, and taking all files again gives what an undisturbed run gives.
"""
import json
import os
import random
import shutil
import sys

import disk
import kr
import logic
import reports
import test_mapping

CUTS = int(os.environ.get("KARAULA_CUTS", "40"))


def record(t, base):
    """Run the commands under the library; returns the data directory and what is to be repeated after a cut."""
    root = os.path.join(base, "root")
    os.mkdir(root)
    env = {"LD_PRELOAD": kr.SHIM, "KARAULA_FAULT_LOG": os.path.join(base, "log"), "KARAULA_FAULT_ROOT": root}
    files = []
    for i in range(6):
        files.append(os.path.join(base, reports.name(i + 1)))
        with open(files[-1], "wb") as f:
            f.write(reports.sinkhole(6000, seed=i, start=i * 4000, spread=10**9))
    mapping, register = os.path.join(base, "m.json"), os.path.join(base, "c.csv")
    changed = os.path.join(base, "m2.json")
    for path, text in ((mapping, reports.mapping()), (changed, reports.mapping(**test_mapping.CHANGED))):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    with open(register, "w", encoding="utf-8") as f:
        f.write(reports.constituents([("all", ["198.18.0.0/15"], [], [], []), ("half", ["198.18.0.0/16"], [], [], [])]))
    commands = [
        ["source", "mapping", "import", mapping],
        ["constituent", "import", register],
        *(["take", "--source", "sink", "--json", *files[i : i + 2]] for i in (0, 2, 4)),
        ["source", "mapping", "import", changed],
        ["take", "--again", "1", "4"],
    ]
    d = kr.Dir(init=False)
    d.path = os.path.join(root, "node")
    steps = [["init", d.path, "--name", "test.example", "--country", "RS"]] + commands
    for number, step in enumerate(steps):
        r = kr.run(*step, dir=None if step[0] == "init" else d.path, env=env)
        if r.status:
            raise RuntimeError(f"recording failed\n{r}")
        disk.say(env["KARAULA_FAULT_LOG"], json.dumps({"step": number}) + "\n")
    return d, root, commands


def main(t):
    lot = random.Random(t.seed)
    base = kr.temp(fast=True)
    d, root, commands = record(t, base)
    log = os.path.join(base, "log")
    whole = disk.Disk(log, root)
    starts = []  # how many records each command had written when it ended: its output was acknowledged by then
    while True:
        op = whole.next()
        if op is None:
            break
        if op == "P":
            starts.append((whole.at, whole.said))
    t.same(whole.differs(root), [], f"the log holds every change ({whole.at} records)")
    want = logic.fingerprint(d)
    t.same(want[2]["source"], {"sink": (want[0], 36000)}, "the undisturbed run has every row")

    first = next((at for at, said in starts if said), 1)
    begun = next((at for at, said in starts if said.count(b"step") == 3), first)
    moments = [lot.randint(1, first) for _ in range(CUTS // 10)]
    moments += [lot.randint(first, begun) for _ in range(CUTS // 4)]
    moments += [lot.randint(begun, whole.at) for _ in range(CUTS - len(moments) - 1)] + [whole.at]
    moments.sort()
    played, bad = disk.Disk(log, root), 0
    for number, at in enumerate(moments):
        played.play(at)
        target = os.path.join(base, f"cut{number}")
        played.cut(target, lot)
        after = kr.Dir(init=False, fast=True)
        after.path = os.path.join(target, "node")
        said = [json.loads(x) for x in played.said.decode().split("\n") if x.startswith("{")]
        if not check(t, after, number, at, commands, said, want, bool(played.said)):
            bad += 1
            if os.environ.get("KARAULA_KEEP"):
                t.note(f"left in {target}")
                break
        shutil.rmtree(target, ignore_errors=True)
    t.same(bad, 0, f"{len(moments)} power cuts lost nothing that was acknowledged")


def check(t, d, number, at, commands, said, want, made):
    """One directory after a cut. Only failures print a point of their own."""
    label = f"cut {number} at record {at}"
    if not made:  # init had not ended: it may be done again, over whatever is there
        shutil.rmtree(d.path, ignore_errors=True)
        r = kr.run("init", d.path, "--name", "test.example", "--country", "RS")
        return r.status == 0 or t.ok(False, f"{label}: init", r)
    r = d.run("doctor", "--deep")
    if r.status:
        return t.ok(False, f"{label}: the node starts and every counter equals a recount", r)
    ended = max((x["step"] for x in said if "step" in x), default=-1)
    version = max((m["version"] for m in d.json("source", "mapping", "list")), default=0)
    if version < (ended >= 1) + (ended >= 6):
        return t.ok(False, f"{label}: the imported mapping is there")
    if ended >= 2 and len(d.json("constituent", "list")) != 2:
        return t.ok(False, f"{label}: the imported constituents are there")
    listed = {x["id"]: x for x in d.json("report", "list", "--limit", "0")}
    for report in (x for x in said if "report" in x):
        found = listed.get(report["report"])
        if not found or found["state"] != "taken" or found["read"] != report["read"]:
            return t.ok(False, f"{label}: an acknowledged report is there completely", report, found)
    for command in commands:
        r = d.run(*command)
        if r.status:
            return t.ok(False, f"{label}: {command[0]} afterwards", r)
    got = logic.fingerprint(d)
    if got != want:
        return logic.same(t, got, want, f"{label}: taking the rest gives the whole")
    r = d.run("doctor", "--deep")
    if r.status or logic.unsound(d):
        return t.ok(False, f"{label}: sound in the end", r, logic.unsound(d))
    return True


kr.main(main, sys.modules[__name__])
