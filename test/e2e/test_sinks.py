#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Webhooks against a real HTTPS server (signed, busy, gone, silent, redirecting), and files that are dropped."""
import csv
import hashlib
import hmac
import http.server
import io
import json
import os
import sys
import threading
import time

import kr
import mail
import telling

SECRET = b"a secret of thirty-two letters ..."


class Hooks(http.server.ThreadingHTTPServer):
    """HTTPS. answers: path to a list of (status, headers) that are used one after the other, the last one for ever."""

    daemon_threads = True

    def __init__(self, base):
        super().__init__(("127.0.0.1", 0), Hook)
        self.socket = mail.tls_context(base).wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.got, self.answers, self.release = [], {}, threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path):
        return f"https://127.0.0.1:{self.server_address[1]}{path}"

    def at(self, path, count=1, seconds=20):
        """Requests to a path, once there are so many."""
        end = time.monotonic() + seconds
        while True:
            found = [g for g in self.got if g["path"] == path]
            if len(found) >= count or time.monotonic() > end:
                return found
            time.sleep(0.05)

    def handle_error(self, request, client_address):
        pass


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append({"path": self.path, "headers": dict(self.headers.items()), "body": body, "at": time.time()})
        if self.path.startswith("/never"):
            self.server.release.wait(60)
            return
        answers = self.server.answers.get(self.path, [(200, {})])
        status, headers = answers[0]
        if len(answers) > 1:
            answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):
        pass


def webhook(d, h, n, path, **more):
    return d.recipient(n, h.url(path), **{"by": "webhook", "secret": "hook", **more})


def fine(t, d, h):
    webhook(d, h, 1, "/fine")
    number = d.tell(1, 2)[0]
    x = d.until(number, "sent")
    if not t.same(x["state"], "sent", "a webhook is asked", x):
        return
    got = h.at("/fine")
    t.same(len(got), 1, "once")
    head, body = got[0]["headers"], got[0]["body"]
    stamp, sign = (p.split("=", 1)[1] for p in head["Karaula-Signature"].split(","))
    t.same(sign, hmac.new(SECRET, stamp.encode() + b"." + body, hashlib.sha256).hexdigest(), "the signature is right")
    t.ok(abs(int(stamp) - time.time()) < 120, "and of now")
    t.has(head["Idempotency-Key"], str(number), "a key names the delivery")
    t.same(head["Content-Type"], "application/json", "it is JSON")
    doc = json.loads(body)
    t.same((doc["delivery"], doc["tlp"], doc["rows"], len(doc["events"])), (number, "AMBER", 2, 2), "with number, label and counts")
    t.same(sorted(e["source.ip"] for e in doc["events"]), ["198.51.100.1"] * 2, "and the events in IDF's names")
    t.ok("feed.name" not in doc["events"][0], "but not where they came from")


def repeated(t, d, h):
    h.answers["/busy"] = [(503, {"Retry-After": "3"}), (500, {}), (204, {})]
    webhook(d, h, 2, "/busy")
    number = d.tell(2)[0]
    x = d.until(number, "sent")
    got = h.at("/busy", 3)
    t.same((x["state"], len(got)), ("sent", 3), "a busy one is asked again", x)
    if len(got) < 3:
        return
    t.ok(got[1]["at"] - got[0]["at"] >= 2.9, "not before it said")
    t.same(len({g["headers"]["Idempotency-Key"] for g in got}), 1, "with the same key")
    t.same(len({g["body"] for g in got}), 1, "and the same body")


def ends(t, d, h):
    h.answers["/gone"] = [(410, {})]
    to = webhook(d, h, 3, "/gone")
    x = d.until(d.tell(3)[0], "failed")
    t.same(x["state"], "failed", "one that is gone has failed")
    r = next(r for r in d.json("recipient", "list") if r["id"] == to)
    t.same(r["state"], "disabled", "and is switched off")
    h.answers["/redirect"] = [(307, {"Location": h.url("/elsewhere")})]
    webhook(d, h, 4, "/redirect")
    x = d.until(d.tell(4)[0], "retry")
    t.has(x["reason"], "redirect", "a redirect is told")
    t.same(h.at("/elsewhere", seconds=0), [], "and not followed")
    d.recipient(5, "http://192.0.2.1/hook", by="webhook", secret="hook")
    x = d.until(d.tell(5)[0], "failed", "retry")
    t.has(x["reason"], "https", "without TLS nothing is sent")
    for url in ("http://127.example.org/hook", "http://localhost:80@192.0.2.1/hook"):
        to = d.recipient(5, url, by="webhook", secret="hook")
        x = d.until(d.tell(5)[0], "failed", "retry")
        t.ok(x["state"] == "failed" and "https" in x["reason"], f"{url} is not this machine", x)
        d.must("recipient", "remove", to)
    webhook(d, h, 6, "/nosecret", secret="missing")
    x = d.until(d.tell(6)[0], "retry")
    t.has(x["reason"], "missing", "without its secret a webhook is not asked")
    t.same(h.at("/nosecret", seconds=0), [], "at all")


def silent(t, d, h):
    webhook(d, h, 7, "/never")
    number = d.tell(7)[0]
    h.at("/never")
    webhook(d, h, 8, "/quick")
    began = time.monotonic()
    x = d.until(d.tell(8)[0], "sent")
    t.ok(x["state"] == "sent" and time.monotonic() - began < 8, "one that never answers does not delay the others", x)
    x = d.until(number, "retry")
    t.same(x["state"], "retry", "its time runs out")


