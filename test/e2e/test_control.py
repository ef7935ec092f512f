#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A command carried out by the node: its input, its output, its rights, and what happens when it goes away."""
import os
import signal
import subprocess
import sys
import time

import kr
import reports


def start(d, *args, **more):
    return subprocess.Popen([kr.PROGRAM, "-C", d.path, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def sources(d):
    return {s["name"] for s in d.json("source", "list")}


def given_up(t, d, how, what):
    """A client that stops in the middle of its standard input leaves no half report behind."""
    hold, feed = os.pipe()
    child = start(d, "take", "--source", "a", "-", stdin=hold)
    os.close(hold)
    os.write(feed, reports.idf(20, start=70000))
    time.sleep(0.5)
    child.send_signal(how)
    if how == signal.SIGINT:
        t.same(child.wait(20), 8, f"{what} ends the command with status 8")
    else:
        child.wait(20)
    os.close(feed)
    time.sleep(0.5)
    t.same(len(d.json("report", "list")), 1, f"after {what} no half report is kept")
    child.communicate()


def main(t):
    d = kr.Dir()
    s = d.serve()
    d.must("take", "--source", "a", d.file("a.jsonl", reports.idf(3000)))
    t.same(len(d.json("report", "list")), 1, "one report")
    given_up(t, d, signal.SIGKILL, "kill -9 of the client")
    given_up(t, d, signal.SIGINT, "Ctrl-C")

    r = d.run("take", "--source", "b", d.file("b.jsonl.gz", reports.gz(reports.idf(200, start=50000))))
    t.same(r.status, 0, "a file of the caller", r)
    r = d.run("take", "--source", "b", "/dev/stdin", stdin=reports.idf(30, start=60000))
    t.same(r.status, 0, "a path that is a pipe", r)
    t.same(d.run("take", "--source", "b", d.base + "/none").status, 3, "a file that is not there")
    long = os.path.join(d.base, "x" * 200)
    os.mkdir(long)
    path = d.file("x" * 200 + "/" + "y" * 200, reports.idf(5, start=65000))
    t.same(d.run("take", "--source", "b", path).status, 0, "a long path")

    out = os.path.join(d.base, "out.csv")
    r = d.run("event", "list", "--limit", "10", "--csv", "-o", out)
    with open(out, encoding="utf-8") as f:
        t.same((r.status, len(f.readlines())), (0, 11), "-o writes a file of the caller")
    with open("/dev/full", "wb") as full:
        child = subprocess.run([kr.PROGRAM, "-C", d.path, "event", "list", "--limit", "0"], stdout=full, stderr=subprocess.PIPE, check=False)
    t.same(child.returncode, 6, "a full disk under the output is told", child.stderr.decode())
    child = subprocess.run(
        f"'{kr.PROGRAM}' -C '{d.path}' event list --limit 0 | head -n 1", shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False
    )
    t.same(child.stderr.decode(), "", "a reader that has enough is no error to talk about")

    slow = start(d, "event", "list", "--limit", "0", "--json")
    time.sleep(1)
    t.same(d.count() > 0, True, "a reader that does not read holds up nobody")
    began = time.monotonic()
    t.same(s.stop(), 0, "nor the end of the node", s.log())
    t.ok(time.monotonic() - began < 10, "which takes less than ten seconds")
    slow.communicate(timeout=20)
    t.ok(slow.returncode in (5, 8), "the command is told that it was cut short", slow.returncode)
    t.ok(not os.path.exists(os.path.join(d.path, "run", "karaula.sock")), "no socket is left behind")
    t.same(d.run("doctor", "--deep").status, 0, "all is well afterwards")


kr.main(main, sys.modules[__name__])
