#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The API against its own description: every path and method of /api/openapi.json, by every role, with right and wrong input.

Answers are held against their schema by a small checker of JSON Schema; a status that is not documented is a failure. Then
what no description says: a constituent's key sees its own in every way that leads to events, keys that are forged or ended,
tags, bodies that are bombs, too large, slow or packed, and notices as they come.
"""
import csv
import datetime
import gzip
import http.client
import io
import json
import re
import socket
import sys
import threading
import time
import urllib.parse
import zipfile

import kr

ROLES = ["viewer", "duty", "analyst", "lead", "admin", "partner", "police"]
PROBLEM = "application/problem+json"


# ---- a checker of the part of JSON Schema 2020-12 that the description uses ----

def kind_ok(v, kind):
    return {
        "object": isinstance(v, dict),
        "array": isinstance(v, list),
        "string": isinstance(v, str),
        "integer": isinstance(v, int) and not isinstance(v, bool),
        "number": isinstance(v, (int, float)) and not isinstance(v, bool),
        "boolean": isinstance(v, bool),
        "null": v is None,
    }[kind]


def format_ok(v, name):
    try:
        if name == "date":
            datetime.date.fromisoformat(v)
        elif name == "date-time":
            datetime.datetime.fromisoformat(v.replace("Z", "+00:00"))
            return v.endswith("Z")
    except ValueError:
        return False
    return True


def check(doc, schema, v, at="$"):
    """Faults of a value under a schema."""
    if "$ref" in schema:
        node = doc
        for step in schema["$ref"][2:].split("/"):
            node = node[step]
        return check(doc, node, v, at)
    known = {"type", "enum", "properties", "required", "additionalProperties", "patternProperties", "items", "minimum", "maximum", "minLength",
             "maxLength", "format", "description", "default"}
    faults = [f"{at}: keyword {k} is not checked" for k in schema if k not in known]
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(kind_ok(v, k) for k in kinds):
            return faults + [f"{at}: {v!r} is no {kinds}"]
    if "enum" in schema and v not in schema["enum"]:
        faults.append(f"{at}: {v!r} is none of {schema['enum']}")
    if isinstance(v, str):
        if not schema.get("minLength", 0) <= len(v) <= schema.get("maxLength", 1 << 60):
            faults.append(f"{at}: {len(v)} characters")
        if not format_ok(v, schema.get("format")):
            faults.append(f"{at}: {v!r} is no {schema['format']}")
    if kind_ok(v, "integer") and not schema.get("minimum", v) <= v <= schema.get("maximum", v):
        faults.append(f"{at}: {v} is out of bounds")
    if isinstance(v, list):
        for i, item in enumerate(v):
            faults += check(doc, schema.get("items", {}), item, f"{at}[{i}]")
    if isinstance(v, dict):
        faults += [f"{at}: {name} is missing" for name in schema.get("required", []) if name not in v]
        for name, item in v.items():
            patterns = [s for p, s in schema.get("patternProperties", {}).items() if re.search(p, name)]
            if name in schema.get("properties", {}):
                faults += check(doc, schema["properties"][name], item, f"{at}.{name}")
            elif patterns:
                faults += check(doc, patterns[0], item, f"{at}.{name}")
            elif schema.get("additionalProperties") is False:
                faults.append(f"{at}: {name} is not described")
    return faults


# ---- the node and who asks ----

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.headers}\n{self.body[:1500]}"


class Api:
    def __init__(self, port):
        self.port = port
        self.keys = {}

    def ask(self, method, path, key=None, body=None, headers=None, timeout=60):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        h = dict(headers or {})
        if key:
            h["Authorization"] = "Bearer " + self.keys.get(key, key)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            h.setdefault("Content-Type", "application/json")
        try:
            c.request(method, path, body=body, headers=h)
            r = c.getresponse()
            return Answer(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        finally:
            c.close()

    def get(self, path, key="admin", **headers):
        return self.ask("GET", "/api/v1" + path, key, headers={k.replace("_", "-"): v for k, v in headers.items()})


YESTERDAY = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))  # what is older than delivery.age_max is not told


def lines(first, n, net, kind="scanner"):
    return "".join(f"{net}.{first + i},{kind},{YESTERDAY}T10:{i % 60:02}:00Z\n" for i in range(n))


HEAD = "source.ip,classification.type,time.source\n"
REGISTER = "name,title,contact,prefixes\nbank,Example Bank,soc@bank.example.org,198.51.100.0/24\nschool,Example School,,203.0.113.0/24\n"


def make(t):
    d = kr.Dir()
    d.must("constituent", "import", d.file("register.csv", REGISTER))
    for name, tlp in (("open", "green"), ("team", "amber"), ("strict", "amber+strict")):
        d.must("source", "add", name, "--tlp", tlp)
    d.must("take", "--source", "open", d.file("a.csv", HEAD + lines(1, 12, "198.51.100") + lines(1, 9, "203.0.113") + lines(1, 5, "192.0.2")))
    d.must("take", "--source", "team", d.file("b.csv", HEAD + lines(50, 8, "198.51.100", "phishing") + lines(50, 6, "203.0.113")))
    d.must("take", "--source", "strict", d.file("c.csv", HEAD + lines(90, 4, "198.51.100") + "1,2,3,4,5\n"))
    api = Api(d.port)

    def key(name, *args):
        api.keys[name] = d.json("apikey", "create", name, *args)[0]["key"]

    for role in ROLES:
        key(role, "--role", role)
    key("bank", "--constituent", "bank")
    key("school", "--constituent", "school")
    key("revoked", "--role", "admin")
    key("expired", "--role", "admin", "--expires", "1s")
    key("green", "--role", "viewer", "--tlp", "green")
    revoked = [k for k in d.json("apikey", "list") if k["name"] == "revoked"][0]
    d.must("apikey", "revoke", revoked["id"])
    return d, api


# ---- every path and method ----

def examples(api):
    """A good value for each parameter of a path."""
    event = api.get("/events?limit=1").json()["events"][0]["id"]
    report = api.get("/reports?limit=1").json()["reports"][0]["id"]
    return {"events": event, "reports": report, "sources": "open", "constituents": "bank", "apikeys": 9999, "users": api.get("/users").json()["users"][0]["name"]}


def filled(path, good):
    folder = (path.split("/") + [""])[3]
    return re.sub(r"\{\w+\}", lambda m: urllib.parse.quote(str(good.get(folder, 1))), path)


GOOD = {"q": "type:scanner", "by": "type", "a": "class", "b": "country", "value": "other", "from": "2026-11-01", "to": "2026-11-30", "by_day": "yes",
        "state": "taken", "source": "open", "name": "x.csv", "format": "csv", "observed": "2026-11-20T06:00:00Z", "constituent": "bank", "recipient": "1",
        "limit": "3"}
BAD = {"q": "nothing:here", "by": "nothing", "a": "x", "b": "x", "from": "x", "to": "2026-02-30", "by_day": "maybe", "state": "x", "observed": "x",
       "limit": "0", "cursor": "%21%21", "format": "x", "constituent": "no-such", "recipient": "x", "value": "", "source": "", "name": ""}


def judge(t, doc, op, what, a, head=False):
    """The status is documented, and the body is what it should be."""
    answers = op["responses"]
    if not t.ok(str(a.status) in answers, f"{what}: {a.status} is documented", a):
        return
    if a.status >= 400:
        t.same(a.headers.get("content-type"), PROBLEM, f"{what}: {a.status} is a problem")
    if head:
        t.same(a.body, b"", f"{what}: HEAD has no body")
        return
    if a.status in (204, 304):
        t.same(a.body, b"", f"{what}: {a.status} has no body")
        return
    kind = a.headers.get("content-type", "").split(";")[0]
    content = answers[str(a.status)].get("content", {})
    if not t.ok(kind in content, f"{what}: {kind} is documented", a):
        return
    if kind.endswith("json") and "schema" in content[kind]:
        faults = check(doc, content[kind]["schema"], a.json())
        t.ok(not faults, f"{what}: {a.status} fits its schema", *faults[:10], a)
        if a.status >= 400:
            t.ok(a.json()["status"] == a.status and a.json()["instance"] == a.headers["x-request-id"], f"{what}: the problem names status and request", a)


def walk(t, doc, api):
    good = examples(api)
    for path, methods in doc["paths"].items():
        where = filled(path, good)
        for method, op in methods.items():
            what = f"{method.upper()} {path}"
            reading = method == "get"
            stream = "text/event-stream" in str(op["responses"]["200"]) if "200" in op["responses"] else False
            body = None if reading or method == "delete" else {}
            for key in ROLES + ["bank"] if not stream else []:
                a = api.ask(method.upper(), where, key, body)
                judge(t, doc, op, f"{what} by {key}", a)
            if path != "/api/openapi.json":
                for key in (None, "kr_1_forged", "revoked", "expired", "Basic"):
                    a = api.ask(method.upper(), where, key, body)
                    judge(t, doc, op, f"{what} by {key}", a)
                    t.ok(a.status == 401 and "bearer" in a.headers.get("www-authenticate", "").lower(), f"{what} by {key} is 401", a)
            a = api.ask(method.upper(), where, "admin", body, {"Accept": "text/html"})
            t.same(a.status, 406, f"{what}: text/html is not there", a)
            a = api.ask(method.upper(), where + "?nonsense=1", "admin", body)
            judge(t, doc, op, f"{what}?nonsense", a)
            t.ok(a.status == 400 and a.json().get("parameter") == "nonsense", f"{what}: a parameter that is not known is named", a)
            if reading and not stream:
                judge(t, doc, op, f"HEAD {path}", api.ask("HEAD", where, "admin"), head=True)
                t.ok(api.ask("GET", where, "admin", headers={"Content-Length": "3"}, body=b"abc").status == 400, f"{what}: a body is refused")
                parameters(t, doc, api, what, where, op)
            if op.get("requestBody", {}).get("content", {}).get("application/json"):
                bodies(t, doc, api, what, where, method.upper(), op)
        for method in {"put", "patch", "delete", "post"} - set(methods):
            a = api.ask(method.upper(), where, "admin", {} if method != "delete" else None)
            t.ok(a.status == 405 and "allow" in a.headers, f"{method.upper()} {path} is 405 with what is allowed", a)


def parameters(t, doc, api, what, where, op):
    for p in op["parameters"]:
        name = p["name"]
        if p["in"] != "query":
            continue
        base = where + "?" + ("recipient=1&" if "pull" in where and name != "recipient" else "")
        for value, right in ((GOOD.get(name), True), (BAD.get(name), False)):
            if name == "state" and "deliveries" in where and right:
                value = "queued"
            if value is None or (name == "cursor" and "constituents" in where):  # any name is a place in a list of names
                continue
            extra = "&a=class" if name == "value" or (name == "b" and right) else ""
            a = api.ask("GET", f"{base}{name}={urllib.parse.quote(value, safe='%')}{extra}", "admin")
            judge(t, doc, op, f"{what}?{name}={value}", a)
            if right:
                t.ok(a.status in (200, 404), f"{what}?{name}={value} is right", a)
            else:
                t.ok(a.status == 400 and (a.json().get("parameter") or "").startswith(name[:1]), f"{what}?{name}={value} is 400 and named", a)
        value = GOOD.get(name, "1")
        a = api.ask("GET", f"{base}{name}={value}&{name}={value}", "admin")
        t.ok(a.status == 400 and a.json().get("parameter") == name, f"{what}: {name} twice is refused", a)
        judge(t, doc, op, f"{what}: {name} twice", a)


def bodies(t, doc, api, what, where, method, op):
    def send(body, kind="application/json"):
        a = api.ask(method, where, "admin", body, {"Content-Type": kind})
        judge(t, doc, op, f"{what} with {body[:30]!r}", a)
        return a

    t.same(send(b"{}", "text/plain").status, 415, f"{what}: text is no JSON")
    a = send(b'{"a":')
    t.ok(a.status == 400 and a.json().get("line") == 1, f"{what}: half a body is 400 with its place", a)
    a = send(b'{"no such member":1}')
    t.ok(a.status == 422 and a.json().get("pointer") == "/no such member", f"{what}: an unknown member is named", a)
    t.same(send(b"[" * 100000).status, 422, f"{what}: a bomb of brackets")
    t.same(send(b'{"a":' * 1000).status, 413, f"{what}: objects in objects")
    t.same(send(b'{"a":"' + b"x" * (2 << 20) + b'"}').status, 413, f"{what}: two MiB")
    t.same(send(b'"text"').status, 422, f"{what}: no object")
    t.same(send(b'{"a":1,"a":1}').status in (400, 422), True, f"{what}: a member twice")
    t.same(send(b'{"\xff":1}').status, 400, f"{what}: not UTF-8")


# ---- who sees what ----

def pages(api, path, key, member):
    """All items of a list, page by page."""
    got, more = [], path
    while more:
        a = api.get(more, key)
        got += a.json()[member]
        link = a.headers.get("link", "")
        more = re.match(r"</api/v1([^>]*)>; rel=\"next\"", link).group(1) if link else None
    return got


def constituents(t, d, api):
    staff = pages(api, "/events?limit=7", "viewer", "events")
    t.same(len(staff), 44, "the team sees all events, page by page")
    t.same(len({e["id"] for e in staff}), 44, "each once")
    by_owner = {name: [e for e in staff if name in e["constituents"] and e["label"] != "AMBER+STRICT"] for name in ("bank", "school")}
    for name, net, n in (("bank", "198.51.100.", 20), ("school", "203.0.113.", 15)):
        own = pages(api, "/events?limit=3", name, "events")
        t.same(sorted(e["source.ip"] for e in own), sorted(e["source.ip"] for e in by_owner[name]), f"{name} sees what is its own and not too strict")
        t.ok(len(own) == n and all(e["source.ip"].startswith(net) for e in own), f"{name}: {n} events")
        t.ok(all("source" not in e and "report" not in e and "feed.name" not in e for e in own), f"{name}: not where they came from", own[0])
        t.ok(not {e["id"] for e in own} & {e["id"] for e in staff}, f"{name}: its ids are its own")
        t.same(api.get("/events/count", name).json()["rows"], n, f"{name}: the count")
        t.same(sum(g["rows"] for g in api.get("/events/count?by=type", name).json()["groups"]), n, f"{name}: groups")
        t.same(sum(c["rows"] for c in api.get("/counters", name).json()["counters"]), n, f"{name}: counters")
        t.same(sum(c["rows"] for c in api.get("/counters?a=class&by_day=yes", name).json()["counters"]), n, f"{name}: counters by class and day")
        t.same(api.get(f"/events/{own[0]['id']}", name).json(), own[0], f"{name}: one event is the same as in the list")
        other = "school" if name == "bank" else "bank"
        t.same(api.get(f"/events/{own[0]['id']}", other).status, 404, f"{name}: its id is nothing to others")
        t.same(api.get(f"/events/{by_owner[other][0]['id']}", name).status, 404, f"{name}: nor is an id of the team")
        t.same(api.get(f"/events?q=ip:{by_owner[other][0]['source.ip']}", name).json()["events"], [], f"{name}: no expression finds others'")
        for q in ("source:open", "report:1", "constituent:bank", "routed:yes", "feed.name:x", "not source:open"):
            a = api.get("/events?q=" + urllib.parse.quote(q), name)
            t.ok(a.status == 400 and a.json().get("parameter") == "q", f"{name}: {q} is not known", a)
        for by in ("source", "report", "constituent", "routed", "feed.name"):
            a, b = api.get("/events/count?by=" + by, name), api.get("/events/count?by=nonsense", name)
            t.ok(a.status == 400 and a.json()["parameter"] == "by", f"{name}: by {by} is not known", a)
            t.same(a.json()["title"], b.json()["title"], f"{name}: as what does not exist")
        for dim in ("source", "constituent"):
            t.same(api.get("/counters?a=" + dim, name).status, 400, f"{name}: no counters by {dim}")
        for path in ("/reports", "/reports/1", "/reports/1/raw", "/reports/1/refused", "/sources", "/sources/open", "/constituents", "/recipients", "/suppressions",
                     "/users"):
            t.same(api.get(path, name).status, 403, f"{name}: {path} is not for it")
        text = api.get("/events?limit=1000", name, Accept="text/csv").body.decode()
        t.ok(text.count("\n") == n + 1 and "feed.name" in text.split("\r\n")[0] and "open" not in text, f"{name}: as CSV", text[:500])
    for key, top in (("partner", "GREEN"), ("police", "GREEN"), ("green", "GREEN")):
        seen = pages(api, "/events", key, "events")
        t.ok(len(seen) == 26 and all(e["label"] == top for e in seen), f"{key}: {top} only", len(seen))
    t.ok(all("source.ip" not in e and e["constituents"] == [] for e in pages(api, "/events", "partner", "events")), "partner: no personal data, no owners")
    t.same(api.get("/events?q=ip:192.0.2.1", "partner").status, 400, "partner: nor by an expression")
    rows = list(csv.DictReader(io.StringIO(api.get("/events?limit=1000", "viewer", Accept="text/csv").body.decode())))
    t.same([(r["id"], r["source"], int(r["report"]), r["label"], r["constituents"].split(), r["source.ip"], int(r["count"])) for r in rows],
           [(e["id"], e["source"], e["report"], e["label"], e["constituents"], e["source.ip"], e["count"]) for e in
            api.get("/events?limit=1000", "viewer").json()["events"]], "CSV says the same as JSON")
    nd = api.get("/events?limit=5", "viewer", Accept="application/x-ndjson")
    t.same([json.loads(x)["id"] for x in nd.body.decode().splitlines()], [e["id"] for e in staff[:5]], "NDJSON is the same")
    t.has(nd.headers.get("link", ""), 'rel="next"', "with the next page in a header")


# ---- tags and changes ----

def changes(t, api):
    a = api.ask("POST", "/api/v1/sources", "analyst", {"name": "new", "tlp": "GREEN", "note": "a note"})
    t.ok(a.status == 201 and a.headers["location"] == "/api/v1/sources/new", "a source is made", a)
    t.same(api.ask("POST", "/api/v1/sources", "analyst", {"name": "new"}).status, 409, "but once")
    a = api.ask("POST", "/api/v1/sources", "analyst", {"name": "new2", "format": "nonsense"})
    t.ok(a.status == 422 and "idf" in a.json()["remedy"], "a format that does not exist is told with those that do", a)
    t.same(api.ask("POST", "/api/v1/sources", "viewer", {"name": "x"}).status, 403, "who only reads may not")
    one = api.get("/sources/new")
    tag = one.headers["etag"]
    t.ok(re.fullmatch(r'"[0-9a-f]{16}"', tag), "a strong tag", tag)
    t.same(api.get("/sources/new", If_None_Match=tag).status, 304, "which saves reading it again")
    t.same(api.get("/sources/new", If_None_Match='"x", ' + tag).status, 304, "one of several")
    t.ok(api.get("/sources/new", "viewer").headers["etag"] != tag, "another viewer has another tag")
    where = "/api/v1/sources/new"
    t.same(api.ask("PATCH", where, "admin", {"note": "b"}).status, 428, "no change without If-Match")
    for wrong in ('"0"', "W/" + tag, tag.strip('"')):
        t.same(api.ask("PATCH", where, "admin", {"note": "b"}, {"If-Match": wrong}).status, 412, f"nor with {wrong}")
    a = api.ask("PATCH", where, "admin", {"note": None, "tlp": "CLEAR"}, {"If-Match": tag})
    t.ok(a.status == 200 and a.json()["note"] is None and a.json()["tlp"] == "CLEAR", "changed", a)
    t.same(a.headers["etag"], api.get("/sources/new").headers["etag"], "the answer has the new tag")
    t.same(api.ask("PATCH", where, "admin", {"note": "c"}, {"If-Match": tag}).status, 412, "the old one does not count any more")
    a = api.ask("PATCH", where, "admin", {"note": "c"}, {"If-Match": a.headers["etag"], "Content-Type": "application/merge-patch+json"})
    t.same(a.status, 200, "merge-patch is the same", a)
    t.same(api.ask("DELETE", where, "admin").status, 428, "no end without If-Match")
    t.same(api.ask("DELETE", where, "admin", headers={"If-Match": "*"}).status, 204, "removed")
    t.same(api.get("/sources/new").status, 404, "and gone")
    race(t, api)


def session(t, d, api):
    """Who is logged in to the pages may ask as well: with his cookie, from our own pages."""
    def form(path, fields, cookie=None, site="same-origin"):
        h = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": site}
        if cookie:
            h["Cookie"] = cookie
        return api.ask("POST", path, None, urllib.parse.urlencode(fields), h)

    link = d.json("user", "add", "jane", "--role", "admin")[0]
    place = urllib.parse.urlparse(next(v for v in link.values() if isinstance(v, str) and "/login/link/" in v)).path
    a = form(place, {"password": "a long enough phrase", "again": "a long enough phrase", "repeat": "a long enough phrase"})
    cookie = a.headers.get("set-cookie", "").split(";")[0]
    if not t.ok(a.status in (200, 303) and cookie, "somebody logs in", a):
        return
    same = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
    me = api.ask("GET", "/api/v1/me", headers=same)
    t.ok(me.status == 200 and me.json()["kind"] == "user" and me.json()["name"] == "jane", "his session asks the API", me)
    t.same(api.ask("GET", "/api/v1/me", headers={"Cookie": cookie[:-3] + "xyz"}).status, 401, "a forged cookie does not")
    a = api.ask("POST", "/api/v1/apikeys", None, {"name": "by-api", "role": "viewer", "rights": "events", "expires": "1d"}, same)
    t.ok(a.status == 201 and a.json()["rights"] == ["events"], "he makes a key", a)
    t.same(api.get("/events?limit=1", a.json()["key"]).status, 200, "which works")
    t.same(api.get("/reports", a.json()["key"]).status, 403, "as far as it goes")
    t.same(api.ask("POST", "/api/v1/apikeys", None, {"name": "x", "rights": "nonsense"}, same).status, 422, "rights that do not exist are refused")
    a = api.ask("POST", "/api/v1/sources", None, {"name": "by-another-site"}, {"Cookie": cookie, "Sec-Fetch-Site": "cross-site"})
    t.ok(a.status == 403 and api.get("/sources/by-another-site").status == 404, "another site changes nothing with his cookie", a)


def race(t, api):
    """Of many who change the same thing with the same tag one wins."""
    tag = api.get("/sources/open").headers["etag"]
    got = []
    threads = [threading.Thread(target=lambda i=i: got.append(api.ask("PATCH", "/api/v1/sources/open", "admin", {"note": f"n{i}"}, {"If-Match": tag}).status))
               for i in range(8)]
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    t.same(sorted(got), [200] + [412] * 7, "of eight who change the same thing one wins")


def recipients(t, api):
    a = api.ask("POST", "/api/v1/recipients", "lead", {"constituent": "bank", "sink": "pull", "classes": "*=now", "quiet": "22:00-06:00"})
    t.ok(a.status == 201 and a.json()["quiet"] == "22:00-06:00", "a recipient is made", a)
    where = a.headers["location"]
    tag = api.get(where[7:], "lead").headers["etag"]
    t.same(tag, a.headers["etag"], "with its tag")
    t.same(api.ask("POST", "/api/v1/recipients", "lead", {"constituent": "no-such", "sink": "pull"}).status, 422, "of one that does not exist: no")
    a = api.ask("POST", "/api/v1/recipients", "lead", {"constituent": "bank", "sink": "mail", "address": "x\r\nBcc: y@example.org"})
    t.same(a.status, 422, "an address that would forge a header is refused", a)
    a = api.ask("PATCH", where, "lead", {"quiet": None, "hour": 7, "enabled": True}, {"If-Match": tag})
    t.ok(a.status == 200 and a.json()["hour"] == 7 and a.json()["quiet"] is None, "changed", a)
    t.same(api.ask("PATCH", where, "lead", {"hour": 24}, {"If-Match": a.headers["etag"]}).status, 422, "hour 24 is none")
    pulled = api.get("/pull", "bank")
    t.ok(pulled.status == 200 and pulled.json()["delivery"] is None, "the bank may pull", pulled)
    t.same(api.get("/pull", "school").status, 404, "the school has nobody who pulls")
    t.same(api.get(f"/pull?recipient={where.split('/')[-1]}", "school").status, 404, "and does not pull for the bank")
    return where


def pulled(t, d, api):
    """What the outbox packs for a recipient that pulls is fetched by number, and counts as sent once it is confirmed."""
    api.ask("POST", "/api/v1/reports?source=open", "duty", HEAD + lines(230, 3, "198.51.100"))
    api.ask("POST", "/api/v1/reports?source=open", "duty", HEAD + lines(230, 2, "203.0.113"))
    end = time.monotonic() + 60
    while time.monotonic() < end:
        first = api.get("/pull", "bank").json()
        if first["delivery"]:
            break
        time.sleep(0.2)
    ips = sorted(e["source.ip"] for e in first["events"])
    t.ok(first["delivery"] and all(x.startswith("198.51.100.") for x in ips) and "198.51.100.230" in ips, "the bank pulls its own events", first)
    if not first["delivery"]:
        return
    own = {e["id"] for e in pages(api, "/events?limit=1000", "bank", "events")}
    t.ok({e["id"] for e in first["events"]} <= own, "under the ids that it knows")
    t.same(api.get("/pull", "bank").json(), first, "until it is confirmed it is the same")
    where = f"/deliveries/{first['delivery']}"
    t.same(api.get(where, "bank").json()["state"], "queued", "and not sent yet")
    t.same(api.get(where, "school").status, 404, "the school does not see it")
    to = api.get(where, "bank").json()["recipient"]
    look = api.get(f"/pull?recipient={to}&cursor={first['cursor']}", "lead")
    t.ok(look.status == 200 and api.get(where, "bank").json()["state"] == "queued", "the team may look, which confirms nothing", look)
    after = api.get("/pull?cursor=" + first["cursor"], "bank").json()
    t.ok(after["cursor"] >= first["cursor"] and not {e["id"] for e in after["events"]} & {e["id"] for e in first["events"]}, "behind the cursor is what is new", after)
    done = api.get(where, "bank").json()
    t.ok(done["state"] == "sent" and done["sent"], "what is confirmed is sent", done)
    t.same(api.ask("POST", "/api/v1" + where + "/retry", "lead", {}).status, 409, "what is sent cannot be repeated")
    t.same(api.ask("POST", "/api/v1" + where + "/drop", "bank", {}).status, 403, "nor may the owner decide")


def answers(t, api):
    event = api.get("/events?limit=1", "bank").json()["events"][0]
    a = api.ask("POST", "/api/v1/feedback", "bank", {"event": event["id"], "verdict": "fixed", "note": "patched"})
    t.ok(a.status == 201 and a.json()["event"] == event["id"] and "by" not in a.json(), "the owner answers", a)
    where = a.headers["location"]
    t.same(api.ask("POST", "/api/v1/feedback", "school", {"event": event["id"], "verdict": "fixed"}).status, 422, "others cannot for it")
    t.same(api.ask("POST", "/api/v1/feedback", "bank", {"event": event["id"], "verdict": "fixed", "constituent": "school"}).status, 422, "nor it for others")
    t.same(api.get("/feedback", "school").json()["feedback"], [], "nor see it")
    t.same(len(api.get("/feedback", "duty").json()["feedback"]), 1, "the team sees it")
    t.same(api.ask("DELETE", where, "school").status, 404, "others cannot take it back")
    t.same(api.ask("DELETE", where, "bank").status, 204, "the owner can")
    t.same(api.ask("DELETE", where, "bank").status, 404, "once")
    a = api.ask("POST", "/api/v1/suppressions", "lead", {"expression": "type:scanner", "reason": "known scan", "constituent": "bank"})
    t.ok(a.status == 201 and a.json()["constituent"] == "bank", "a rule of suppression", a)
    t.same(api.ask("POST", "/api/v1/suppressions", "lead", {"expression": "tipe:x", "reason": "r"}).json().get("pointer"), "/expression", "its expression is checked")
    t.same(api.ask("DELETE", a.headers["location"], "lead").status, 204, "it ends")
    t.same(api.ask("POST", "/api/v1/apikeys", "admin", {"name": "k"}).status, 403, "keys make no keys")
    green = [k for k in api.get("/apikeys").json()["keys"] if k["name"] == "green"][0]
    t.ok(green["tlp"] == "GREEN" and green["used"] and "key" not in green, "keys are listed without what they are made of", green)
    t.same(api.ask("DELETE", f"/api/v1/apikeys/{green['id']}", "lead").status, 403, "who may not change users ends no keys of others")
    t.same(api.ask("DELETE", f"/api/v1/apikeys/{green['id']}", "admin").status, 204, "an administrator ends a key")
    t.same(api.get("/events", "green").status, 401, "and it does not count any more")
    a = api.ask("PUT", "/api/v1/register", "lead", REGISTER + "clinic,Example Clinic,,192.0.2.0/24\n", {"Content-Type": "text/csv"})
    t.ok(a.status == 200 and a.json()["added"] == 1 and a.json()["constituents"] == 3, "the register is replaced", a)
    a = api.ask("PUT", "/api/v1/register", "lead", "name,prefixes\nx,not-a-prefix\n", {"Content-Type": "text/csv"})
    t.same(a.status, 422, "a wrong one changes nothing", a)
    t.same(api.ask("PUT", "/api/v1/register", "analyst", REGISTER, {"Content-Type": "text/csv"}).status, 403, "an analyst may not")


# ---- reports ----

def wait_taken(api, report, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        r = api.get(f"/reports/{report}").json()
        if r["state"] != "spooled":
            return r
        time.sleep(0.05)
    return r


def uploads(t, api):
    text = (HEAD + lines(120, 5, "203.0.113")).encode()

    def post(body, query="", key="duty", **headers):
        return api.ask("POST", "/api/v1/reports" + query, key, body, {k.replace("_", "-"): v for k, v in headers.items()})

    a = post(text, "?source=open&name=x.csv")
    t.ok(a.status == 202 and not a.json()["known"], "a report is kept", a)
    t.ok(a.json()["bytes"] == len(text) and a.headers["location"] == f"/api/v1/reports/{a.json()['report']}", "with its size and place", a)
    r = wait_taken(api, a.json()["report"])
    t.ok(r["state"] == "taken" and r["new"] == 5, "and taken in the background", r)
    t.same(api.get(f"/reports/{r['id']}/raw").body, text, "its bytes are there as they came")
    b = post(text, "?source=open&name=other.csv")
    t.ok(b.status == 200 and b.json()["known"] and b.json()["report"] == r["id"], "the same bytes are known", b)
    b = post(gzip.compress(text), "?source=open", Content_Encoding="gzip")
    t.ok(b.status == 200 and b.json()["report"] == r["id"], "packed too", b)
    b = post(gzip.compress(text), "?source=open")
    t.ok(b.status == 200 and b.json()["report"] == r["id"], "even if nobody says so", b)
    t.same(post(text, "?source=open", Content_Encoding="gzip").status, 400, "what is said to be packed must be")
    t.same(post(gzip.compress(text)[:-3], "?source=open").status, 400, "what is cut off is not kept")
    t.same(post(text, "?source=open", Content_Encoding="br").status, 415, "other encodings are not understood")
    z = io.BytesIO()
    with zipfile.ZipFile(z, "w") as f:
        f.writestr("a", text)
    t.same(post(z.getvalue(), "?source=open").status, 415, "nor is zip")
    t.same(post(b"", "?source=open").status, 400, "an empty report is none")
    t.same(post(text, "?source=no-such").status, 422, "a duty officer makes no source")
    t.same(post(text, "?source=made-here", key="analyst").json().get("source_made"), True, "an analyst does")
    a = post(text, "?source=open&format=nonsense")
    t.same(a.status, 400, "a format that does not exist", a)
    t.same(post(text, "?source=open&surprise=1").json().get("parameter"), "surprise", "an unknown parameter is named before the body is read")
    for name in ("..%2F..%2Fx", "a%0Ab", "%1b%5Dx"):
        t.same(post(text, "?source=open&name=" + name).json().get("parameter"), "name", f"{name} is no name of a report")
    t.same(post(text, "?source=..%2Fx", key="analyst").status, 400, "nor a name of a source")
    t.same(post(text, "?source=open", key="viewer").status, 403, "who only reads hands in nothing")
    t.same(post(text, "?source=open", key="bank").status, 403, "nor does an owner")
    bomb = gzip.compress(b"\0" * (1 << 20)) * 64
    a = post(bomb, "?source=open")
    t.ok(a.status in (202, 413), "many members of zeros are measured", a)
    if a.status == 202:
        t.same(wait_taken(api, a.json()["report"])["state"], "quarantined", "zeros have no format")
    refused = api.get("/reports/3/refused").json()
    t.ok(refused["total"] == 1 and refused["refused"][0]["line"] == 6 and "1,2,3" in refused["refused"][0]["record"], "what was refused is shown", refused)


def rss(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) << 10


def large(t, d, api, pid):
    """A report of 1 GiB in pieces; bytes of no format, so that taking it is short."""
    size = (256 if kr.sanitized() else 1024) << 20
    block = (b"\x01\x02 no format at all \xfe\xff" * 3000 + b"\n")[: 1 << 16]
    before, most = rss(pid), 0
    c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=120)
    c.putrequest("POST", "/api/v1/reports?source=open&name=large")
    c.putheader("Authorization", "Bearer " + api.keys["duty"])
    c.putheader("Content-Length", str(size))
    c.endheaders()
    sent, asked = 0, 0
    while sent < size:
        n = min(len(block), size - sent)
        c.send(block[:n])
        sent += n
        if sent >> 26 != asked:
            asked = sent >> 26
            most = max(most, rss(pid))
    a = c.getresponse()
    got = json.loads(a.read())
    t.ok(a.status == 202 and got["bytes"] == size, f"a report of {size >> 20} MiB is kept", got)
    most = max(most, rss(pid))
    t.note(f"memory {before >> 20} MiB before, {most >> 20} MiB at most")
    t.ok(most - before < (400 if kr.sanitized() else 60) << 20, "in flat memory", before, most)
    c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=20)
    c.putrequest("POST", "/api/v1/sources")
    c.putheader("Authorization", "Bearer " + api.keys["admin"])
    c.putheader("Content-Type", "application/json")
    c.putheader("Content-Length", str(1 << 30))
    c.endheaders()
    a = c.getresponse()
    t.same((a.status, json.loads(a.read())["code"]), (413, "LIMIT"), "a JSON body of 1 GiB is refused before it is sent")


def slow(t, d, api):
    """Twenty who send a byte now and then: others do not wait, and no more than uploads_max are let in."""
    socks = []
    for _ in range(20):
        s = socket.create_connection(("127.0.0.1", d.port))
        s.sendall(f"POST /api/v1/reports?source=open HTTP/1.1\r\nHost: 127.0.0.1:{d.port}\r\nAuthorization: Bearer {api.keys['duty']}\r\n"
                  f"Content-Length: 1000000\r\n\r\nab".encode())
        socks.append(s)
    time.sleep(0.5)
    began = time.monotonic()
    t.same(api.get("/events?limit=1").status, 200, "others are answered")
    t.ok(time.monotonic() - began < 3, "at once")
    refused = 0
    for s in socks:
        s.settimeout(0.2)
        try:
            refused += b" 503 " in s.recv(200)
        except OSError:
            pass
        s.close()
    t.same(refused, 4, "four of twenty are told to come back")
    time.sleep(0.5)
    t.ok(api.ask("POST", "/api/v1/reports?source=open", "duty", HEAD + lines(200, 2, "203.0.113")).status == 202, "when they are gone there is room again")


# ---- notices ----

class Stream:
    def __init__(self, d, api, key, last=None):
        self.s = socket.create_connection(("127.0.0.1", d.port), timeout=30)
        more = f"Last-Event-ID: {last}\r\n" if last else ""
        self.s.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{d.port}\r\nAuthorization: Bearer {api.keys[key]}\r\n{more}\r\n".encode())
        self.buf = b""

    def wait(self, name, seconds=20):
        """The next notice with this name: (id, data); None if none comes."""
        end = time.monotonic() + seconds
        while True:
            m = re.search(rf"event: {name}\nid: ([^\n]*)\ndata: ([^\n]*)\n".encode(), self.buf)
            if m:
                self.buf = self.buf[m.end():]
                return m.group(1).decode(), json.loads(m.group(2))
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.s.settimeout(left)
            try:
                got = self.s.recv(65536)
            except OSError:
                return None
            if not got:
                return None
            self.buf += got

    def close(self):
        self.s.close()


def notices(t, d, api):
    bank, duty = Stream(d, api, "bank"), Stream(d, api, "duty")
    at = bank.wait("ready")
    t.ok(at and duty.wait("ready"), "streams begin with where they are", bank.buf)
    a = api.ask("POST", "/api/v1/reports?source=open", "duty", HEAD + lines(210, 3, "203.0.113"))
    report = duty.wait("report")
    t.ok(report and report[1]["id"] == a.json()["report"] and report[1]["state"] == "taken", "the team is told of the report", report)
    t.same((duty.wait("events") or (0, {}))[1].get("new"), 3, "and how many events are new")
    t.same(bank.wait("events", 1), None, "the bank of nothing: they are not its own")
    t.ok(b"report" not in bank.buf, "nor of the report", bank.buf)
    a = api.ask("POST", "/api/v1/reports?source=open", "duty", HEAD + lines(210, 2, "198.51.100"))
    got = bank.wait("events")
    t.ok(got and got[1]["new"] == 2, "of its own it is told", got)
    t.same(api.get(f"/events/{got[1]['newest']}", "bank").status, 200, "the newest is there for it")
    bank.close()
    back = Stream(d, api, "bank", last=at[0])
    t.same((back.wait("events") or (0, {}))[1].get("new"), 2, "who comes back is told what he missed")
    back.close()
    back = Stream(d, api, "bank", last=got[0])
    t.ok(back.wait("ready") and back.wait("events", 1) is None, "and nothing twice")
    back.close()
    duty.close()
    odd = Stream(d, api, "bank", last="nonsense.\"<x>")
    t.ok(odd.wait("ready"), "a position that is none begins anew")
    odd.close()


def run(t):
    d, api = make(t)
    d.set("delivery", "tick", "1s")
    d.set("delivery", "gather", "0")
    s = d.serve()
    time.sleep(1.1)  # the key of one second has ended
    doc = api.ask("GET", "/api/openapi.json").json()
    t.same(doc["openapi"], "3.1.0", "there is a description")
    names = [op["operationId"] for m in doc["paths"].values() for op in m.values()]
    t.ok(len(names) == len(set(names)) and len(names) > 30, f"{len(names)} operations with names of their own")
    constituents(t, d, api)
    walk(t, doc, api)
    changes(t, api)
    session(t, d, api)
    recipients(t, api)
    pulled(t, d, api)
    answers(t, api)
    uploads(t, api)
    notices(t, d, api)
    slow(t, d, api)
    large(t, d, api, s.child.pid)
    t.same(d.run("doctor", "--deep").status, 0, "every counter equals a recount")
    t.ok("AddressSanitizer" not in s.log() and "runtime error" not in s.log(), "nothing was said by a sanitizer", s.log()[-3000:])
    t.same(s.stop(), 0, "it ends")


def main(t):
    run(t)


kr.main(main, sys.modules[__name__])
