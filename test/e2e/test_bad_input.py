#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What bad input gets: a clear error or a counted, kept row; never a crash, a hang, unbounded memory or silent loss."""
import gzip
import json
import os
import sys
import zipfile
import zlib

import kr
import reports
from test_take import totals

RSS_MAX = 100 << 20
SECONDS_MAX = 60


class Bad:
    """Takes one hostile file after the other and looks at the process each time."""

    def __init__(self, t, command):
        self.t, self.command, self.plain = t, command, not kr.sanitized()
        self.fresh()

    def fresh(self):
        self.d = kr.Dir(init=self.command == "take")
        path = self.d.file("m.json", reports.mapping())
        if self.command == "take":
            self.d.must("source", "mapping", "import", path)

    def take(self, what, name, content, *more, path=None):
        """The rows of take --json, or None when it failed (with a clear error)."""
        path = path or self.d.file(name, content)
        if self.command == "convert":
            mapping = ["--mapping", os.path.join(self.d.base, "m.json")] if name.endswith(".csv") else []
            fmt = "shadowserver" if name.endswith(".csv") else "idf"
            r = kr.run("convert", "--from", fmt, "--to", "idf", *mapping, path, timeout=SECONDS_MAX)
        else:
            r = self.d.run("take", "--source", "bad", "--json", *more, path, timeout=SECONDS_MAX)
        self.t.ok(r.status in range(0, 10), f"{self.command}: {what}: ends by itself", r)
        self.t.ok("runtime error" not in r.err and "Sanitizer" not in r.err, f"{self.command}: {what}: no sanitizer report", r)
        if self.plain:
            self.t.ok(r.rss <= RSS_MAX, f"{self.command}: {what}: {r.rss >> 20} MiB of memory", r)
        if r.status:
            self.t.ok(len(r.err.strip()) > 10, f"{self.command}: {what}: the error says something", r)
            return None
        self.said = r.err
        return r.rows() if self.command == "take" else None

    def sound(self, what):
        if self.command == "take":
            r = self.d.run("doctor", "--deep")
            self.t.same(r.status, 0, f"{what}: the data directory is sound", r)


def tables(t, command):
    b = Bad(t, command)
    good = reports.sinkhole(20).split(b"\n")
    line = good[5]
    cases = {
        "broken quoting": b'"2026-11-20 00:00:01","high","tcp","198.18.0.1,"1025',
        "quote in the middle": line.replace(b"tcp", b't"c"p', 1),
        "too few columns": b'"2026-11-20 00:00:01","high"',
        "too many columns": line + b',"a","b","c"',
        "NUL": line.replace(b"tcp", b"t\0p", 1),
        "not UTF-8": line.replace(b"CITY", b"\xff\xfe\xc3(", 1),
        "an impossible date": line.replace(b"2026-11-20", b"2026-13-45", 1),
        "31 February": line.replace(b"2026-11-20", b"2026-02-31", 1),
        "0.0.0.0": line.replace(b"198.18.", b"0.0.0.0", 1),
        "an address that is none": line.replace(b"198.18.", b"999.18.", 1),
        "a port that is none": line.replace(b'"102', b'"9999102', 1),
    }
    for number, (what, bad) in enumerate(cases.items(), 1):
        b.fresh()
        rows = b.take(what, reports.name(number), b"\n".join(good[:6] + [bad] + good[6:]))
        if rows is not None:
            # broken quoting may swallow what follows it, but nothing is lost without a count
            read, new, aggregated, refused = totals(rows, "read", "new", "aggregated", "refused")
            t.ok(read == new + aggregated + refused and read >= 6, f"take: {what}: every row is counted", rows)
            if refused:
                listed = b.d.must("report", "show", str(rows[0]["report"])).out
                t.ok(len(listed.split("\n")) > 3, f"take: {what}: report show lists the refusal")
            t.ok(b.d.count() == new, f"take: {what}: rows stored {new}, refused {refused}")
        b.sound(what)
    b.fresh()
    for what, content in {
        "an empty file": b"",
        "only a header": good[0] + b"\n",
        "only newlines": b"\n" * 1000,
        "only NUL": b"\0" * 100000,
        "random bytes": os.urandom(200000),
        "a byte order mark": b"\xef\xbb\xbf" + b"\n".join(good),
        "UTF-16": b"\n".join(good).decode().encode("utf-16"),
        "CR LF": b"\n".join(good).replace(b"\n", b"\r\n"),
        "no newline at the end": b"\n".join(good).rstrip(b"\n"),
        "a header of 100,000 columns": b",".join(b"c%d" % i for i in range(100000)) + b"\n1,2,3\n",
        "a header twice the same name": b"timestamp,timestamp,src_ip,src_port\n1,2,3,4\n",
    }.items():
        b.take(what, reports.name(20), content)
    b.sound("strange files")


def megabytes(f, n):
    """Written in pieces: the peak memory of a process counts that of the one it was forked from."""
    for _ in range(n):
        f.write(b"C" * (1 << 20))


def zip_bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(8):
            with z.open(f"{i}.jsonl", "w", force_zip64=True) as f:
                for _ in range(64):
                    f.write(b" " * (1 << 20))


