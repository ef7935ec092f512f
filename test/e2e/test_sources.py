#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sources that run by themselves: folders, HTTP and HTTPS, the reports API; what goes wrong there, and what a kill leaves."""
import os
import sys
import threading
import time

import kr
import reports
import webserver
from webserver import day, node, secret, wait


def state(d, name):
    return d.json("source", "show", name)[0]


def http_basics(t, tls):
    version = {"body": reports.idf(100), "etag": '"v1"'}

    def answer(h, method, path, body):
        if path == "/list":
            if h.headers.get("If-None-Match") == version["etag"]:
                return h.send(304, ETag=version["etag"])
            return h.send(200, version["body"], ETag=version["etag"], Content_Disposition='attachment; filename="feed.jsonl"')
        if path == "/token":
            ok = h.headers.get("Authorization") == "Bearer abc=="
            return h.send(200 if ok else 401, reports.idf(5, start=500) if ok else b"who are you")
        if path == "/basic":
            ok = h.headers.get("Authorization") == "Basic dXNlcjpwYTpzcw=="
            return h.send(200 if ok else 401, reports.idf(5, start=600))
        if path == "/field":
            return h.send(200 if h.headers.get("X-Feed-Key") == "abc==" else 403, reports.idf(5, start=700))
        return h.send(404, b"nothing here")

    s = webserver.Server(answer, tls)
    d = node(tls)
    r = d.run("source", "add", "feed", "--kind", "http", "--url", s.url("/list"), "--format", "idf", "--interval", "1h")
    t.same(r.status, 0, "a source that runs is added", r)
    r = d.run("source", "test", "feed")
    t.ok(r.status == 0 and "feed.jsonl" in r.out, "testing it fetches a sample over HTTPS", r)
    t.same(d.count(), 0, "and takes nothing")
    rows = d.json("source", "run", "feed")
    t.same((rows[0]["reports"], rows[0]["records"]), (1, 100), "a run takes what is there")
    t.same(d.json("report", "list")[0]["name"], "feed.jsonl", "under the name that the server gives")
    rows = d.json("source", "run", "feed")
    t.same((rows[0]["reports"], rows[0]["known"]), (0, 0), "again: not modified")
    t.same(s.asked[-1][2].get("if-none-match"), '"v1"', "since the ETag was sent")
    t.ok(s.asked[-1][2].get("user-agent", "").startswith("karaula/"), "by a client that says its name")
    version.update(body=reports.idf(30, start=200), etag='"v2"')
    t.same(d.json("source", "run", "feed")[0]["records"], 30, "a new version is taken")
    st = state(d, "feed")
    t.same((st["failures"], st["etag"]), (0, '"v2"'), "its state has the new ETag", st)
    version.update(etag='"v3"')
    t.same(d.json("source", "run", "feed")[0]["known"], 1, "the same bytes under a new ETag are known")
    d.must("source", "edit", "feed", "--url", s.url("/list?x"))
    t.ok("etag" not in state(d, "feed"), "a change of the address forgets the ETag")

    secret(d, "token", "abc==\n")
    secret(d, "login", "user:pa:ss\n")
    for name, option in (("token", "auth=bearer"), ("basic", "auth=basic"), ("field", "auth=field")):
        more = ["--option", "field=X-Feed-Key"] if name == "field" else []
        d.must("source", "add", name, "--kind", "http", "--url", s.url("/" + name), "--format", "idf", "--secret",
               "login" if name == "basic" else "token", "--option", option, *more)
        t.same(d.json("source", "run", name)[0]["records"], 5, f"a secret is sent: {option}")
    secret(d, "token", "wrong")
    r = d.run("source", "run", "token")
    t.ok(r.status == 7 and "401" in r.err and "who are you" in r.err, "a wrong one is told with the status", r)
    secret(d, "token", "abc==", mode=0o644)
    r = d.run("source", "run", "token")
    t.ok(r.status == 7 and "0600" in r.err, "one that others can read is refused", r)
    os.unlink(os.path.join(d.path, "secrets", "token"))
    t.has(d.run("source", "run", "token").err, "chmod 600", "one that is missing is told")
    everything = "".join(open(os.path.join(d.path, f), "rb").read().decode("latin-1") for f in ("main.db", "main.db-wal") if os.path.exists(os.path.join(d.path, f)))
    t.ok("abc==" not in everything and "pa:ss" not in everything, "no secret is in the database")
    s.close()


