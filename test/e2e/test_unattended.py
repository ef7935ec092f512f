#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What runs by itself is killed, stopped in the midst of everything, and restored: nobody is told twice, nothing is forgotten.

KARAULA_KILLS=N kills the node so often (default 5)."""
import csv
import glob
import http.server
import io
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time

import kr
import telling

KILLS = int(os.environ.get("KARAULA_KILLS", "5"))


class Hook:
    """A webhook on loopback: keeps what it is sent by Idempotency-Key; with `silent` it never answers."""

    def __init__(self, silent=False):
        outer = self
        self.got = {}
        self.asked = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.set()
                if silent:
                    time.sleep(60)
                    return
                time.sleep(0.2)  # so that a kill may come in between
                outer.got.setdefault(self.headers["Idempotency-Key"], []).append(body)
                self.send_response(204)
                self.end_headers()

            do_GET = lambda self: (outer.asked.set(), time.sleep(60))

            def log_message(self, format, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"


def node(count, **settings):
    d = telling.Node(count, delivery__file="yes", delivery__webhook="yes", **settings)
    d.out = os.path.join(d.base, "out")
    os.mkdir(d.out)
    d.set("delivery", "file_dir", d.out)
    secret = os.path.join(d.path, "secrets", "hook")
    os.makedirs(os.path.dirname(secret), exist_ok=True)
    with open(secret, "w", encoding="ascii") as f:
        f.write("a secret of thirty-two letters ...")
    os.chmod(secret, 0o600)
    return d


def events(d, n, count):
    """A file of events that constituent n owns, each with a port of its own; (path, ports)."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    ports = []
    lines = []
    for _ in range(count):
        d.numbers += 1
        ports.append(str(d.numbers))
        lines.append(json.dumps({"__type": "Event", "time.source": now, "source.ip": f"198.51.100.{n}", "source.port": d.numbers,
                                 "classification.type": "vulnerable-system", "classification.identifier": "open-test"}))
    return d.file(f"events-{d.numbers}.json", "\n".join(lines) + "\n"), ports


def dropped(d, folder):
    """Ports in the files that are complete, one entry for each time it was told."""
    ports = []
    for ok in glob.glob(os.path.join(d.out, folder, "*.ok")):
        with open(ok[:-3] + ".csv", encoding="utf-8-sig") as f:
            ports += [row["source.port"] for row in csv.DictReader(f)]
    return ports


def posted(hook):
    return [str(e["source.port"]) for bodies in hook.got.values() for e in json.loads(bodies[-1])["events"]]


def settled(d, seconds=40):
    """Wait until nothing is under way; all deliveries."""
    end = time.monotonic() + seconds
    while True:
        d.must("delivery", "run", "--quiet")
        rows = d.json("delivery", "list", "--limit", "0")
        if not [r for r in rows if r["state"] in ("queued", "retry", "sending")] or time.monotonic() > end:
            return rows
        time.sleep(0.2)