def long_line(t, command):
    b = Bad(t, command)
    path = os.path.join(b.d.base, reports.name(1))
    head, line = reports.sinkhole(1).split(b"\n")[:2]
    with open(path, "wb") as f:
        before, after = line.split(b"CITY 0", 1)
        f.write(head + b"\n" + line + b"\n" + before)
        megabytes(f, 100)
        f.write(after + b"\n")
        f.write(reports.sinkhole(10, start=10).split(b"\n", 1)[1])
    rows = b.take("a line of 100 MB", reports.name(1), None, path=path)
    if rows is not None:
        t.same(totals(rows, "new", "refused"), (11, 1), "the line of 100 MB is refused, the others are taken")
    b.sound("a line of 100 MB")
    b.fresh()
    path = os.path.join(b.d.base, reports.name(2))
    with open(path, "wb") as f:
        f.write(head + b"\n" + line + b"\n" + b'"')
        megabytes(f, 100)
        f.write(b"\n")
    b.take("100 MB in an open quote", reports.name(2), None, path=path)
    b.sound("100 MB in an open quote")


def json_lines(t, command):
    b = Bad(t, command)
    good = reports.idf(5)
    deep = 10**6
    cases = {
        "arrays 10^6 deep": b'{"extra.x": ' + b"[" * deep + b"]" * deep + b"}\n",
        "objects 10^6 deep": b'{"a":' * deep + b"1" + b"}" * deep + b"\n",
        "open 10^6 deep": b"[" * deep + b"\n",
        "a cut object": b'{"source.ip": "192.0.2.1", "classif\n',
        "NUL in a text": b'{"source.ip": "192.0.2.1", "comment": "a\0b"}\n',
        "not UTF-8": b'{"source.ip": "192.0.2.1", "comment": "\xff\xfe"}\n',
        "a lone surrogate": b'{"source.ip": "192.0.2.1", "comment": "\\ud800"}\n',
        "the same key twice": b'{"source.ip": "192.0.2.1", "source.ip": "192.0.2.2"}\n',
        "a leading zero": b'{"source.port": 0080}\n',
        "NaN": b'{"feed.accuracy": NaN}\n',
        "a huge number": b'{"source.port": 1' + b"0" * 5000 + b"}\n",
        "a number of 10^6 digits": b'{"source.asn": ' + b"9" * 10**6 + b"}\n",
        "an impossible date": b'{"source.ip": "192.0.2.1", "time.source": "2026-02-30T25:61:00+00:00"}\n',
        "0.0.0.0": b'{"source.ip": "0.0.0.0", "classification.type": "scanner"}\n',
        "an array where an object belongs": b"[1, 2, 3]\n",
        "a comment": b'// {"source.ip": "192.0.2.1"}\n',
        "100,000 keys": json.dumps({f"extra.k{i}": i for i in range(100000)}).encode() + b"\n",
    }
    for what, bad in cases.items():
        b.fresh()
        rows = b.take(what, "bad.jsonl", good + bad + reports.idf(5, start=10), "--format", "idf")
        if rows is not None:
            read, new, aggregated, refused = totals(rows, "read", "new", "aggregated", "refused")
            t.ok(read == new + aggregated + refused, f"take: {what}: every record is counted", rows)
            t.ok(new >= 10, f"take: {what}: the good lines around it are taken ({new} new, {refused} refused)", rows)
        b.sound(what)


def packed(t, command):
    b = Bad(t, command)
    data = reports.idf(2000)
    for what, name, content in (
        ("a truncated gz", "cut.jsonl.gz", reports.gz(data)[:-4000]),
        ("a gz with a wrong sum", "sum.jsonl.gz", reports.gz(data)[:-8] + b"\0\0\0\0\0\0\0\0"),
        ("a damaged gz", "damaged.jsonl.gz", reports.gz(data)[:2000] + b"\xff" * 100 + reports.gz(data)[2100:]),
        ("a truncated zst", "cut.jsonl.zst", reports.zst(data)[:-4000]),
        ("a truncated zip", "cut.zip", reports.zip_of({"a.jsonl": data})[:-2000]),
        ("a zip whose directory lies", "lie.zip", reports.zip_of({"a.jsonl": data})[:-10] + b"\xff" * 10),
    ):
        b.fresh()
        rows = b.take(what, name, content, "--format", "idf")
        if command == "take":
            t.ok(rows is None, f"take: {what} is an error", rows)
            t.ok(b.d.run("event", "count").status == 0, f"take: {what}: the node goes on")
        b.sound(what)
    bomb = bytearray()
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(2048):
        bomb += z.compress(b"\n" * (1 << 20))
    bomb += z.flush()
    b.fresh()
    b.take("a gz bomb of 2 GiB", "bomb.jsonl.gz", bytes(bomb), "--format", "idf")
    b.take("a gz in a gz", "twice.jsonl.gz", gzip.compress(bytes(bomb)), "--format", "idf")
    path = os.path.join(b.d.base, "bomb.zip")
    zip_bomb(path)
    b.take("a zip bomb", "bomb.zip", None, "--format", "idf", path=path)
    b.take("a zip of 20,000 members", "many.zip", reports.zip_of({f"{i}": b"" for i in range(20000)}), "--format", "idf")
    b.sound("bombs")


def main(t):
    for each in sys.argv[1:] or ["take", "convert"]:
        tables(t, each)
        json_lines(t, each)
        packed(t, each)
        if not kr.sanitized():
            long_line(t, each)


kr.main(main, sys.modules[__name__])
