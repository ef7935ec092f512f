#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mail to owners through a real Postfix into a real Dovecot: what arrives, what is refused, late or cut off, what comes back,
and that nothing is ever sent twice without a word, whenever the node is killed."""
import email
import email.policy
import email.utils
import os
import random
import re
import subprocess
import sys
import time

import kr
import mail
import telling

TEAM = 'Тим за одговор, "ЦСИРТ"'


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def node(m, count, **settings):
    d = telling.Node(
        count,
        titles={1: "Банка Пример", 2: "=?utf-8?Q?=0D=0ABcc:_x@example.org?= \u202e <x@example.org>,"},
        mail__server="127.0.0.1",
        mail__port=str(m.smtp),
        mail__ca_file=m.ca,
        mail__bounce=f"bounces@{mail.DOMAIN}",
        mail__from=f"csirt@{mail.DOMAIN}",
        mail__timeout="2s",
        mail__rate="0",
        mail__rate_domain="0",
        delivery__mail="yes",
        **{"mail__from_name": TEAM.replace('"', '\\"'), **settings},
    )
    return d


def arrives(t, d, m):
    to = d.recipient(1, f"first@{mail.DOMAIN}")
    number = d.tell(1, 3)[0]
    x = d.until(number, "sent")
    if not t.same(x["state"], "sent", "a message is sent", x, m.log()):
        return
    raw = m.read("first")
    t.same(len(raw), 1, "and arrives once")
    msg = parse(raw[0])
    sender = msg["Return-Path"]
    t.ok(re.match(rf"<bounces\+{number}\.[0-9a-f]{{20}}@{mail.DOMAIN}>", sender), "its envelope sender names the delivery", sender)
    t.has(str(msg), "with ESMTPS", "it came over TLS")
    t.same(str(msg["To"]), f"first@{mail.DOMAIN}", "To")
    name, address = email.utils.parseaddr(str(msg["From"]))
    t.same(address, f"csirt@{mail.DOMAIN}", "From")
    t.same(msg["From"].addresses[0].display_name, TEAM, "with the team's name in its own letters")
    t.has(str(msg["Subject"]), "TLP:AMBER", "the subject has the label")
    t.same(msg["Auto-Submitted"], "auto-generated", "no automatic answer is wanted")
    t.same(msg["Precedence"], "bulk", "nor by older programs")
    t.ok(abs(email.utils.parsedate_to_datetime(msg["Date"]).timestamp() - time.time()) < 600, "its date is now", msg["Date"])
    t.ok(re.match(rf"<kr\.{number}\.[0-9a-f]{{20}}@{mail.DOMAIN}>", msg["Message-ID"]), "its id names the delivery")
    t.has(msg.get_body().get_content(), "198.51.100.1", "the text tells what happened")
    shown = d.must("delivery", "show", str(number)).out
    t.has(shown, str(msg["Subject"]), "delivery show has the same subject")
    tables = [p for p in msg.iter_attachments() if p.get_content_type() == "text/csv"]
    t.same(len(tables), 1, "one table is attached")
    wanted = d.must("delivery", "show", str(number), "--table").out
    got = tables[0].get_payload(decode=True).decode()
    t.same(got.replace("\r\n", "\n"), wanted.replace("\r\n", "\n"), "byte for byte the one that delivery show writes")
    t.same(got.count("\r\n"), 4, "a head and three rows")
    t.same(d.health(to), 100, "the recipient is well")
    lines = raw[0].split(b"\r\n")
    t.ok(all(len(line) <= 998 for line in lines) and b"\n" not in b"".join(lines).replace(b"\r", b""), "no line is too long")
    t.same(max(raw[0]) < 128, True, "the message is plain ASCII")


def hostile(t, d, m):
    d.recipient(2, f"second@{mail.DOMAIN}", language="sr-Cyrl")
    d.until(d.tell(2)[0], "sent")
    raw = m.read("second")
    t.same(len(raw), 1, "a constituent with a hostile name is told")
    if raw:
        msg = parse(raw[0])
        t.ok(msg["Bcc"] is None, "and its name makes no header field")
        t.ok(re.search("[а-яј]{4}", str(msg["Subject"])), "in its language and letters", str(msg["Subject"]))
        t.has(raw[0].decode("ascii").split("Subject: ")[1].split("\n")[0], "=?utf-8?B?", "which are encoded words")
        t.same(msg["Content-Language"], "sr-Cyrl", "and the message says which")
    for bad in ("a@b\nBcc: c@example.org", "a b@example.org", "<a@example.org>", "пример@example.org", "a@example.org,b@example.org"):
        r = d.run("recipient", "add", "c2", bad)
        t.ok(r.status == 2, f"the address {bad!r} is refused", r)


def xarf(t, d, m):
    d.recipient(9, f"ninth@{mail.DOMAIN}", format="csv,xarf,json")
    d.until(d.tell(9)[0], "sent")
    raw = m.read("ninth")
    if not t.same(len(raw), 1, "a report in XARF arrives", d.delivery(d.tell(9)[0])):
        return
    msg = parse(raw[0])
    t.same(msg.get_content_type(), "multipart/report", "as a report")
    t.same(msg["Content-Type"].params.get("report-type"), "feedback-report", "of the kind that abuse desks read")
    kinds = [p.get_content_type() for p in msg.iter_parts()]
    t.same(kinds[:3], ["text/plain", "message/feedback-report", "application/json"], "text, report, document")
    import json

    doc = json.loads(msg.get_payload()[2].get_payload(decode=True))
    t.same(doc["xarf_version"][:2], "4.", "of version 4")
    t.same(doc["source_identifier"], "198.51.100.9", "about the address")


def refused(t, d, m):
    to = d.recipient(3, f"gone@{mail.DOMAIN}")
    x = d.until(d.tell(3)[0], "failed")
    t.same(x["state"], "failed", "a refused address fails at once")
    t.has(x["reason"], "550 5.1.1", "with the server's words")
    t.same(d.health(to), 60, "and its health falls")
    for _ in range(2):
        d.until(d.tell(3)[0], "failed")
    t.same(d.health(to), 0, "three times, and nothing is sent any more")
    before = d.tell(3)
    t.same(len(before), 3, "what happens then waits")


def greylisted(t, d, m):
    d.recipient(4, f"grey@{mail.DOMAIN}")
    number = d.tell(4)[0]
    x = d.until(number, "retry")
    t.has(x["reason"], "greylisted", "a server that says later is asked later")
    m.later.remove("grey")
    m.maps()
    x = d.until(number, "sent")
    t.same((x["state"], len(m.read("grey"))), ("sent", 1), "and takes it then, once", x)


def down(t, d, m):
    d.recipient(5, f"fifth@{mail.DOMAIN}")
    m.stop_postfix()
    number = d.tell(5)[0]
    x = d.until(number, "retry")
    t.same(x["state"], "retry", "a server that is down is asked again", x)
    m.start_postfix()
    x = d.until(number, "sent")
    t.same((x["state"], len(m.read("fifth"))), ("sent", 1), "when it is up, the message arrives once", x, m.log())


def comes_back(t, d, m):
    to = d.recipient(6, "nobody@bounce.example.org")
    number = d.tell(6)[0]
    x = d.until(number, "sent")
    t.same(x["state"], "sent", "the next server takes a message")
    back = m.read("bounces")
    if not t.same(len(back), 1, "and returns it", m.log()):
        return
    t.has(back[0].decode(), "message/delivery-status", "as a report of delivery")
    forged = re.sub(rb"(bounces\+\d+\.)([0-9a-f])", lambda f: f.group(1) + (b"1" if f.group(2) == b"0" else b"0"), back[0])
    forged = re.sub(rb"(kr\.\d+\.)([0-9a-f])", lambda f: f.group(1) + (b"1" if f.group(2) == b"0" else b"0"), forged)
    r = d.run("delivery", "bounce", "-", stdin=forged)
    t.ok(r.status == 7 and "forged" in r.err, "a forged one is refused", r)
    t.same(d.health(to), 100, "and changes nothing")
    r = d.json("delivery", "bounce", "-", stdin=back[0])[0]
    t.same((r["what"], r["delivery"], r["health"]), ("failed", number, -40), "the real one is assigned")
    x = d.delivery(number)
    t.same(x["state"], "failed", "the delivery has failed")
    t.has(x["reason"], "5.1.1", "with the reason")
    t.same(d.health(to), 60, "the recipient's health falls")
    t.same(d.json("delivery", "bounce", "-", stdin=back[0])[0]["what"], "known", "the same again changes nothing")
    t.same(d.health(to), 60, "really")
    script = os.path.join(kr.SOURCE, "dist", "karaula-bounce")

    def pipe(where, what):
        return subprocess.run([script, where, f"bounces@{mail.DOMAIN}"], input=what, capture_output=True, env=dict(os.environ, KARAULA=kr.PROGRAM)).returncode

    t.same((pipe(d.path, back[0]), pipe(d.path, forged), pipe(d.path + "x", back[0])), (0, 0, 75), "the script for Postfix: taken, dropped, later")
    t.has(d.must("audit", "list", "--action", "delivery.bounced", "--json").out, f'"{number}"', "the audit log has it")
    d.must("recipient", "edit", str(to), "--address", "nobody@down.example.org")
    number = d.tell(6)[0]
    d.until(number, "sent")
    back = m.read("bounces", 2, seconds=10)
    late = d.json("delivery", "bounce", "-", stdin=back[-1])[0]
    t.same((late["what"], late["delivery"], late["health"]), ("failed", number, -20), "what a server could not deliver counts less", back[-1].decode())
    d.recipient(6, f"sixth@{mail.DOMAIN}")
    number = d.tell(6)[0]
    d.until(number, "sent")
    sender = parse(m.read("sixth")[0])["Return-Path"]
    to = next(r["id"] for r in d.json("recipient", "list") if r["address"].startswith("sixth"))

    def report(action, status):
        return (f"To: {sender}\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n--b\n"
                f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: {action}\nStatus: {status}\n--b--\n").encode()

    r = d.json("delivery", "bounce", "-", stdin=report("delayed", "4.4.1"))[0]
    x = d.delivery(number)
    t.same((r["what"], x["state"], d.health(to)), ("late", "sent", 100), "a message that is late is still sent", r, x)
    t.has(x["reason"], "late", "and says so")
    r = d.json("delivery", "bounce", "-", stdin=report("relayed", "2.0.0"))[0]
    t.same((r["what"], d.health(to)), ("fine", 100), "one that arrived is fine")
    r = d.json("delivery", "bounce", "--to", sender, "-", stdin=report("failed", "5.7.1").replace(sender.encode(), b"x@y"))[0]
    t.same((r["what"], r["delivery"], d.health(to)), ("failed", number, 90), "a refusal for what we send counts little")
    away = f"To: bounces@{mail.DOMAIN}\r\nAuto-Submitted: auto-replied\r\nSubject: away\r\n\r\nuntil Monday\r\n".encode()
    t.same(d.json("delivery", "bounce", "-", stdin=away)[0]["what"], "reply", "an automatic answer changes nothing")
    t.same(d.json("delivery", "bounce", "-", stdin=b"Subject: hello\r\n\r\nhi\r\n")[0]["what"], "unlinked", "any other mail is told as unlinked")
    lot = random.Random(t.seed)
    for _ in range(5):
        noise = bytearray(back[0])
        for _ in range(200):
            noise[lot.randrange(len(noise))] = lot.randrange(256)
        r = d.run("delivery", "bounce", "-", stdin=bytes(noise))
        t.ok(r.status in (0, 7), "a damaged one does no harm", r)


def settings(t, d, m, s):
    d.recipient(7, f"seventh@{mail.DOMAIN}")
    d.set("mail", "ca_file", "")
    s.signal(1)
    number = d.tell(7)[0]
    x = d.until(number, "retry")
    t.has(x["reason"], "mail.ca_file", "a certificate that nobody vouches for is not trusted, and the reason says what to do")
    t.same(m.read("seventh", seconds=0), [], "nothing was sent")
    d.set("mail", "ca_file", m.ca)
    d.set("delivery", "mail", "no")
    s.signal(1)
    time.sleep(3)
    t.same(d.delivery(number)["state"], "retry", "switched off, it waits")
    d.set("delivery", "mail", "yes")
    s.signal(1)
    t.same(d.until(number, "sent")["state"], "sent", "switched on, it is sent")


def ways(t, d, m, s):
    """Implicit TLS with a login, and encryption that is taken where it is."""
    def secret(text):
        with open(os.open(os.path.join(d.path, "secrets", "smtp"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)

    d.recipient(12, f"twelfth@{mail.DOMAIN}")
    secret("wrong-password\n")
    d.set("mail", "timeout", "20s")  # a server lets who does not know the password wait
    d.set("mail", "user", "karaula")
    d.set("mail", "password", "smtp")
    aim(d, s, m.smtps, "implicit")
    number = d.tell(12)[0]
    x = d.until(number, "retry")
    t.has(x["reason"], "mail.password", "a login that is refused says what to look at")
    secret("test\n")
    x = d.until(number, "sent")
    t.same(x["state"], "sent", "with the right password", x, m.log())
    raw = m.read("twelfth")
    t.ok(raw and b"with ESMTPSA" in raw[0], "the message goes through implicit TLS after a login", raw)
    d.set("mail", "user", "")
    d.set("mail", "timeout", "2s")
    d.set("mail", "ca_file", "")
    aim(d, s, m.smtp, "opportunistic")
    x = d.until(d.tell(12)[0], "sent")
    t.same(x["state"], "sent", "opportunistic encryption asks for no authority", x)
    t.ok(b"with ESMTPS " in m.read("twelfth", 2)[-1], "but encrypts")
    d.set("mail", "ca_file", m.ca)
    aim(d, s, m.smtp, "starttls")
    t.ok("wrong-password" not in s.log(), "no password is in the log", s.log())


def rates(t, d, m, s):
    d.set("mail", "rate_domain", "12")
    s.signal(1)
    s.until("configuration reloaded")
    d.recipient(11, f"eleventh@{mail.DOMAIN}")
    numbers = [d.tell(11)[0] for _ in range(3)]
    waited = {}
    end = time.monotonic() + 40
    while time.monotonic() < end and len(m.read("eleventh", seconds=0)) < 3:
        for n in numbers:
            x = d.delivery(n)
            if x["state"] == "retry":
                waited[n] = x["reason"]
        time.sleep(0.2)
    t.ok(waited and all("rate_domain" in r for r in waited.values()), "what is over the rate of its domain waits, and says so", waited)
    states = [d.until(n, "sent") for n in numbers]
    t.same([x["state"] for x in states], ["sent"] * 3, "until its turn", states)
    t.ok(all(x["attempts"] <= 2 for x in states), "and is looked at no more than once", states)
    d.set("mail", "rate_domain", "0")
    s.signal(1)


def aim(d, s, port, tls):
    """Have the node use another mail server."""
    d.set("mail", "port", str(port))
    d.set("mail", "tls", tls)
    if s:
        s.signal(1)
        s.until("configuration reloaded")


def cut_off(t, d, m, s):
    """Servers that go wrong: each reads a message in its own way."""
    def after_the_end(f, c):
        if mail.smtp_until_data(c):
            for line in c:
                if line == b".\r\n":
                    return

    def never_speaks(f, c):
        time.sleep(6)

    d.recipient(8, f"eighth@{mail.DOMAIN}")
    f = mail.Fault(after_the_end)
    aim(d, s, f.port, "none")
    number = d.tell(8)[0]
    x = d.until(number, "doubt")
    t.same(x["state"], "doubt", "a server that hangs up instead of an answer leaves doubt", x)
    f.stop()
    f = mail.Fault(never_speaks)
    aim(d, s, f.port, "none")
    late = d.tell(8)[0]
    x = d.until(late, "retry")
    t.same(x["state"], "retry", "a server that never speaks is given up after mail.timeout", x)
    aim(d, s, m.smtp, "starttls")
    f.stop()
    t.same(d.until(late, "sent", seconds=60)["state"], "sent", "and the message goes out when it can")
    t.same(d.delivery(number)["state"], "doubt", "doubt stays until a person decides")
    d.must("delivery", "retry", str(number), "--reason", "they say that it did not come")
    d.until(number, "sent")
    ids = [parse(r)["Message-ID"] for r in m.read("eighth", 2)]
    t.same(len(set(ids)), 2, "then it is sent, with its own id", ids)


def ends_in_order(t, d, m, s):
    """SIGTERM while the mail server thinks: the node waits for its answer."""
    def slow(f, c):
        if mail.smtp_until_data(c):
            for line in c:
                if line == b".\r\n":
                    f.at_end = True
                    time.sleep(1)
                    c.write(b"250 ok\r\n")
                    c.flush()

    f = mail.Fault(slow)
    f.at_end = False
    aim(d, s, f.port, "none")
    number = d.tell(8)[0]
    end = time.monotonic() + 20
    while not f.at_end and time.monotonic() < end:
        time.sleep(0.02)
    t.same(s.stop(), 0, "the node ends")
    t.same(d.delivery(number)["state"], "sent", "after the message that was being sent")
    f.stop()
    aim(d, None, m.smtp, "starttls")


def killed(t, d, m):
    """kill -9 at the worst moment, then at random ones."""
    def hold(f, c):
        if mail.smtp_until_data(c):
            for line in c:
                if line == b".\r\n":
                    f.got += 1
                    time.sleep(20)

    f = mail.Fault(hold)
    f.got = 0
    aim(d, None, f.port, "none")
    d.set("mail", "timeout", "1m")
    s = d.serve()
    number = d.tell(8)[0]
    end = time.monotonic() + 20
    while not f.got and time.monotonic() < end:
        time.sleep(0.02)
    s.kill()
    aim(d, None, m.smtp, "starttls")
    s = d.serve()
    t.same(d.until(number, "doubt")["state"], "doubt", "killed between the message and the answer: in doubt")
    time.sleep(3)
    t.same(d.delivery(number)["state"], "doubt", "and not sent again by itself")
    f.stop()
    d.must("delivery", "drop", str(number))

    lot = random.Random(t.seed)
    d.recipient(10, f"tenth@{mail.DOMAIN}")
    s.stop()
    numbers = [d.tell(10)[0] for _ in range(12)]
    for _ in range(5):
        s = d.serve()
        time.sleep(lot.random() * 0.4)
        s.kill()
    s = d.serve()
    for n in numbers:
        d.until(n, "sent", "doubt")
    states = {n: d.delivery(n)["state"] for n in numbers}
    t.same(sorted(set(states.values()) - {"sent", "doubt"}), [], "killed five times, each message was sent or is in doubt", states)
    time.sleep(1)
    arrived = [int(re.match(r"<kr\.(\d+)", parse(r)["Message-ID"]).group(1)) for r in m.read("tenth", len(numbers), seconds=3)]
    t.same(len(arrived), len(set(arrived)), "none arrived twice", arrived)
    t.ok(all(n in arrived for n in numbers if states[n] == "sent"), "all that were sent arrived", states, arrived)
    t.note(f"{list(states.values()).count('doubt')} of {len(numbers)} in doubt")
    return s


def main(t):
    why = mail.missing()
    if why:
        t.skip("mail through Postfix and Dovecot", why)
        return
    boxes = ["first", "second", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "bounces", "csirt"]
    m = mail.Mail(boxes=boxes, refused=["gone"], later=["grey"])
    d = node(m, 12)
    s = d.serve()
    arrives(t, d, m)
    hostile(t, d, m)
    xarf(t, d, m)
    refused(t, d, m)
    greylisted(t, d, m)
    down(t, d, m)
    comes_back(t, d, m)
    settings(t, d, m, s)
    ways(t, d, m, s)
    rates(t, d, m, s)
    cut_off(t, d, m, s)
    ends_in_order(t, d, m, s)
    s = killed(t, d, m)
    log = s.log()
    t.ok("first@" not in log and "198.51.100" not in log, "the log holds no addresses", log)
    t.same(s.stop(), 0, "the node ends in order")


kr.main(main, sys.modules[__name__])
