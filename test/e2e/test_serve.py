#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The node in the background: one process owns the directory, others are served by it or refused."""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import kr
import reports


def second_process(t):
    d = kr.Dir()
    d.listen()
    s = d.serve()
    r = d.run("take", "--source", "a", d.file("a.jsonl", reports.idf(100)))
    t.same(r.status, 0, "while serve runs a take of another process is carried out", r)
    t.same(d.count(), 100, "and counted")
    r = d.run("take", "--source", "a", "-", stdin=reports.idf(50, start=100))
    t.same((r.status, d.count()), (0, 150), "standard input is passed on")
    here = os.path.join(d.base, "here")
    os.mkdir(here)
    with open(os.path.join(here, "rel.jsonl"), "wb") as f:
        f.write(reports.idf(10, start=200))
    r = d.run("take", "--source", "a", "rel.jsonl", cwd=here)
    t.same((r.status, d.count()), (0, 160), "a relative path starts where the command was given", r)
    r = d.run("event", "list", "tipe:x")
    t.ok(r.status == 2 and "type" in r.err, "an error comes back with its exit status", r)
    r = d.run("event", "list", "--json", "--limit", "3", env={"KARAULA_DIR": d.path})
    t.same(len(r.rows()), 3, "so does --json output")
    second = kr.Serve(d, wait=False)
    try:
        status = second.child.wait(20)
    except subprocess.TimeoutExpired:
        status = None
    t.ok(status not in (0, None), "a second serve is refused", second.log())
    t.has(second.log(), str(s.child.pid), "and told by whom the directory is held")

    many = [d.file(f"m{i}.jsonl", reports.idf(500, start=1000 + i * 500)) for i in range(8)]
    results = []
    threads = [threading.Thread(target=lambda p=p: results.append(d.run("take", "--source", "a", p))) for p in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.same([r.status for r in results], [0] * 8, "eight commands at the same time", *results)
    t.same(d.count(), 4160, "lose nothing and count nothing twice")
    t.same(d.run("doctor", "--deep").status, 0, "every counter equals a recount")

    s.kill()
    r = d.run("event", "count")
    t.same((r.status, r.out.split()[-1:]), (0, ["4160"]), "after kill -9 of serve a command works by itself", r)
    r = d.run("take", "--source", "a", d.file("z.jsonl", reports.idf(40, start=9000)))
    t.same((r.status, d.count()), (0, 4200), "and takes", r)
    s = d.serve()
    t.same(d.count(), 4200, "a second start keeps the data")
    t.same(s.stop(), 0, "and ends cleanly")


def lock(t):
    """Whoever holds the lock without a socket: others are refused, never a second writer."""
    d = kr.Dir()
    d.must("take", "--source", "a", d.file("a.jsonl", reports.idf(10)))
    hold, release = os.pipe()
    child = subprocess.Popen(
        [kr.PROGRAM, "-C", d.path, "take", "--source", "a", "-"], stdin=hold, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    os.close(hold)
    end, r = time.monotonic() + 10, None
    while time.monotonic() < end:
        r = d.run("take", "--source", "b", d.file("b.jsonl", reports.idf(10, start=50)), timeout=30)
        if r.status:
            break
        time.sleep(0.05)
    t.same(r.status, 5, "a directory that another command holds is refused: exit status 5", r)
    t.has(r.err, str(child.pid), "the process that holds it is named")
    os.write(release, reports.idf(5, start=300))
    os.close(release)
    out = child.communicate(timeout=60)[0].decode()
    t.same(child.returncode, 0, "the one that holds it ends well", out)
    t.same(d.count("source:a"), 15, "with its rows")
    t.same(d.run("doctor", "--deep").status, 0, "every counter equals a recount")


def reload(t):
    d = kr.Dir()
    d.listen()
    with open(d.conf(), encoding="utf-8") as f:
        good = f.read()
    s = d.serve()
    with open(d.conf(), "w", encoding="utf-8") as f:
        f.write(good + "\nno_such_setting = 1\n")
    s.signal(signal.SIGHUP)
    t.ok(s.until("no_such_setting"), "SIGHUP with a broken configuration says what is wrong", s.log())
    t.ok(s.until("keep") or s.until("old") or s.until("unchanged"), "and that the old one is kept", s.log())
    t.same(s.get("/")[0], 200, "the page still answers")
    r = d.run("config", "check")
    t.ok(r.status == 2 and "no_such_setting" in r.err, "config check says the same", r)
    with open(d.conf(), "w", encoding="utf-8") as f:
        f.write(good)
    before = len(s.log())
    s.signal(signal.SIGHUP)
    end = time.monotonic() + 10
    while time.monotonic() < end and "reload" not in s.log()[before:].lower():
        time.sleep(0.05)
    t.has(s.log()[before:], "reload", "SIGHUP with a right one reloads")
    t.same(s.get("/")[0], 200, "and the page answers")
    t.same(s.stop(), 0, "SIGTERM ends it with status 0")


def drain(t):
    d = kr.Dir()
    d.listen()
    s = d.serve()
    results = []
    big = d.file("big.jsonl", reports.idf(60000))
    thread = threading.Thread(target=lambda: results.append(d.run("take", "--source", "a", "--json", big)))
    thread.start()
    time.sleep(0.15)
    t.same(s.stop(60), 0, "SIGTERM while a report is taken ends with status 0", s.log())
    thread.join()
    r = results[0]
    t.ok(r.status in range(0, 10), "the command that ran got an answer", r)
    n = d.count()
    if r.status == 0:
        t.same(n, r.rows()[0]["new"], "it was told the truth: what it was told is there")
    again = d.run("take", "--source", "a", "--json", big)
    t.same(again.status, 0, "taking the same file afterwards completes it", again)
    t.same(d.count(), len(set(reports.idf(60000).split(b"\n"))) - 1, "all rows, none twice")
    t.same(d.run("doctor", "--deep").status, 0, "every counter equals a recount")


def page(t):
    d = kr.Dir()
    d.listen()
    d.must("take", "--source", "page-feed", d.file("a.jsonl", reports.idf(30)))
    s = d.serve()
    status, headers, text = s.get("/")
    t.same(status, 200, "the page answers")
    t.has(headers.get("content-type", ""), "text/html", "in HTML")
    t.has(text, "page-feed", "and shows what came in from which source")
    t.ok("<script" not in text.lower(), "without JavaScript")
    for name in ("content-security-policy", "x-content-type-options"):
        t.ok(name in headers, f"with the header {name}", headers)
    t.same(s.get("/", host="127.0.0.1:%d" % d.port)[0], 200, "Host 127.0.0.1 is answered")
    t.same(s.get("/", host="localhost:%d" % d.port)[0], 200, "Host localhost too")
    t.ok(s.get("/", host="evil.example")[0] in (400, 403, 421), "any other Host is refused (DNS rebinding)")
    for method in ("POST", "PUT", "DELETE"):
        t.ok(s.get("/", method=method)[0] in (403, 405, 501), f"{method} is refused")
    t.same(s.get("/no/such/page")[0], 404, "an unknown page is 404")
    t.ok(s.get("/../../etc/passwd")[0] in (400, 404), "a path out of the tree is none")
    with socket.create_connection(("127.0.0.1", d.port), 5) as c:
        c.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 200000 + b"\r\n\r\n")
        try:
            head = c.recv(100).decode("latin-1")
        except ConnectionError:
            head = ""
    t.ok(" 200 " not in head.split("\n")[0], "a header of 200 kB is refused", head)
    t.same(s.get("/")[0], 200, "and the node goes on")
    sock = os.path.join(d.path, "run", "karaula.sock")
    t.same(os.stat(sock).st_mode & 0o077, 0, "nobody else may use the control socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
        c.connect(sock)
        c.sendall(os.urandom(5000))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
        c.connect(sock)
    t.same(d.count(), 30, "noise on the control socket does not disturb it")
    t.same(s.stop(), 0, "SIGTERM ends it")

    d.listen("0.0.0.0")
    s = kr.Serve(d, wait=False)
    try:
        status = s.child.wait(10)
    except subprocess.TimeoutExpired:
        status = None
        s.kill()
    t.same(status, 2, "an address that is not loopback, without TLS, is an error of the configuration", s.log())
    t.has(s.log(), "loopback", "that says why")


def main(t):
    second_process(t)
    lock(t)
    reload(t)
    drain(t)
    page(t)
    t.note(json.dumps({"seconds": round(time.process_time(), 1)}))


kr.main(main, sys.modules[__name__])
