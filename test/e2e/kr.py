# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end test needs: TAP, temporary data directories, the program, a node in the background.

A test is a file test_NAME.py with `def main(t)` and `kr.main(main, sys.modules[__name__])` at its end. Meson sets KARAULA_BUILD (the
build directory) and KARAULA_SOURCE. By hand: `test/e2e/test_take.py`, which uses build/karaula; KARAULA_KEEP=1 keeps
the directories, KARAULA_SEED=N repeats a random run.
"""
import atexit
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

SOURCE = os.environ.get("KARAULA_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("KARAULA_BUILD") or os.path.join(SOURCE, "build")
PROGRAM = os.path.join(BUILD, "karaula")
SHIM = os.path.join(BUILD, "test", "e2e", "libpowerloss.so")

_temps = []
_children = []


def temp(fast=False):
    """A fresh directory that goes away at the end. fast: in memory if there is plenty, where nothing need wait for a disk."""
    place = os.environ.get("KARAULA_TEMP")
    if fast and not place and os.path.isdir("/dev/shm"):
        fs = os.statvfs("/dev/shm")
        place = "/dev/shm" if fs.f_bavail * fs.f_frsize > 2 << 30 and os.access("/dev/shm", os.W_OK) else None
    path = tempfile.mkdtemp(prefix="karaula-test-", dir=place)
    _temps.append(path)
    return path


@atexit.register
def _clean():
    for child in _children:
        if child.poll() is None:
            child.kill()
            child.wait()
    if not os.environ.get("KARAULA_KEEP"):
        for path in _temps:
            shutil.rmtree(path, ignore_errors=True)


class Tap:
    """Points of one test program."""

    def __init__(self):
        self.count = self.failed = 0
        self.seed = int(os.environ.get("KARAULA_SEED") or time.time_ns() % 1_000_000_007)
        print(f"# KARAULA_SEED={self.seed}")

    def ok(self, good, what, *detail):
        self.count += 1
        print(f"{'' if good else 'not '}ok {self.count} - {what}".replace("\n", " "), flush=True)
        if not good:
            self.failed += 1
            frame = sys._getframe(1)
            while frame and frame.f_code.co_filename == __file__:
                frame = frame.f_back
            if frame:
                print(f"#   at {os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}")
            for line in "\n".join(str(d) for d in detail).split("\n")[:40]:
                print(f"#   {line[:2000]}", flush=True)
        return good

    def same(self, got, want, what, *detail):
        return self.ok(got == want, what, f"got    {got!r}"[:3000], f"wanted {want!r}"[:3000], *detail)

    def has(self, text, part, what):
        """Does the text hold the part, any case?"""
        return self.ok(part.lower() in text.lower(), what, f"no {part!r} in:", text[:3000])

    def skip(self, what, why):
        self.count += 1
        print(f"ok {self.count} - {what} # SKIP {why}", flush=True)

    def note(self, text):
        for line in str(text).split("\n"):
            print(f"# {line}", flush=True)


def main(run, module):
    if module.__name__ != "__main__":
        return
    t = Tap()
    left = 86400 - time.time() % 86400
    if left < 240:  # rows of two UTC days are not aggregated with each other: begin on the new one
        t.note(f"waiting {left:.0f} s for the next UTC day")
        time.sleep(left + 1)
    try:
        run(t)
    except Exception:  # a test that stumbles has failed, and says where
        t.ok(False, "the test ran to its end", traceback.format_exc())
    print(f"1..{t.count}")
    sys.exit(1 if t.failed else 0)


class Result:
    """What a command did: status, out, err (texts), rss (peak bytes), cpu (seconds), seconds."""

    def __init__(self, args, status, out, err, rss, cpu, seconds):
        self.args, self.status, self.out, self.err = args, status, out, err
        self.rss, self.cpu, self.seconds = rss, cpu, seconds

    def rows(self):
        """The objects of --json output."""
        return [json.loads(line) for line in self.out.split("\n") if line.strip()]

    def __str__(self):
        return f"$ karaula {' '.join(self.args)}\n{self.out[-3000:]}{self.err[-3000:]}(exit status {self.status})"


def sanitized():
    """Is the program built with a sanitizer, so that its memory says nothing?"""
    with open(PROGRAM, "rb") as f:
        return b"__asan_init" in f.read()


def run(*args, dir=None, stdin=None, timeout=120, env=None, cwd=None, preexec=None):
    """Run the program to its end. stdin: bytes, or an open file. A hang is a failure of the test."""
    command = [PROGRAM] + (["-C", dir] if dir else []) + [str(a) for a in args]
    feed = stdin if isinstance(stdin, (bytes, type(None))) else None
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if feed is not None else (stdin or subprocess.DEVNULL),
            stdout=out,
            stderr=err,
            env=dict(os.environ, **(env or {})),
            cwd=cwd,
            preexec_fn=preexec,
        )
        _children.append(child)
        killer = None
        if feed is not None:
            try:
                child.stdin.write(feed)
                child.stdin.close()
            except BrokenPipeError:
                pass
            finally:
                child.stdin = None
        status, usage = None, None
        while status is None:
            pid, code, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                status = os.waitstatus_to_exitcode(code)
            elif time.monotonic() - began > timeout and not killer:
                killer = True
                child.kill()
            else:
                time.sleep(0.002)
        child.returncode = status
        _children.remove(child)
        out.seek(0)
        err.seek(0)
        said = err.read().decode("utf-8", "replace")
        if killer:
            said += f"\n(killed: still running after {timeout} s)"
            status = -9
        return Result(
            [str(a) for a in args],
            status,
            out.read().decode("utf-8", "replace"),
            said,
            usage.ru_maxrss * 1024,
            usage.ru_utime + usage.ru_stime,
            time.monotonic() - began,
        )


class Dir:
    """A data directory made by `karaula init`."""

    def __init__(self, init=True, fast=False):
        self.base = temp(fast)
        self.path = os.path.join(self.base, "node")
        self.port = free_port()
        self.listening = False
        self.password = None  # of the administrator, once somebody logged in
        if init:
            r = self.bare("init", self.path, "--name", "test.example", "--country", "RS")
            if r.status:
                raise RuntimeError(f"init failed\n{r}")

    def bare(self, *args, **more):
        return run(*args, **more)

    def run(self, *args, **more):
        return run(*args, dir=self.path, **more)

    def must(self, *args, **more):
        """Run a command that has to succeed."""
        r = self.run(*args, **more)
        if r.status:
            raise RuntimeError(f"the command failed\n{r}")
        return r

    def json(self, *args, **more):
        return self.must(*args, "--json", **more).rows()

    def file(self, name, content):
        """A file beside the data directory; returns its path."""
        path = os.path.join(self.base, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb" if isinstance(content, bytes) else "w") as f:
            f.write(content)
        return path

    def events(self, *expr):
        """All events as objects, sorted so that two directories can be compared."""
        return sorted(self.json("event", "list", *expr, "--limit", "0"), key=lambda e: json.dumps(e, sort_keys=True))

    def count(self, *expr):
        """`karaula event count`: its last line is the bare number."""
        return int(self.must("event", "count", *expr).out.split()[-1])

    def admin_link(self):
        """The one-time link of init; a new one where that is used."""
        try:
            with open(os.path.join(self.path, "secrets", "admin-link"), encoding="ascii") as f:
                return f.read().strip()
        except FileNotFoundError:
            return self.json("user", "link", "admin")[0]["link"]

    def conf(self):
        return os.path.join(self.path, "karaula.conf")

    def set(self, section, name, value):
        """Give one setting of karaula.conf a value, in the place where init left it as a comment."""
        with open(self.conf(), encoding="utf-8") as f:
            text = f.read()
        place = re.compile(rf"(^{section} \{{[^}}]*?)^\t#?{name} = [^\n]*", re.M | re.S)
        if not place.search(text):
            raise RuntimeError(f"karaula.conf has no {section}.{name}")
        with open(self.conf(), "w", encoding="utf-8") as f:
            f.write(place.sub(lambda m: f'{m.group(1)}\t{name} = "{value}"', text, count=1))

    def listen(self, host="127.0.0.1"):
        self.listening = True
        self.set("http", "listen", f"{host}:{self.port}")

    def serve(self, **more):
        if not self.listening:
            self.listen()
        return Serve(self, **more)


class Serve:
    """`karaula serve` in the background, ready when its page answers."""

    def __init__(self, d, env=None, wait=True):
        self.d = d
        self.cookie = None
        self.log_path = os.path.join(d.base, f"serve-{random.random()}.log")
        with open(self.log_path, "wb") as log:
            self.child = subprocess.Popen(
                [PROGRAM, "-C", d.path, "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(os.environ, **(env or {})),
            )
        _children.append(self.child)
        if wait and not self.ready():
            raise RuntimeError("serve did not start\n" + self.log())

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def ready(self, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.child.poll() is None:
            try:
                if self.get("/healthz", anonymous=True)[0]:
                    return True
            except OSError:
                time.sleep(0.02)
        return False

    def ask(self, path, method="GET", headers=(), body=None):
        """(status, headers, text) of a page, as who sends just that."""
        c = http.client.HTTPConnection("127.0.0.1", self.d.port, timeout=20)
        try:
            c.request(method, path, body=body, headers=dict(headers))
            r = c.getresponse()
            return r.status, dict((k.lower(), v) for k, v in r.getheaders()), r.read().decode("utf-8", "replace")
        finally:
            c.close()

    def post(self, path, fields, headers=()):
        """A form as a page of ours sends it."""
        more = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{self.d.port}"}
        more.update(headers)
        return self.ask(path, "POST", more, urllib.parse.urlencode(fields))

    def login(self):
        """Log in as the administrator, whose password is set with the one-time link; returns the Cookie header."""
        if not self.d.password:
            self.d.password = "a sentence for tests"
            link = self.d.admin_link()
            fields = {"password": self.d.password, "again": self.d.password}
            status, headers, text = self.post("/login/link/" + link.rsplit("/", 1)[1], fields)
        else:
            status, headers, text = self.post("/login", {"name": "admin", "password": self.d.password})
        if status != 303:
            raise RuntimeError(f"the login failed with {status}\n{text}")
        return headers["set-cookie"].split(";")[0]

    def get(self, path, method="GET", host=None, anonymous=False):
        """(status, headers, text) of a page, as the administrator."""
        headers = {"Host": host} if host else {}
        if not anonymous:
            self.cookie = self.cookie or self.login()
            headers.update({"Cookie": self.cookie, "Origin": f"http://127.0.0.1:{self.d.port}"})
        return self.ask(path, method, headers)

    def idle(self, seconds=120):
        """Wait until no report is left that was acknowledged but not taken to its end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not any(r["state"] == "spooled" for r in self.d.json("report", "list", "--limit", "0")):
                return True
            time.sleep(0.1)
        return False

    def signal(self, number):
        self.child.send_signal(number)

    def until(self, text, seconds=10):
        """Wait for words in its log."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text.lower() in self.log().lower():
                return True
            time.sleep(0.02)
        return False

    def stop(self, seconds=20):
        """SIGTERM; its exit status, or None if it does not end."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        self.child.kill()
        self.child.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def limit_memory(size):
    """preexec that gives a child an address space of so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))
