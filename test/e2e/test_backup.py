#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Backup of a working node, restore into recover mode, and every way in which a backup can be wrong."""
import hashlib
import os
import random
import subprocess
import sys
import threading

import kr
import logic
import reports


def filled(files=3, rows=600, **more):
    d = kr.Dir(**more)
    d.must("source", "mapping", "import", d.file("m.json", reports.mapping()))
    for i in range(files):
        d.must("take", "--source", "sink", d.file(reports.name(i + 1), reports.sinkhole(rows, seed=i, start=i * rows // 2)))
    return d


def restored(t, d, archive, what):
    new = kr.Dir(init=False)
    r = d.bare("restore", archive, new.path)
    t.same(r.status, 0, f"{what}: restored", r)
    return new


def round_trip(t):
    d = filled()
    archive = os.path.join(d.base, "b.tar.zst")
    d.must("backup", "-o", archive)
    r = d.bare("restore", "--check", archive, "--json")
    t.same(r.status, 0, "the backup is whole", r)
    t.same(r.rows()[0]["reports"], 3, "with all reports")
    t.same(r.rows()[0]["node"], "test.example", "and the name of the node")
    new = restored(t, d, archive, "round trip")
    t.same(logic.fingerprint(new), logic.fingerprint(d), "the same events, reports and counters")
    t.same(new.json("recover", "status")[0]["recovering"], True, "in recover mode")
    t.same([a["action"] for a in new.json("audit", "list")][0], "node.restore", "the audit log tells")
    new.must("audit", "verify")
    t.has(new.must("doctor", "--deep").out, "recover finish", "doctor says so too")
    new.must("recover", "finish")
    t.same(new.json("recover", "status")[0]["recovering"], False, "until a person ends it")
    t.ok(new.run("recover", "finish").status != 0, "which is possible once")
    again = d.bare("restore", archive, new.path)
    t.ok(again.status != 0, "a directory that is not empty is not overwritten", again)
    t.has(again.err, "does not exist", "with what to do")
    new.must("take", "--source", "sink", new.file(reports.name(9), reports.sinkhole(100, seed=9, start=90000)))
    t.same(new.count(), d.count() + 100, "the restored node goes on")


def no_secrets(t):
    d = filled(files=1)
    os.makedirs(os.path.join(d.path, "secrets"), exist_ok=True)
    with open(os.path.join(d.path, "secrets", "smtp"), "w", encoding="utf-8") as f:
        f.write("correct horse battery staple")
    archive = os.path.join(d.base, "b.tar.zst")
    d.must("backup", "-o", archive)
    names = subprocess.run(f"zstd -dcq {archive} | tar t", shell=True, capture_output=True, text=True, check=True).stdout.split()
    t.ok(not [n for n in names if "secret" in n or n.startswith("run/")], "secrets are not in a backup", names)
    t.ok("MANIFEST" in names and names[-1] == "MANIFEST", "tar and zstd can read it", names)


def while_working(t, lot):
    """Backups of a node that takes: each is as of one moment."""
    d = filled(files=1, rows=200)
    serve = d.serve()
    stop = threading.Event()

    def feed():
        for i in range(2, 30):
            if stop.is_set():
                return
            d.must("take", "--source", "sink", d.file(reports.name(i), reports.sinkhole(1500, seed=i, start=i * 1000)))

    feeder = threading.Thread(target=feed)
    feeder.start()
    archives = []
    for i in range(4):
        archive = os.path.join(d.base, f"w{i}.tar.zst")
        d.must("backup", "-o", archive)
        archives.append(archive)
    stop.set()
    feeder.join()
    t.same(serve.stop(), 0, "the node ends")
    for i, archive in enumerate(archives):
        new = restored(t, d, archive, f"backup {i} of a working node")
        new.must("doctor", "--deep")
        # Reports that were under way are taken to their end from the restored spool.
        new.must("take", "--source", "other", new.file("one.jsonl", '{"source.ip":"192.0.2.1","classification.type":"scanner"}\n'))
        new.must("doctor", "--deep")
        got = {r["name"]: r["read"] for r in new.json("report", "list", "--limit", "0")}
        want = {r["name"]: r["read"] for r in d.json("report", "list", "--limit", "0")}
        del got["one.jsonl"]
        t.same({n: want[n] for n in got}, got, f"backup {i}: every report that it has is whole")


def damaged(t, lot):
    d = filled(files=2, rows=100)
    archive = os.path.join(d.base, "b.tar.zst")
    d.must("backup", "-o", archive)
    with open(archive, "rb") as f:
        whole = f.read()
    bad = os.path.join(d.base, "bad")

    def refused(content, what):
        with open(bad, "wb") as f:
            f.write(content)
        r = d.bare("restore", "--check", bad)
        t.ok(r.status not in (0, -6, -11) and r.err, f"check refuses {what}", r)
        new = os.path.join(d.base, f"new-{lot.random()}")
        r = d.bare("restore", bad, new)
        t.ok(r.status not in (0, -6, -11), f"restore refuses {what}", r)
        t.ok(not os.path.exists(os.path.join(new, "main.db")) and not (os.path.isdir(new) and os.listdir(new)), f"and leaves nothing behind: {what}")

    refused(b"", "an empty file")
    refused(b"PK\x03\x04 no backup at all", "another format")
    for part in (0.1, 0.5, 0.9, 0.999):
        refused(whole[: int(len(whole) * part)], f"{part:.1%} of it")
    for _ in range(6):
        at = lot.randrange(len(whole))
        refused(whole[:at] + bytes([whole[at] ^ (1 << lot.randrange(8))]) + whole[at + 1 :], f"a wrong bit at {at}")
    work = os.path.join(d.base, "x")

    def repacked(change):
        subprocess.run(f"rm -rf {work} && mkdir {work} && zstd -dcq {archive} | tar x -C {work}", shell=True, check=True)
        names = subprocess.run(f"zstd -dcq {archive} | tar t", shell=True, capture_output=True, text=True, check=True).stdout.split()
        names = change(names) or names
        subprocess.run(["tar", "--format=ustar", "-cf", bad, "-C", work] + names, check=True)
        with open(bad, "rb") as f:
            return f.read()

    spool = next(n for n in repacked_names(archive) if n.startswith("spool/"))

    def without(names):
        return [n for n in names if n != spool]

    def forged(names):
        path = os.path.join(work, "MANIFEST")
        with open(path, encoding="utf-8") as f:
            lines = [line for line in f if spool not in line]
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(lines)
        return [n for n in names if n != spool]

    def outside(names):
        with open(os.path.join(work, "passwd"), "w", encoding="utf-8") as f:
            f.write("x")
        return ["passwd"] + names

    def other_db(names):
        path = os.path.join(work, "stats.db")
        with open(path, "r+b") as f:
            f.seek(5000)
            f.write(b"\xff" * 2000)
        with open(path, "rb") as f:
            content = f.read()
        digest = hashlib.blake2b(content, digest_size=32).hexdigest()
        manifest = os.path.join(work, "MANIFEST")
        with open(manifest, encoding="utf-8") as f:
            lines = [f"{digest} {len(content)} stats.db\n" if line.endswith(" stats.db\n") else line for line in f]
        with open(manifest, "w", encoding="utf-8") as f:
            f.writelines(lines)
        return names

    refused(repacked(without), "a missing file")
    refused(repacked(forged), "a report without its raw bytes, told by no MANIFEST")
    refused(repacked(outside), "a file that does not belong there")
    with open(bad, "wb") as f:
        f.write(repacked(other_db))
    r = d.bare("restore", "--check", bad)
    t.ok(r.status not in (0, -6, -11), "check looks into databases, not only at their hashes", r)
    subprocess.run(f"rm -rf {work}; mkdir {work}; ln -s /etc/passwd {work}/main.db; tar --format=ustar -cf {bad} -C {work} main.db", shell=True, check=True)
    with open(bad, "rb") as f:
        refused(f.read(), "a symbolic link")


def repacked_names(archive):
    return subprocess.run(f"zstd -dcq {archive} | tar t", shell=True, capture_output=True, text=True, check=True).stdout.split()


def to_pipe(t):
    d = filled(files=1, rows=50)
    r = subprocess.run(f"{kr.PROGRAM} -C {d.path} backup | {kr.PROGRAM} restore --check -", shell=True, capture_output=True, text=True)
    t.same(r.returncode, 0, "through a pipe", r.stderr)
    r = subprocess.run(f"{kr.PROGRAM} -C {d.path} backup -o /dev/full", shell=True, capture_output=True, text=True)
    t.ok(r.returncode != 0, "a full disk is told", r.stderr)


def main(t):
    lot = random.Random(t.seed)
    round_trip(t)
    no_secrets(t)
    to_pipe(t)
    damaged(t, lot)
    while_working(t, lot)


kr.main(main, sys.modules[__name__])
