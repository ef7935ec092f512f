#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The scripting baseline: one pass over a report with csv, json and sqlite3 of the standard library, nothing else.

    bench/baseline.py REPORT.csv DATABASE ROWS

It reads each row, checks address, port and time, makes the JSON of the event, aggregates by a key and stores the row
under a unique index, in transactions of 10,000 rows, without waiting for the disk. No enrichment, no owner, no counters,
no ledger: less than what karaula does in its pass.
"""
import csv
import datetime
import hashlib
import ipaddress
import json
import sqlite3
import sys


def main():
    report, database, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=off")
    db.execute("create table event(key blob primary key, count, first, last, ip blob, port, doc) without rowid")
    db.execute("begin")
    with open(report, encoding="utf-8", newline="") as f:
        for n, row in enumerate(csv.DictReader(f), 1):
            address = ipaddress.ip_address(row["src_ip"])
            port = int(row["src_port"])
            time = datetime.datetime.fromisoformat(row["timestamp"] + "+00:00")
            event = {k: v for k, v in row.items() if v}
            event["source.ip"], event["source.port"], event["time.source"] = str(address), port, time.isoformat()
            key = hashlib.blake2b(f"{address}|{port}|{row.get('infection')}".encode(), digest_size=16).digest()
            stamp = int(time.timestamp())
            db.execute(
                "insert into event values(?, 1, ?, ?, ?, ?, ?) on conflict do update set"
                " count = count + 1, first = min(first, excluded.first), last = max(last, excluded.last)",
                (key, stamp, stamp, address.packed, port, json.dumps(event)),
            )
            if n % 10000 == 0:
                db.execute("commit")
                db.execute("begin")
            if n == most:
                break
    db.execute("commit")
    print(n)


main()