def files(t, d, drop):
    d.recipient(9, "desk-a", by="file", format="csv,json")
    number = d.tell(9, 3)[0]
    x = d.until(number, "sent")
    if not t.same(x["state"], "sent", "files are written", x):
        return
    folder = os.path.join(drop, "desk-a")
    t.same(sorted(os.listdir(folder)), [f"delivery-{number}{end}" for end in (".csv", ".json", ".ok")], "a table, JSON and a mark, nothing else")

    def read(end):
        with open(os.path.join(folder, f"delivery-{number}{end}"), "rb") as f:
            return f.read()

    ok = json.loads(read(".ok"))
    t.same((ok["delivery"], ok["rows"], ok["tlp"]), (number, 3, "AMBER"), "the mark tells what it is")
    t.same([f["sha256"] for f in ok["files"]], [hashlib.sha256(read(e)).hexdigest() for e in (".csv", ".json")], "with the digests of the others")
    t.same(len(list(csv.reader(io.StringIO(read(".csv").decode())))), 4, "the table has a head and three rows")
    t.same(len(json.loads(read(".json"))), 3, "JSON has three events")
    t.same(oct(os.stat(os.path.join(folder, f"delivery-{number}.csv")).st_mode & 0o777), "0o640", "not for everybody")


def away(t, d, drop):
    os.rename(drop, drop + "-away")
    number = d.tell(9)[0]
    x = d.until(number, "retry")
    t.has(x["reason"], "delivery.file_dir", "a folder that is not mounted is waited for")
    os.rename(drop + "-away", drop)
    t.same(d.until(number, "sent")["state"], "sent", "until it is there")
    os.mkdir(os.path.join(drop, "desk-a", f"delivery-{number + 1}.ok"))
    number = d.tell(9)[0]
    x = d.until(number, "retry")
    t.same((x["id"], x["state"]), (number, "retry"), "so is what is in the way of the last file")
    os.rmdir(os.path.join(drop, "desk-a", f"delivery-{number}.ok"))
    t.same(d.until(number, "sent")["state"], "sent", "then it is whole")


def folders(t, d, drop):
    for bad in ("../out", "/etc", "..", ".hidden", "a/b", ""):
        r = d.run("recipient", "add", "c10", bad, "--by", "file", "--classes", "*=now")
        if r.status == 0:  # then nothing may come of it
            number = d.tell(10)[0]
            x = d.until(number, "failed")
            t.same(x["state"], "failed", f"the folder {bad!r} is refused when it is used", x)
            d.must("recipient", "remove", str(r.out.split()[0]) if not r.out.startswith("No") else str(d.json("recipient", "list", "--constituent", "c10")[-1]["id"]))
        else:
            t.ok(True, f"the folder {bad!r} is refused")
    os.symlink("/tmp", os.path.join(drop, "linked"))
    d.recipient(11, "linked", by="file")
    x = d.until(d.tell(11)[0], "retry", "failed")
    t.ok(x["state"] in ("retry", "failed"), "a link in the place of a folder is not followed", x)
    t.ok(not any(n.startswith("delivery-") for n in os.listdir("/tmp")), "nothing is written behind it")


def settings(t, d):
    """What doctor says about ways out that could not be used."""
    def says(check):
        return next((x for x in d.run("doctor", "--json").rows() if x["check"] == check), {})

    t.same(says("files").get("status"), "ok", "doctor finds the folder for files")
    d.set("delivery", "mail", "yes")
    t.has(str(says("mail")), "mail.from", "and that mail has no sender")
    d.set("mail", "from", "csirt@example.org")
    t.same(says("mail").get("status"), "warn", "that what comes back is not assigned")
    d.set("mail", "bounce", "bounces@example.org")
    t.same(says("mail").get("status"), "ok", "and nothing more")
    d.set("mail", "server", "mail.example.org")
    d.set("mail", "tls", "none")
    t.has(str(says("mail")), "without encryption", "mail in the clear")
    d.set("mail", "tls", "starttls")
    d.set("mail", "user", "karaula")
    d.set("mail", "password", "nothing")
    t.same(says("mail").get("status"), "fail", "a password that is not there")
    d.set("delivery", "file_dir", "/nowhere")
    t.same(says("files").get("status"), "fail", "a folder that is not there")


def main(t):
    base = kr.temp()
    mail.certificate(base)
    h = Hooks(base)
    drop = os.path.join(base, "drop")
    os.mkdir(drop)
    d = telling.Node(11, net__ca_file=os.path.join(base, "ca.pem"), delivery__webhook_timeout="4s", delivery__file_dir=drop,
                     delivery__webhook="yes", delivery__file="yes")
    with open(os.open(os.path.join(d.path, "secrets", "hook"), os.O_CREAT | os.O_WRONLY, 0o600), "wb") as f:
        f.write(SECRET)
    s = d.serve()
    fine(t, d, h)
    repeated(t, d, h)
    ends(t, d, h)
    silent(t, d, h)
    files(t, d, drop)
    away(t, d, drop)
    folders(t, d, drop)
    t.same(s.stop(), 0, "the node ends in order")
    settings(t, d)
    t.ok("198.51.100" not in s.log() and "/fine" not in s.log(), "the log holds no addresses", s.log())
    h.release.set()


kr.main(main, sys.modules[__name__])
