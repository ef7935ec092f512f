#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Users and API keys by the command line: alone, and carried out by a node that serves."""
import os
import re
import stat
import sys

import kr

TOKEN = r"[A-Za-z0-9_-]{43}"


def first(t):
    d = kr.Dir(init=False)
    r = d.bare("init", d.path, "--name", "test.example", "--country", "RS", "--admin", "chief", "--json")
    t.same(r.status, 0, "init makes an administrator", r)
    row = r.rows()[0]
    t.same(row["admin"], "chief", "of the name that was asked for")
    t.ok(re.fullmatch(r"http://127\.0\.0\.1:8440/login/link/" + TOKEN, row["link"]), "and prints a link", row)
    path = os.path.join(d.path, "secrets", "admin-link")
    t.same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "which is in a file that nobody else reads")
    with open(path, encoding="utf-8") as f:
        t.same(f.read(), row["link"] + "\n", "and holds it")
    with open(os.path.join(d.path, "main.db"), "rb") as f:
        held = f.read()
    with open(os.path.join(d.path, "main.db-wal"), "rb") if os.path.exists(os.path.join(d.path, "main.db-wal")) else open(os.devnull, "rb") as f:
        held += f.read()
    t.ok(row["link"][-43:].encode() not in held, "the database does not hold the link")
    d.must("user", "link", "chief")
    t.ok(not os.path.exists(path), "another link takes the file away: it works no more")
    for name in "", "-x", "a b", "x" * 65, "š":
        r = kr.Dir(init=False)
        r = r.bare("init", r.path, "--name", "n", "--country", "RS", "--admin", name)
        t.ok(r.status == 2 and "no name for a user" in r.err, f"an administrator is not called {name[:5]!r}", r)


def users(t, d):
    d.must("constituent", "import", d.file("c.csv", "name,title,prefixes\nexample-bank,Example Bank,192.0.2.0/24\n"))
    row = d.json("user", "add", "duty1", "--role", "duty", "--title", "First on duty")[0]
    t.same((row["name"], row["role"], row["state"]), ("duty1", "duty", "invited"), "a user is added")
    t.ok(re.search("/login/link/" + TOKEN + "$", row["link"]) and row["link_expires"], "with a link", row)
    t.ok("password" not in row and "take" in row["rights"].split(","), "no password is shown, the rights are")
    row = d.json("user", "add", "soc", "--role", "operator", "--constituent", "example-bank")[0]
    t.same((row["constituent"], row["rights"]), ("example-bank", "events,deliveries,feedback"), "people of a constituent")
    t.same([u["name"] for u in d.json("user", "list")], ["admin", "duty1", "soc"], "all are listed")
    t.same(d.json("user", "edit", "duty1", "--role", "lead")[0]["role"], "lead", "a role is changed")
    d.must("user", "disable", "duty1")
    t.same(d.json("user", "show", "duty1")[0]["state"], "disabled", "one is disabled")
    r = d.run("user", "link", "duty1")
    t.ok(r.status == 7 and "user enable duty1" in r.err, "who is disabled gets no link", r)
    d.must("user", "enable", "duty1")
    t.same(d.json("user", "show", "duty1")[0]["state"], "invited", "and enabled")
    t.has(d.must("user", "show", "soc").out, "a constituent's own people", "show says what a role is")
    t.same(d.json("user", "sessions"), [], "nobody is logged in")
    t.same(d.json("user", "end", "soc"), [{"ended": 0}], "so none is ended")
    d.must("user", "remove", "duty1")
    for words, status, says in (
        (("show", "duty1"), 3, "no user"),
        (("show", "admn"), 3, "did you mean 'admin'"),
        (("add", "admin", "--role", "admin"), 4, "exists already"),
        (("add", "x"), 2, "--role"),
        (("add", "x", "--role", "boss"), 2, "roles are: viewer"),
        (("add", "x", "--role", "operator"), 2, "--constituent"),
        (("add", "x", "--role", "viewer", "--constituent", "example-bank"), 2, "no constituent"),
        (("add", "x", "--role", "operator", "--constituent", "nobody"), 3, "constituent list"),
        (("add", "x", "--role", "viewer", "--language", "tlh"), 2, "languages are"),
        (("add", "x", "--role", "viewer", "--title", "a\x1b[31m"), 2, "control characters"),
        (("add", "x'--", "--role", "viewer"), 2, "letters, digits"),
        (("remove", "admin"), 7, "last administrator"),
        (("disable", "admin"), 7, "last administrator"),
        (("edit", "admin", "--role", "viewer"), 7, "last administrator"),
        (("end",), 2, "name a user"),
        (("end", "admin", "--session", "1"), 2, "name a user"),
        (("end", "--session", "7"), 3, "no session 7"),
    ):
        r = d.run("user", *words)
        t.ok(r.status == status and says in r.err, f"user {' '.join(words)!r} is refused", r)
    t.same([u["name"] for u in d.json("user", "list")], ["admin", "soc"], "what was refused changed nothing")
    log = d.json("audit", "list", "--action", "user.*")
    t.same([x["action"] for x in log][:3], ["user.remove", "user.enable", "user.disable"], "the audit log knows it all")
    t.has(str(log), "role 'duty' -> 'lead'", "with what was changed")


