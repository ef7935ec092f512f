#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""README.md is kept honest: every `$ karaula ...` of its tour is run, and its output must be what is printed there.

Numbers, dates and widths of columns may differ, words may not; lines on standard error may stand elsewhere.
"""
import os
import re
import subprocess
import sys
import time

import kr


def tour():
    """(command, expected output) in the order of the page."""
    with open(os.path.join(kr.SOURCE, "README.md"), encoding="utf-8") as f:
        lines = f.read().split("\n")
    steps, inside = [], False
    for line in lines:
        if not line.startswith("    "):
            inside = inside and not line.strip()
            continue
        text = line[4:]
        if text.startswith("$ "):
            steps.append((text[2:], []))
            inside = True
        elif inside:
            steps[-1][1].append(text)
    return steps


def plain(text):
    text = re.sub(r"/login/link/\S+", "/login/link/TOKEN", text)
    text = re.sub(r"\d+(?:[.,:]\d+)*", "N", text)
    return re.sub(r"[ -]+", " ", text).strip()


def main(t):
    steps = tour()
    t.ok(len(steps) > 5, f"the tour has {len(steps)} commands")
    base = kr.temp()
    os.symlink(os.path.join(kr.SOURCE, "samples"), os.path.join(base, "samples"))
    env = dict(os.environ, PATH=os.path.dirname(kr.PROGRAM) + ":" + os.environ["PATH"], KARAULA_DIR=os.path.join(base, "tour"))
    for command, expected in steps:
        today = time.strftime("%Y%m%d", time.gmtime())  # the day is part of an event's id
        command = re.sub(r"\b20\d{6}-standard", f"{today}-standard", command)
        r = subprocess.run(
            ["/bin/bash", "-o", "pipefail", "-c", command], cwd=base, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        if not t.ok(r.returncode == 0, f"README: {command}", r.stdout, r.stderr):
            continue
        got = sorted(plain(x) for x in (r.stdout + r.stderr).split("\n") if x.strip())
        want = sorted(plain(x) for x in expected if x.strip())
        t.same(got, want, f"prints what it prints there: {command}")


kr.main(main, sys.modules[__name__])
