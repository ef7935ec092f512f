#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The power cut itself is tested first: a test that cannot fail proves nothing.

SQLite, which promises durability, is run under the library. With full synchronisation every acknowledged row must
survive every cut. With synchronous=OFF some cut must lose something.
"""
import os
import random
import sqlite3
import subprocess
import sys

import disk
import kr

WRITER = """
import os, sqlite3, sys
os.mkdir(sys.argv[1] + "/d")
fd = os.open(sys.argv[1], os.O_RDONLY); os.fsync(fd)
db = sqlite3.connect(sys.argv[1] + "/d/test.db", isolation_level=None)
db.execute("pragma journal_mode=" + sys.argv[2]); db.execute("pragma synchronous=" + sys.argv[3])
db.execute("create table t(n integer primary key, text)")
for n in range(60):
    db.execute("insert into t values(?, ?)", (n, "x" * (n * 97 % 3000)))
    os.write(1, b"%d\\n" % n)
os._exit(0)
"""


def record(t, journal, sync):
    base = kr.temp()
    root, log = os.path.join(base, "root"), os.path.join(base, "log")
    os.mkdir(root)
    env = dict(os.environ, LD_PRELOAD=kr.SHIM, KARAULA_FAULT_LOG=log, KARAULA_FAULT_ROOT=root)
    subprocess.run(
        ["/usr/bin/python3", "-c", WRITER, root, journal, sync], env=env, check=True, stdout=subprocess.DEVNULL
    )
    whole = disk.Disk(log, root)
    whole.play()
    t.same(whole.differs(root), [], f"{journal} {sync}: the log holds every change ({whole.at} records)")
    return base, root, log, whole.at


def cuts(base, root, log, n, lot, rounds):
    """How many of the cuts lost an acknowledged row or damaged the database."""
    lost, played = 0, disk.Disk(log, root)
    for number, at in enumerate(sorted(lot.randint(1, n) for _ in range(rounds))):
        played.play(at)
        target = os.path.join(base, f"cut{number}")
        played.cut(target, lot)
        said = played.said.decode().split()
        try:
            db = sqlite3.connect(os.path.join(target, "d", "test.db"))
            rows = {row[0] for row in db.execute("select n from t")}
            sound = db.execute("pragma integrity_check").fetchone()[0] == "ok"
            db.close()
        except sqlite3.Error:
            rows, sound = set(), not said
        if not sound or any(int(word) not in rows for word in said):
            lost += 1
    return lost


def main(t):
    lot = random.Random(t.seed)
    # FULL does not sync the directory after it removed the rollback journal, EXTRA does: SQLite says so itself.
    for journal, safe in (("wal", "full"), ("delete", "extra")):
        base, root, log, n = record(t, journal, safe)
        t.same(cuts(base, root, log, n, lot, 60), 0, f"{journal}: synchronous={safe} loses nothing in 60 cuts")
        base, root, log, n = record(t, journal, "off")
        t.ok(cuts(base, root, log, n, lot, 60) > 0, f"{journal}: with synchronous=OFF the cuts do lose something")


kr.main(main, sys.modules[__name__])
