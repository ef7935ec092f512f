# SPDX-License-Identifier: Apache-2.0
"""A node whose owners are told: constituents with a prefix each, recipients, events that are fresh."""
import json
import time

import kr


class Node(kr.Dir):
    """A data directory in which constituent number n is called c<n> and owns 198.51.100.<n>."""

    def __init__(self, count, titles=None, **settings):
        super().__init__()
        titles = titles or {}
        lines = ["name,title,prefixes"]
        for n in range(1, count + 1):
            lines.append(f'c{n},"{titles.get(n, f"Constituent {n}")}",198.51.100.{n}')
        self.must("constituent", "import", self.file("constituents.csv", "\n".join(lines) + "\n"))
        self.numbers = 0
        self.set("delivery", "gather", "0s")
        self.set("delivery", "retry", "1s")
        self.set("delivery", "tick", "1s")
        for name, value in settings.items():
            section, setting = name.split("__")
            self.set(section, setting, value)

    def recipient(self, n, address, **options):
        """Add a recipient that is told at once; its number."""
        words = [w for name, value in options.items() for w in (f"--{name}", value)]
        return self.json("recipient", "add", f"c{n}", address, "--classes", "*=now", *words)[0]["id"]

    def happen(self, n, count=1):
        """Events that constituent n owns; each is one that nobody was told of."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        lines = []
        for _ in range(count):
            self.numbers += 1
            lines.append(json.dumps({
                "__type": "Event", "time.source": now, "time.observation": now, "source.ip": f"198.51.100.{n}",
                "source.port": 1024 + self.numbers % 60000, "classification.type": "infected-system",
                "classification.identifier": f"test-{self.numbers}", "malware.name": f"family-{self.numbers}",
            }))
        path = self.file(f"events-{self.numbers}.json", "\n".join(lines) + "\n")
        self.must("take", "--source", "sensor", "--format", "idf", path)

    def tell(self, n, count=1):
        """Something happens to constituent n, and is packed; the numbers of the deliveries to it, newest first."""
        self.happen(n, count)
        self.must("delivery", "run")
        return [x["id"] for x in self.json("delivery", "list", "--constituent", f"c{n}")]

    def delivery(self, number):
        return next(x for x in self.json("delivery", "list", "--limit", "0") if x["id"] == number)

    def health(self, recipient):
        return next(x for x in self.json("recipient", "list") if x["id"] == recipient)["health"]

    def until(self, number, *states, seconds=30):
        """Wait until the delivery is in one of these states; the delivery as it is then."""
        end = time.monotonic() + seconds
        while True:
            x = self.delivery(number)
            if x["state"] in states or time.monotonic() > end:
                return x
            time.sleep(0.1)
