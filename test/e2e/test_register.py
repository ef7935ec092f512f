#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Constituents: import, who owns what and by which rule, routing of events, the list of what nobody owns."""
import ipaddress
import json
import random
import sys

import kr
import reports

REGISTER = [  # name, prefixes, asns, domains, countries
    ("bank", ["198.51.100.0/24", "2001:db8:1::/48"], [], ["bank.example"], []),
    ("branch", ["198.51.100.64/26"], [], [], []),
    ("shared", ["198.51.100.0/24"], [], [], []),
    ("telecom", [], [64500, 64501], ["telecom.example"], []),
    ("neighbour", [], [], [], ["AL"]),
]


def who(d, what):
    return d.json("constituent", "who", what)


def main(t):
    d = kr.Dir()
    path = d.file("constituents.csv", reports.constituents(REGISTER))
    r = d.must("constituent", "import", path)
    t.has(r.out + r.err, "5", "import says how many")
    t.same(sorted(c["name"] for c in d.json("constituent", "list")), sorted(c[0] for c in REGISTER), "list names them")
    r = d.must("constituent", "import", path)
    t.has(r.out + r.err, "0", "the same file again adds nothing")

    def names(what):
        return sorted(x["constituent"] for x in who(d, what) if x["decides"] == "yes")

    t.same(names("198.51.100.1"), ["bank", "shared"], "several constituents may match with the same prefix")
    t.same(names("198.51.100.70"), ["branch"], "the most specific prefix wins")
    t.same(names("2001:db8:1::7"), ["bank"], "so for IPv6")
    t.same(names("www.bank.example"), ["bank"], "a domain below")
    t.same(names("bank.example"), ["bank"], "the domain itself")
    t.same(names("notbank.example"), [], "but not a name that only ends alike")
    t.same(names("AS64500"), ["telecom"], "an AS number")
    t.same(names("203.0.113.9"), [], "an address that nobody owns")
    t.has(json.dumps(who(d, "198.51.100.70")), "198.51.100.64/26", "who names the rule that decided")
    overlaps = json.dumps(d.json("constituent", "list", "--overlaps"))
    t.ok("198.51.100.0/24" in overlaps and "shared" in overlaps, "list --overlaps shows the shared prefix", overlaps)

    events = [
        ({"source.ip": "198.51.100.1", "source.asn": 64500}, "bank"),
        ({"source.ip": "198.51.100.70", "source.geolocation.cc": "AL"}, "branch"),
        ({"source.ip": "203.0.113.5", "source.asn": 64501}, "telecom"),
        ({"source.ip": "203.0.113.6", "source.fqdn": "x.telecom.example", "source.asn": 64999}, "telecom"),
        ({"source.ip": "203.0.113.7", "source.geolocation.cc": "AL"}, "neighbour"),
        ({"source.ip": "203.0.113.8", "source.asn": 64998}, None),
    ]
    lines = "".join(json.dumps({"classification.type": "scanner", **e}) + "\n" for e, _ in events)
    d.must("take", "--source", "s", d.file("e.jsonl", lines))
    for e, owner in events:
        found = d.json("event", "list", f"ip:{e['source.ip']}")
        t.same(len(found), 1, f"{e['source.ip']} is stored")
        text = json.dumps(found[0].get("constituents", ""))
        t.ok((owner in text) if owner else text in ('""', "[]"), f"and belongs to {owner}", found[0])
    t.same(d.count("routed:no"), 1, "what nobody owns is listed as unrouted")
    t.same(d.count("constituent:telecom"), 2, "events of a constituent are counted")
    shown = d.must("event", "show", d.json("event", "list", "ip:203.0.113.7")[0]["id"]).out
    t.has(shown, "country", "event show names the rule")

    for what, text in {
        "a prefix that is none": "name,prefixes\nx,198.51.100.0/33\n",
        "two with one name": "name,prefixes\nx,198.51.100.0/24\nx,203.0.113.0/24\n",
        "no name column": "title,prefixes\nx,198.51.100.0/24\n",
        "an AS number that is none": "name,asns\nx,AS99999999999\n",
        "nothing": "",
        "binary": bytes(range(256)) * 100,
    }.items():
        r = d.run("constituent", "import", d.file("bad.csv", text))
        t.ok(r.status > 0 and r.err.strip(), f"import refuses {what}", r)
    t.same(len(d.json("constituent", "list")), 5, "and the register stays as it was")

    r = d.must("constituent", "import", d.file("two.csv", reports.constituents(REGISTER[:2])))
    t.same(sorted(c["name"] for c in d.json("constituent", "list")), ["bank", "branch"], "import replaces the register")
    t.same(names("AS64500"), [], "what is gone owns nothing any more")
    t.same(d.count("constituent:telecom"), 2, "old events still name their owner")

    lot = random.Random(t.seed)
    many = {}
    while len(many) < 3000:
        size = lot.choice((8, 12, 16, 20, 24, 28, 32))
        net = ipaddress.ip_network((lot.getrandbits(32) >> (32 - size) << (32 - size), size))
        many.setdefault(str(net), f"c{len(many)}")
    d.must("constituent", "import", d.file("many.csv", reports.constituents((n, [p], [], [], []) for p, n in many.items())))
    tree = {}
    for p, n in many.items():
        net = ipaddress.ip_network(p)
        tree[int(net.network_address), net.prefixlen] = n
    lines, expected = [], {}
    for _ in range(3000):
        base = ipaddress.ip_network(lot.choice(list(many)))
        a = int(base.network_address) + lot.randrange(base.num_addresses)
        if a == 0:
            continue
        best = next(tree[k] for k in ((a >> (32 - n) << (32 - n), n) for n in range(32, -1, -1)) if k in tree)
        expected[str(ipaddress.ip_address(a))] = best
    lines = "".join(json.dumps({"source.ip": a, "classification.type": "exploit"}) + "\n" for a in expected)
    d.must("take", "--source", "r", d.file("r.jsonl", lines))
    got = {e["source.ip"]: e.get("constituents") for e in d.json("event", "list", "source:r", "--limit", "0")}
    wrong = {a: (got.get(a), n) for a, n in expected.items() if got.get(a) not in ([n], n)}
    t.same(dict(list(wrong.items())[:5]), {}, f"{len(expected)} random addresses among 3,000 nested prefixes have the right owner")


kr.main(main, sys.modules[__name__])