def http_ill(t, tls, folder):
    stop = threading.Event()

    def answer(h, method, path, body):
        if path == "/500":
            return h.send(500, b"the disk is on fire")
        if path == "/503":
            return h.send(503, b"later", Retry_After="7200")
        if path == "/loop":
            return h.send(302, b"", Location="/loop")
        if path == "/down":
            return h.send(302, b"", Location=f"http://127.0.0.1:{h.server.server_address[1]}/x")
        if path == "/metadata":
            return h.send(302, b"", Location="http://169.254.169.254/latest/meta-data/")
        if path == "/cut":
            h.send_response(200)
            h.send_header("Content-Length", "1000000")
            h.end_headers()
            h.wfile.write(reports.idf(50))
            h.close_connection = True
            return None
        if path == "/endless":
            h.send_response(200)
            h.end_headers()
            while not stop.is_set():
                h.wfile.write(b'{"source.ip": "192.0.2.1"}\n' * 1000)
            h.close_connection = True
            return None
        if path == "/slow":
            h.send_response(200)
            h.send_header("Content-Length", "1000000")
            h.end_headers()
            h.wfile.write(b"{")
            h.wfile.flush()
            stop.wait(30)
            h.close_connection = True
            return None
        return h.send(200, reports.idf(3))

    s = webserver.Server(answer, tls)
    d = node(tls)
    d.set("net", "response_max", "1MiB")
    for name, status, words in (
        ("500", 5, "the disk is on fire"),
        ("503", 5, "503"),
        ("loop", 4, "redirects"),
        ("down", 7, "https to http"),
        ("metadata", None, "redirect"),
        ("cut", 5, "cut"),
        ("endless", 4, "larger than"),
        ("slow", 5, "nothing came for 2s"),
    ):
        d.must("source", "add", "ill-" + name, "--kind", "http", "--url", s.url("/" + name), "--format", "idf")
        r = d.run("source", "run", "ill-" + name)
        t.ok(r.status == status if status else r.status > 0, f"{name}: the run fails", r)
        t.has(r.err, words, f"{name}: and says why")
        st = state(d, "ill-" + name)
        t.ok(st["failures"] == 1 and words in st["error"], f"{name}: so does its state", st)
    t.same(d.count(), 0, "nothing of all that was taken")
    t.same(len(d.json("report", "list")), 0, "and nothing was spooled")
    st = state(d, "ill-503")
    t.ok(st["next"] > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7000)), "Retry-After is kept", st)

    other = webserver.certificate(folder, "other.example.org")
    liar = webserver.Server(lambda h, *a: h.send(200, reports.idf(1)), other)
    d.must("source", "add", "liar", "--kind", "http", "--url", liar.url("/"), "--format", "idf")
    r = d.run("source", "run", "liar")
    t.ok(r.status == 7 and "certificate" in r.err and "net.ca_file" in r.err, "a certificate of another is refused", r)
    d.set("net", "ca_file", other[0])
    r = d.run("source", "run", "liar")
    t.ok(r.status == 7 and "certificate" in r.err, "also when its authority is trusted but its name is another", r)
    plain = webserver.Server(lambda h, *a: h.send(200, b"x"))
    d.must("source", "add", "plain", "--kind", "http", "--url", f"https://127.0.0.1:{plain.port}/")
    t.has(d.run("source", "run", "plain").err, "TLS", "a server without TLS is told")
    d.must("source", "add", "nobody", "--kind", "http", "--url", f"http://127.0.0.1:{kr.free_port()}/")
    t.has(d.run("source", "run", "nobody").err, "takes no connection", "a port that refuses is told")
    stop.set()
    for server in (s, liar, plain):
        server.close()


