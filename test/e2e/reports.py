# SPDX-License-Identifier: Apache-2.0
"""Reports for the tests: made of documentation addresses and example domains, the same for the same seed."""
import csv
import gzip
import io
import ipaddress
import json
import random
import struct
import zipfile

# Columns of the sinkhole report (39) as the publisher names them.
SINKHOLE = """timestamp severity protocol src_ip src_port src_asn src_geo src_region src_city src_hostname src_naics src_sector
device_vendor device_type device_model dst_ip dst_port dst_asn dst_geo dst_region dst_city dst_hostname dst_naics dst_sector
public_source infection family tag application version event_id http_url http_host http_agent forwarded_by ssl_cipher
http_referer http_referer_host ssl_ja3""".split()

SINKHOLE_MAPPING = {
    "_meta": {"date_created": "2026-11-01T00:00:00+00:00", "change_log": "for tests"},
    "test_sinkhole_http": {
        "feed_name": "Test-Sinkhole-HTTP",
        "file_name": "event4_sinkhole_http",
        "url": "https://www.example.org/sinkhole-http",
        "constant_fields": {
            "classification.identifier": "sinkhole-http",
            "classification.taxonomy": "malicious-code",
            "classification.type": "infected-system",
        },
        "required_fields": [
            ["time.source", "timestamp", "add_UTC_to_timestamp"],
            ["source.ip", "src_ip", "validate_ip"],
            ["source.port", "src_port", "convert_int"],
        ],
        "optional_fields": [
            ["severity", "severity"],
            ["protocol.transport", "protocol"],
            ["source.asn", "src_asn", "invalidate_zero"],
            ["source.geolocation.cc", "src_geo"],
            ["source.geolocation.region", "src_region"],
            ["source.geolocation.city", "src_city"],
            ["source.reverse_dns", "src_hostname"],
            ["extra.", "src_naics", "invalidate_zero"],
            ["extra.source.sector", "src_sector", "validate_to_none"],
            ["destination.ip", "dst_ip", "validate_ip"],
            ["destination.port", "dst_port", "convert_int"],
            ["destination.asn", "dst_asn", "invalidate_zero"],
            ["destination.geolocation.cc", "dst_geo"],
            ["destination.fqdn", "dst_hostname", "validate_fqdn"],
            ["malware.name", "infection"],
            ["extra.family", "family", "validate_to_none"],
            ["extra.", "tag", "validate_to_none"],
            ["protocol.application", "application", "validate_to_none"],
            ["extra.", "version", "validate_to_none"],
            ["extra.", "event_id", "validate_to_none"],
            ["destination.url", "http_url", "convert_http_host_and_url", True],
            ["extra.user_agent", "http_agent", "validate_to_none"],
        ],
    },
}


def mapping(**changes):
    """The mapping as JSON text; changes replace members of the report type."""
    doc = json.loads(json.dumps(SINKHOLE_MAPPING))
    doc["test_sinkhole_http"].update(changes)
    return json.dumps(doc, indent=1)


def name(number=1, kind="event4_sinkhole_http"):
    return f"2026-11-{(number - 1) % 28 + 1:02d}-{kind}-test{number}.csv"


def row(n, lot, spread=40000):
    """Row n of a sinkhole report; n beyond the spread comes back to the same address and port."""
    k = n % spread
    family = ("andromeda", "ranbyus", "gamut", "necurs", "tinba")[k % 5]
    # 198.18.0.0/15 is for benchmarks: 131,072 addresses that nobody owns
    src = str(ipaddress.ip_address(0xC6120000 + (k * 7919) % 131072))
    return {
        "timestamp": f"2026-11-20 {n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}",
        "severity": ("high", "medium", "critical")[k % 3],
        "protocol": "tcp",
        "src_ip": src,
        "src_port": str(1024 + k % 60000),
        "src_asn": str(64496 + k % 16),
        "src_geo": ("RS", "AL", "BA", "ME", "MK", "XK", "HR", "SI")[k % 8],
        "src_region": "REGION %d" % (k % 10),
        "src_city": "CITY %d" % (k % 100),
        "src_hostname": f"host-{k}.example.net" if k % 3 else "",
        "src_naics": "517311",
        "src_sector": "Communications, Service Provider" if k % 2 else "",
        "dst_ip": f"203.0.113.{k % 250 + 1}",
        "dst_port": "80",
        "dst_asn": "64511",
        "dst_geo": "US",
        "dst_hostname": f"sinkhole{k % 7}.example.org",
        "infection": family,
        "family": family,
        "tag": "a;b",
        "application": "http",
        "event_id": "%016x" % lot.getrandbits(64),
        "http_url": f"/gate{k % 11}.php",
        "http_host": f"c2-{k % 13}.example.com",
        "http_agent": 'Agent "quoted", with comma' if k % 5 == 0 else "Agent/1.0",
    }


def table(columns, rows):
    """CSV text of rows (dicts) as bytes; every field quoted, as in the published reports."""
    out = io.StringIO()
    w = csv.DictWriter(out, columns, restval="", quoting=csv.QUOTE_ALL, lineterminator="\n")
    w.writeheader()
    w.writerows(rows)
    return out.getvalue().encode()


def sinkhole(n, seed=1, start=0, spread=40000, columns=None):
    """A sinkhole report of n rows."""
    lot = random.Random(seed)
    return table(columns or SINKHOLE, (row(start + i, lot, spread) for i in range(n)))


def big_sinkhole(path, n, start=0, spread=10**9):
    """The same written to a file, for many rows: simple text without the csv module."""
    lot = random.Random(start + 1)
    with open(path, "w", encoding="utf-8") as f:
        f.write(",".join(f'"{c}"' for c in SINKHOLE) + "\n")
        for i in range(n):
            values = row(start + i, lot, spread)
            f.write(",".join('"%s"' % values.get(c, "").replace('"', '""') for c in SINKHOLE) + "\n")


def idf(n, start=0, **more):
    """IDF events, one a line."""
    lines = []
    for i in range(start, start + n):
        e = {
            "__type": "Event",
            "classification.type": ("phishing", "scanner", "c2-server", "brute-force")[i % 4],
            "classification.identifier": f"thing-{i}",
            "source.ip": f"192.0.2.{i % 254 + 1}",
            "source.port": 1000 + i // 254,
            "time.source": f"2026-11-20T{i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}+00:00",
            "feed.name": "test feed",
        }
        e.update(more)
        lines.append(json.dumps(e))
    return ("\n".join(lines) + "\n").encode()


def zst(data):
    """A zstd frame of raw blocks (RFC 8878 section 3.1.1): the standard library writes none."""
    out = bytearray(struct.pack("<IBB", 0xFD2FB528, 0, 0x58))
    size = 1 << 17
    blocks = [data[i : i + size] for i in range(0, len(data), size)] or [b""]
    for i, block in enumerate(blocks):
        out += struct.pack("<I", (i == len(blocks) - 1) | len(block) << 3)[:3] + block
    return bytes(out)


def zip_of(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for member, data in members.items():
            z.writestr(member, data)
    return out.getvalue()


def gz(data):
    return gzip.compress(data, 6, mtime=0)


def constituents(rows):
    """A register as CSV: rows of (name, prefixes, asns, domains, countries)."""
    lines = ["name,title,sector,country,contact,language,prefixes,asns,domains,countries"]
    for who, prefixes, asns, domains, countries in rows:
        values = [" ".join(map(str, v)) for v in (prefixes, asns, domains, countries)]
        lines.append(",".join([who, f"Title of {who}", "banking", "RS", f"csirt@{who}.example", "en", *values]))
    return "\n".join(lines) + "\n"