def killed(t):
    lot = random.Random(t.seed)
    hook = Hook()
    d = node(2, delivery__rows_max="40")
    d.recipient(1, "first", by="file")
    d.recipient(2, hook.url, by="webhook", secret="hook")
    files, want = [], {1: [], 2: []}
    for _ in range(KILLS):
        s = d.serve()
        for n in (1, 2):
            path, ports = events(d, n, lot.randrange(1, 200))
            files.append(path)
            want[n] += ports
            child = subprocess.Popen([kr.PROGRAM, "-C", d.path, "take", "--source", "sensor", "--format", "idf", path],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(lot.uniform(0, 0.7))
        time.sleep(lot.uniform(0, 1.2))
        s.kill()
        child.wait(30)
    s = d.serve()
    for path in files:  # those that were not acknowledged; the others are known
        d.must("take", "--source", "sensor", "--format", "idf", path)
    rows = settled(d)
    left = [r for r in rows if r["state"] not in ("sent", "doubt")]
    t.same(left, [], f"{KILLS} kills: every delivery was sent or is in doubt")
    doubt = {1: [], 2: []}
    for r in rows:
        if r["state"] == "doubt":
            table = csv.DictReader(io.StringIO(d.must("delivery", "show", r["id"], "--table").out))
            doubt[int(r["constituent"][1:])] += [x["source.port"] for x in table]
    t.note(f"{len(rows)} deliveries, {sum(map(len, doubt.values()))} rows in doubt")
    sent = {1: dropped(d, "first"), 2: posted(hook)}
    for n, what in ((1, "files"), (2, "webhook")):
        t.same(len(sent[n]), len(set(sent[n])), f"{what}: nothing is told twice")
        t.same(set(sent[n]) | set(doubt[n]), set(want[n]), f"{what}: nothing is forgotten")
        t.same(len(doubt[n]), len(set(doubt[n])), f"{what}: in doubt once")
    twice = [k for k, bodies in hook.got.items() if len(bodies) > 1]
    t.same(twice, [], "no request came twice")
    t.same(s.stop(), 0, "it ends well")
    t.same(d.must("doctor", "store").status, 0, "the store is sound")


def stopped(t):
    """SIGTERM while a delivery, a fetch, a stream, a backup and a take are under way."""
    hook, feed = Hook(silent=True), Hook(silent=True)
    d = node(1)
    d.recipient(1, hook.url, by="webhook", secret="hook")
    key = d.json("apikey", "create", "reader", "--role", "analyst")[0]["key"]
    d.must("source", "add", "slow", "--kind", "http", "--url", feed.url, "--format", "idf", "--interval", "1m")
    s = d.serve()
    d.must("take", "--source", "sensor", "--format", "idf", events(d, 1, 50)[0])
    t.ok(hook.asked.wait(20), "a webhook does not answer")
    t.ok(feed.asked.wait(20), "a feed does not answer")
    stream = socket.create_connection(("127.0.0.1", d.port), 10)
    stream.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{d.port}\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    t.has(stream.recv(4096).decode(), "200", "a client listens")
    big = events(d, 1, 60000)[0]
    children = [subprocess.Popen([kr.PROGRAM, "-C", d.path, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for args in (
        ("take", "--source", "sensor", "--format", "idf", big), ("backup", "-o", os.path.join(d.base, "b.tar.zst")))]
    time.sleep(0.3)
    began = time.monotonic()
    t.same(s.stop(30), 0, "SIGTERM: exit status 0", s.log()[-1500:])
    t.ok(time.monotonic() - began < 10, "within ten seconds", time.monotonic() - began)
    for child in children:
        t.ok(child.wait(30) is not None, "who waited for it is told")
    stream.close()
    d.must("source", "edit", "slow", "--enabled", "no")
    s = d.serve()
    t.ok(s.idle(), "the next start takes what was acknowledged")
    t.ok(all(r["state"] in ("doubt", "retry", "sending", "queued") for r in d.json("delivery", "list")), "nobody is taken for told")
    s.kill()


def restored(t):
    d = node(2)
    d.recipient(1, "first", by="file")
    d.must("recipient", "add", "c2", "second", "--by", "file", "--classes", "*=daily", "--hour", str((time.gmtime().tm_hour + 12) % 24))
    path, queued = events(d, 1, 3)
    d.must("take", "--source", "sensor", "--format", "idf", path)
    d.must("delivery", "run")
    path, daily = events(d, 2, 2)
    d.must("take", "--source", "sensor", "--format", "idf", path)
    d.must("delivery", "run")
    path, undecided = events(d, 1, 2)
    d.must("take", "--source", "sensor", "--format", "idf", path)
    archive = os.path.join(d.base, "b.tar.zst")
    d.must("backup", "-o", archive)
    s = d.serve()
    path, after = events(d, 1, 4)
    d.must("take", "--source", "sensor", "--format", "idf", path)
    end = time.monotonic() + 20
    while len(dropped(d, "first")) < 9 and time.monotonic() < end:
        time.sleep(0.1)
    t.same(sorted(dropped(d, "first")), sorted(queued + undecided + after), "the node that is lost told them")
    lost = set(os.listdir(os.path.join(d.out, "first")))
    s.kill()
    new = kr.Dir(init=False)
    r = d.bare("restore", archive, new.path)
    t.same(r.status, 0, "restored", r)
    new.out, new.numbers = d.out, d.numbers
    r = new.must("recover", "finish")
    t.has(r.err, "1 deliveries in doubt", "what was queued is in doubt")
    t.has(r.err, "2 rows withheld", "what was not decided yet may have been told")
    s = new.serve()
    new.must("take", "--again", "sensor")
    settled(new)
    t.same(sorted(dropped(d, "first")), sorted(queued + undecided + after), "taken again, nothing is told twice")
    path, fresh = events(new, 1, 5)
    new.must("take", "--source", "sensor", "--format", "idf", path)
    settled(new)
    t.same(sorted(dropped(d, "first")), sorted(queued + undecided + after + fresh), "what is new is told")
    t.ok(lost < set(os.listdir(os.path.join(d.out, "first"))), "under numbers that the lost node did not use")
    waits = [r for r in new.json("delivery", "run", "--dry-run", "--rows") if r["outcome"] == "told"]
    t.same(len(waits), len(daily), "what was not due yet waits on", waits)
    t.same(s.stop(), 0, "it ends well")


def main(t):
    killed(t)
    stopped(t)
    restored(t)


kr.main(main, sys.modules[__name__])