def bad_sources(t):
    d = node()
    for args, words in (
        (["--kind", "htpp", "--url", "http://127.0.0.1/"], "kinds are"),
        (["--kind", "http"], "--url"),
        (["--kind", "http", "--url", "ftp://example.org/"], "https://"),
        (["--kind", "http", "--url", "https://u:p@example.org/"], "secrets"),
        (["--kind", "directory", "--url", "here"], "whole path"),
        (["--kind", "http", "--url", "http://127.0.0.1/", "--interval", "1s"], "10s"),
        (["--kind", "http", "--url", "http://127.0.0.1/", "--option", "atuh=basic"], "did you mean auth"),
        (["--kind", "http", "--url", "http://127.0.0.1/", "--option", "auth=digest"], "bearer basic field"),
        (["--kind", "shadowserver", "--option", "days=100"], "from 1 to 60"),
        (["--kind", "http", "--url", "http://127.0.0.1/", "--secret", "../main.db"], "DIR/secrets/"),
        (["--option", "auth=basic"], "--kind"),
        (["--silent-after", "soon"], "never"),
    ):
        r = d.run("source", "add", "bad", *args)
        t.ok(r.status == 2 and words in r.err, f"{' '.join(args)}: refused with the right way", r)
    t.same(len(d.json("source", "list")), 0, "none of them was added")
    d.must("source", "add", "manual")
    r = d.run("source", "run", "manual")
    t.ok(r.status == 2 and "--kind" in r.err, "a source without a kind does not run", r)
    d.must("source", "add", "cloud", "--kind", "http", "--url", "http://169.254.169.254/latest/")
    t.has(d.run("source", "run", "cloud").err, "never asked", "the metadata service is never asked")


def shadowserver(t, tls):
    api = webserver.Shadowserver(tls)
    d = node(tls)
    d.must("source", "mapping", "import", d.file("mapping.json", reports.mapping()))
    secret(d, "shadow", f"[api]\nkey = {api.key}\nsecret = {api.secret}\nuri = x\n")
    d.must("source", "add", "shadow", "--kind", "shadowserver", "--url", api.server.url("/api2/"), "--secret", "shadow", "--format",
           "shadowserver", "--option", "download=" + api.server.url("/dl"), "--option", "days=3")
    t.same(d.json("source", "run", "shadow")[0]["reports"], 0, "no report: nothing happens")
    for back, n in ((2, 40), (1, 50), (0, 60)):
        api.add(day(-back), f"id-{back}", reports.name(back + 1), "event4_sinkhole_http", reports.sinkhole(n, seed=back))
    api.add(day(-9), "too-old", reports.name(9), "event4_sinkhole_http", reports.sinkhole(10, seed=9))
    api.add(day(0), "evil", "../../etc/passwd", "event4_sinkhole_http", b"x")
    api.add(day(0), "../evil", reports.name(8), "event4_sinkhole_http", b"x")
    r = d.run("source", "test", "shadow")
    t.ok(r.status == 0 and "60 events" in r.out, "testing it shows the newest report", r)
    rows = d.json("source", "run", "shadow")
    t.same((rows[0]["reports"], rows[0]["records"]), (3, 150), "all reports of the last days are taken")
    t.same(sorted(r["name"] for r in d.json("report", "list")), sorted(reports.name(i) for i in (1, 2, 3)), "under their own names")
    t.same(api.refused, 0, "every request was signed right")
    asked = len(api.downloads())
    t.same(d.json("source", "run", "shadow")[0]["reports"], 0, "a second run takes nothing")
    t.same(len(api.downloads()), asked, "and downloads nothing")
    api.add(day(-1), "late", reports.name(4), "event4_sinkhole_http", reports.sinkhole(20, seed=4))
    api.add(day(-1), "cut", reports.name(5), "event4_sinkhole_http", reports.sinkhole(30, seed=5))
    api.add(day(0), "gone", reports.name(6), "event4_sinkhole_http", b"x")
    api.add(day(0), "good", reports.name(7), "event4_sinkhole_http", reports.sinkhole(25, seed=6))
    api.down.add("cut")
    api.gone.add("gone")
    r = d.run("source", "run", "shadow")
    t.ok(r.status == 5 and "cut" in r.err, "a download that is cut is an error", r)
    t.same(len(d.json("report", "list")), 5, "but the other reports are taken, late ones too")
    api.down.clear()
    t.same(d.json("source", "run", "shadow")[0]["records"], 30, "the next run takes what was cut")
    t.same(api.downloads().count("gone"), 1, "what is gone is not asked for again")
    d.must("source", "edit", "shadow", "--option", "types=scan_ssl,scan_smb")
    api.add(day(0), "other", reports.name(20), "event4_sinkhole_http", reports.sinkhole(5, seed=20))
    d.must("source", "run", "shadow")
    t.ok("other" not in api.downloads(), "types that are not wanted are not fetched")
    secret(d, "shadow", f"key = {api.key}\nsecret = wrong\n")
    r = d.run("source", "run", "shadow")
    t.ok(r.status == 4 and "Unauthorized" in r.err, "a wrong secret: the words of the API are told", r)
    secret(d, "shadow", "key = x\n")
    t.has(d.run("source", "run", "shadow").err, "lacks the secret", "half a secret is told")
    api.server.close()