def keys(t, d):
    r = d.must("apikey", "create", "ticket system")
    key = r.out.strip().split("\n")[-1]
    t.ok(re.fullmatch(r"kr_[1-9][0-9]*_" + TOKEN, key), "a key is made, and is the last line", r)
    number = key.split("_")[1]
    row = d.json("apikey", "create", "soc", "--constituent", "example-bank", "--expires", "90d", "--tlp", "green")[0]
    t.same((row["role"], row["rights"], row["constituent"], row["tlp"]), ("operator", "events,deliveries,feedback", "example-bank", "GREEN"), "a key of a constituent")
    t.ok(row["key"].startswith("kr_") and row["expires"], "has its text in the object, and an end")
    row = d.json("apikey", "create", "sensor", "--role", "duty", "--rights", "take", "--expires", "never")[0]
    t.same((row["rights"], row["expires"]), ("take", None), "rights may be fewer, and the end never")
    listed = d.must("apikey", "list").out + d.must("apikey", "list", "--json").out + d.must("audit", "list", "--json").out
    t.ok(key not in listed and key.split("_", 2)[2] not in listed and row["key"].split("_", 2)[2] not in listed, "it is shown once")
    t.has(listed, "ticket system", "the list names it")
    d.must("apikey", "revoke", number)
    states = {str(k["id"]): k["state"] for k in d.json("apikey", "list")}
    t.same(states[number], "revoked", "it is revoked")
    for words, status, says in (
        (("revoke", number), 3, "no API key"),
        (("revoke", "0"), 2, "first column"),
        (("revoke", key), 2, "first column"),
        (("create", " "), 2, "what it is for"),
        (("create", "k", "--rights", "everything"), 2, "is no right"),
        (("create", "k", "--rights", "users"), 2, "has not the right 'users'"),
        (("create", "k", "--role", "operator"), 2, "--constituent"),
        (("create", "k", "--role", "admin", "--constituent", "example-bank"), 2, "no constituent"),
        (("create", "k", "--tlp", "red"), 2, "no TLP that a key may see"),
        (("create", "k", "--expires", "2001-01-01"), 2, "no time to come"),
        (("create", "k", "--expires", "soon"), 2, "90d"),
    ):
        r = d.run("apikey", *words)
        t.ok(r.status == status and says in r.err, f"apikey {' '.join(words)[:40]!r} is refused", r)


def main(t):
    first(t)
    d = kr.Dir()
    users(t, d)
    keys(t, d)
    d = kr.Dir()
    node = d.serve()
    t.note("the same, carried out by the node that serves")
    users(t, d)
    keys(t, d)
    node.stop()
    t.has(d.must("audit", "verify").out, "all as written", "the chain of the audit log is whole")


kr.main(main, sys.modules[__name__])
