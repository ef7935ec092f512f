# SPDX-License-Identifier: Apache-2.0
"""Servers on loopback that play what feeds do: HTTPS with a certificate made here, and every illness a server can have."""
import hashlib
import hmac
import http.server
import json
import os
import ssl
import subprocess
import threading
import time

import kr


def openssl(*args):
    done = subprocess.run(["openssl", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f"openssl {args}: {done.stderr}")


def certificate(folder, name="localhost", days="2"):
    """A self-signed certificate for localhost and 127.0.0.1: (certificate, key) as paths."""
    crt, key = os.path.join(folder, name + ".crt"), os.path.join(folder, name + ".key")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", days, "-subj", f"/CN={name}",
            "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1" if name == "localhost" else f"subjectAltName=DNS:{name}",
            "-keyout", key, "-out", crt)
    return crt, key


class Server:
    """`answer(handler, method, path, body)` plays; what was asked is in .asked as (method, path, headers, body)."""

    def __init__(self, answer, tls=None):
        outer = self
        self.asked = []
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def play(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with outer.lock:
                    outer.asked.append((self.command, self.path, dict((k.lower(), v) for k, v in self.headers.items()), body))
                try:
                    answer(self, self.command, self.path, body)
                except (BrokenPipeError, ConnectionResetError, ssl.SSLError, OSError):
                    self.close_connection = True

            do_GET = do_POST = play

            def send(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *args: None
        self.scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            self.scheme = "https"
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def url(self, path="/"):
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def paths(self):
        with self.lock:
            return [path for _, path, _, _ in self.asked]

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class Shadowserver:
    """The reports API: lists by day, downloads by id; every POST must carry the right HMAC."""

    def __init__(self, tls=None):
        self.key, self.secret = "11-22-33", "not so secret"
        self.reports = {}  # day -> [(id, file, type, content)]
        self.down = set()  # ids whose download is cut
        self.gone = set()
        self.refused = 0
        self.server = Server(self.answer, tls)

    def add(self, day, rid, file, kind, content):
        self.reports.setdefault(day, []).append((rid, file, kind, content))

    def signed(self, h, body):
        want = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(h.headers.get("HMAC2") or "", want) and json.loads(body).get("apikey") == self.key

    def answer(self, h, method, path, body):
        if method == "POST" and not self.signed(h, body):
            self.refused += 1
            return h.send(200, b'{"error": "Unauthorized"}', Content_Type="application/json")
        if path == "/api2/reports/list":
            ask = json.loads(body)
            rows = [
                {"id": rid, "file": file, "type": kind, "report": "example", "timestamp": ask["date"], "url": f"https://dl.example.org/{rid}"}
                for rid, file, kind, _ in self.reports.get(ask["date"], [])
                if not ask.get("type") or ask["type"] == kind
            ]
            return h.send(200, json.dumps(rows).encode(), Content_Type="application/json")
        rid = json.loads(body)["id"] if method == "POST" else path.rsplit("/", 1)[-1]
        for rows in self.reports.values():
            for known, _, _, content in rows:
                if known != rid or rid in self.gone:
                    continue
                if rid in self.down:
                    h.send_response(200)
                    h.send_header("Content-Length", str(len(content)))
                    h.end_headers()
                    h.wfile.write(content[: len(content) // 2])
                    h.close_connection = True
                    return None
                return h.send(200, content, Content_Type="text/csv")
        return h.send(404, b"no such report")

    def downloads(self):
        return [p.rsplit("/", 1)[-1] for p in self.server.paths() if p.startswith("/dl/")]


def day(offset=0):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + offset * 86400))


def wait(what, seconds=30):
    """Until what() is true; its last value."""
    end = time.monotonic() + seconds
    value = what()
    while not value and time.monotonic() < end:
        time.sleep(0.05)
        value = what()
    return value


def secret(d, name, text, mode=0o600):
    folder = os.path.join(d.path, "secrets")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def node(tls=None):
    """A data directory whose node trusts our certificate and does not wait for files to settle for long."""
    d = kr.Dir()
    if tls:
        d.set("net", "ca_file", tls[0])
    d.set("sources", "settle", "200ms")
    d.set("net", "silence", "2s")
    d.set("net", "timeout", "20s")
    return d