def directory(t):
    d = node()
    box = os.path.join(d.base, "inbox")
    os.mkdir(box)
    d.must("source", "add", "box", "--kind", "directory", "--url", box, "--format", "idf", "--interval", "1h", "--option", "pattern=*.jsonl")
    s = d.serve()

    def put(name, content, where=box):
        with open(os.path.join(where, name), "wb") as f:
            f.write(content)

    put("moved.jsonl", reports.idf(10), d.base)
    os.rename(os.path.join(d.base, "moved.jsonl"), os.path.join(box, "moved.jsonl"))
    t.ok(wait(lambda: d.count() == 10), "a file that is moved in is taken at once", s.log())
    t.ok(wait(lambda: os.listdir(os.path.join(box, "done")) == ["moved.jsonl"]), "and moved to done/")
    with open(os.path.join(box, "slow.jsonl"), "wb") as f:
        for i in range(8):
            f.write(reports.idf(5, start=100 + i * 5))
            f.flush()
            time.sleep(0.3)
            if i == 6:
                t.same(d.count(), 10, "a file that is still written is left alone")
    t.ok(wait(lambda: d.count() == 50), "and taken when it is closed", s.log())
    for name in ("x.jsonl.part", ".hidden.jsonl", "y.jsonl.tmp", "z.txt"):
        put(name, reports.idf(5, start=900))
    os.symlink("/etc/passwd", os.path.join(box, "link.jsonl"))
    os.mkfifo(os.path.join(box, "fifo.jsonl"))
    put("bad.jsonl", b"PK\x03\x04 this is no archive")
    put("what.jsonl", b"\x00\x01\x02 nothing that anybody knows\n" * 10)
    failed = os.path.join(box, "failed")
    t.ok(wait(lambda: os.path.exists(os.path.join(failed, "bad.jsonl.reason"))), "what cannot be read goes to failed/", s.log())
    with open(os.path.join(failed, "bad.jsonl.reason"), encoding="utf-8") as f:
        t.ok(len(f.read()) > 10, "with the reason beside it")
    put("moved.jsonl", reports.idf(10))
    t.ok(wait(lambda: sorted(os.listdir(os.path.join(box, "done"))).count("moved.jsonl.1")), "the same file again is put beside the first")
    time.sleep(0.5)
    t.same(d.count(), 50, "and counted once; unfinished names, links and pipes are passed over")
    t.ok(os.path.exists(os.path.join(box, "x.jsonl.part")) and os.path.islink(os.path.join(box, "link.jsonl")), "and left where they are")
    t.same(s.stop(), 0, "the node ends in order", s.log())

    for i in range(300):
        put(f"many-{i:03}.jsonl", reports.idf(20, start=10000 + i * 20))
    time.sleep(0.3)
    s = d.serve()
    wait(lambda: d.count() > 500)
    s.kill()
    left = len([n for n in os.listdir(box) if n.startswith("many")])
    t.note(f"{left} files left at the kill")
    s = d.serve()
    t.ok(wait(lambda: d.count() >= 6050, 60), "after a kill -9 the rest is taken", s.log())
    t.ok(wait(lambda: not [n for n in os.listdir(box) if n.startswith("many")]), "no file is left behind")
    t.same(d.count(), 6050, "and none is counted twice")
    t.same(d.run("doctor", "--deep").status, 0, "every counter equals a recount")
    d.must("source", "edit", "box", "--option", "after=delete")
    put("away.jsonl", reports.idf(5, start=90000))
    t.ok(wait(lambda: d.count() == 6055 and not os.path.exists(os.path.join(box, "away.jsonl"))), "after=delete deletes", s.log())
    t.same(s.stop(), 0, "the node ends in order", s.log())
    os.rename(box, box + ".away")
    t.has(d.run("source", "run", "box").err, "folder", "a folder that is not there is told")


