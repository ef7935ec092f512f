#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""doc/api.md is kept honest: every `$ ...` of its examples is run against a node, and must answer what is no problem."""
import os
import subprocess
import sys

import kr


def main(t):
    with open(os.path.join(kr.SOURCE, "doc", "api.md"), encoding="utf-8") as f:
        steps = [line[6:].rstrip("\n") for line in f if line.startswith("    $ ")]
    t.ok(len(steps) > 8, f"there are {len(steps)} examples")
    d = kr.Dir()
    d.must("source", "add", "sensor")
    d.file("report.csv", "source.ip,classification.type\n192.0.2.1,scanner\n192.0.2.2,phishing\n")
    key = d.json("apikey", "create", "examples", "--role", "admin")[0]["key"]
    s = d.serve()
    env = dict(os.environ, KEY=key, URL=f"http://127.0.0.1:{d.port}")
    for step in steps:
        r = subprocess.run(["/bin/bash", "-o", "pipefail", "-c", step], cwd=d.base, env=env, capture_output=True, text=True, timeout=60, check=False)
        t.ok(r.returncode == 0 and r.stdout and '"about:blank"' not in r.stdout, step, r.stdout, r.stderr)
    t.ok(s.idle(), "what was handed in is taken")
    t.same(d.count(), 2, "once")
    t.same([x["note"] for x in d.json("source", "list") if x["name"] == "feed"], ["asked for by mail"], "the change is there")
    s.stop()


kr.main(main, sys.modules[__name__])