def schedule(t, tls):
    version = [0]
    fail = [False]
    gate = threading.Event()

    def answer(h, method, path, body):
        if path == "/hang":
            h.send_response(200)
            h.send_header("Content-Length", "100000")
            h.end_headers()
            h.wfile.write(reports.idf(5))
            h.wfile.flush()
            gate.wait(60)
            h.close_connection = True
            return None
        if fail[0]:
            return h.send(500, b"no")
        version[0] += 1
        return h.send(200, reports.idf(10, start=version[0] * 10))

    s = webserver.Server(answer, tls)
    d = node(tls)
    d.set("net", "silence", "50s")
    d.must("source", "add", "tick", "--kind", "http", "--url", s.url("/tick"), "--format", "idf", "--interval", "1h")
    d.must("source", "add", "off", "--kind", "http", "--url", s.url("/off"), "--format", "idf", "--enabled", "no")
    d.must("source", "add", "quiet", "--silent-after", "1s")
    d.must("source", "add", "calm", "--silent-after", "never")
    time.sleep(1.2)
    n = d.serve()
    t.ok(wait(lambda: d.count() >= 10), "the node runs a source by itself", n.log())
    r = d.run("source", "run", "tick")
    t.ok(r.status == 0 and d.count() == 20, "and on command", r)
    t.ok(n.until("a source is silent"), "a silent source is told", n.log())
    t.same(n.log().count("a source is silent"), 1, "once", n.log())
    rows = {r["name"]: r for r in d.json("source", "list")}
    t.same((rows["quiet"]["state"], rows["calm"]["state"], rows["off"]["state"]), ("silent", "", "disabled"), "the list shows it", rows)
    metrics = n.get("/metrics")[2]
    for line in ('karaula_source_last_success_timestamp_seconds{source="tick"}', 'karaula_source_silent{source="quiet"} 1', "karaula_reports_waiting 0",
                 'karaula_rows_total{source="tick"} 20', 'karaula_source_failures_total{source="tick"} 0'):
        t.has(metrics, line, f"/metrics has {line}")
    fail[0] = True
    r = d.run("source", "run", "tick")
    t.same(r.status, 5, "a failing run on command", r)
    t.has(n.get("/metrics")[2], 'karaula_source_failures_total{source="tick"} 1', "is counted")
    page = n.get("/sources")[2]
    t.ok("failing" in page and "silent" in page, "the page of sources shows both")
    page = n.get("/sources/tick")[2]
    t.ok("status 500" in page and "Next run" in page, "the page of the source has the error and the next run")
    t.same([p for p in s.paths() if p == "/off"], [], "a disabled source is not asked")
    fail[0] = False
    d.must("source", "edit", "tick", "--interval", "2h")
    t.ok(wait(lambda: state(d, "tick")["failures"] == 0 and d.count() == 30), "a change runs it anew", state(d, "tick"))

    d.must("source", "add", "hang", "--kind", "http", "--url", s.url("/hang"), "--format", "idf")
    t.ok(wait(lambda: "/hang" in s.paths()), "a fetch is on its way")
    r = d.run("source", "run", "hang")
    t.same(r.status, 5, "a source that runs is not run twice", r)
    begin = time.monotonic()
    t.same(n.stop(), 0, "the node ends while a fetch hangs", n.log())
    t.ok(time.monotonic() - begin < 8, "without waiting for it")
    asked = s.paths().count("/hang")
    n = d.serve()
    t.ok(wait(lambda: s.paths().count("/hang") > asked), "the next start fetches again")
    before = d.count()
    n.kill()
    t.same(d.count(), before, "a kill in the middle of a fetch leaves nothing half taken")
    t.same(d.run("doctor").status, 0, "and the directory in order", d.run("doctor"))
    gate.set()
    s.close()


def main(t):
    folder = kr.temp()
    tls = webserver.certificate(folder)
    bad_sources(t)
    http_basics(t, tls)
    http_ill(t, tls, folder)
    shadowserver(t, tls)
    directory(t)
    schedule(t, tls)


kr.main(main, sys.modules[__name__])
