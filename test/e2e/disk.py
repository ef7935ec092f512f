# SPDX-License-Identifier: Apache-2.0
"""The disk after a power cut, from the log of test/powerloss.c.

What is sure after a cut: the bytes of a file up to its last fsync, and the names in a directory up to the last fsync of
that directory. Everything since may be there, missing, or there in part: for each file with unsynced writes the lot
decides between nothing, all, the first so many, and single 4 KiB pages in any order. Names go in their order, so of the
unsynced changes of a directory a prefix is kept. A new name needs the sync of its directory, a rename that of the target.
"""
import os
import struct

HEAD = struct.Struct("<IIQQQQII")
MAGIC = 0x4B464C31
PAGE = 4096


def say(log, text):
    """Add an acknowledgement of the test's own to a log: by now somebody was told."""
    data = text.encode()
    with open(log, "ab") as f:
        f.write(HEAD.pack(MAGIC, ord("P"), 0, 0, 0, len(data), 0, 0) + data)


class File:
    def __init__(self):
        self.now = bytearray()  # what the program saw
        self.sure = bytearray()  # what a cut leaves
        self.pending = []  # (offset, bytes) writes and (length, None) truncations since the last sync
        self.mapped = False

    def write(self, offset, data):
        apply(self.now, offset, data)
        self.pending.append((offset, data))

    def sync(self):
        for offset, data in self.pending:
            apply(self.sure, offset, data)
        self.pending = []


class Dir:
    def __init__(self):
        self.now, self.sure = {}, {}
        self.pending = []  # lists of (directory, name, node or None): each list is one change, all or nothing

    def change(self, *parts):
        for where, name, node in parts:
            if node is None:
                where.now.pop(name, None)
            else:
                where.now[name] = node
        self.pending.append(list(parts))

    def sync(self):
        for change in self.pending:
            for where, name, node in change:
                if where is not self:  # what was pending there about this name is overtaken
                    where.pending = [c for c in where.pending if not any(w is where and n == name for w, n, _ in c)]
                if node is None:
                    where.sure.pop(name, None)
                else:
                    where.sure[name] = node
        self.pending = []


def apply(content, offset, data):
    if data is None:  # truncation to `offset`
        if offset < len(content):
            del content[offset:]
        else:
            content.extend(bytes(offset - len(content)))
        return
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class Disk:
    """Plays a log. `root` is the directory that exists, empty, when recording starts."""

    def __init__(self, log, root):
        self.raw = open(log, "rb")
        self.root = Dir()
        self.nodes = {os.stat(root).st_ino: self.root}
        self.at = 0  # records played
        self.said = b""  # standard output so far: the acknowledgements

    def next(self):
        """Play one record; returns its letter, or None at the end."""
        head = self.raw.read(HEAD.size)
        if len(head) < HEAD.size:
            return None
        magic, op, ino, ino2, offset, length, n_name, n_name2 = HEAD.unpack(head)
        if magic != MAGIC:
            raise ValueError("the log is damaged")
        name, name2 = self.raw.read(n_name).decode(), self.raw.read(n_name2).decode()
        op = chr(op)
        data = self.raw.read(length) if op in "WP" else b""
        self.at += 1
        node, parent = self.nodes.get(ino), self.nodes.get(ino2)
        if op == "P":
            self.said += data
        elif op == "C":
            self.nodes[ino] = fresh = File()
            if isinstance(parent, Dir):
                parent.change((parent, name, fresh))
        elif op == "D":
            if isinstance(parent, Dir):
                self.nodes[ino] = fresh = Dir()
                parent.change((parent, name, fresh))
        elif op == "L":
            if isinstance(parent, Dir) and node:
                parent.change((parent, name, node))
        elif op == "U":
            if isinstance(parent, Dir):
                parent.change((parent, name, None))
        elif op == "R":
            if isinstance(node, Dir) and isinstance(parent, Dir) and name in node.now:
                moved = node.now[name]
                parent.change((node, name, None), (parent, name2, moved))
        elif op == "A":
            for each in list(self.nodes.values()):
                each.sync()
        elif node is None:
            pass  # a file elsewhere on the device
        elif op == "W":
            node.write(offset, data)
        elif op == "T":
            node.write(offset, None)
        elif op == "S":
            node.sync()
        elif op == "M":
            node.mapped = True
        return op

    def play(self, until=None):
        while until is None or self.at < until:
            if self.next() is None:
                break

    def differs(self, root):
        """Compare what was played with the real directory: a difference means that the log missed a call."""
        faults = []

        def walk(node, path):
            real = set(os.listdir(path))
            for name in sorted(real | set(node.now)):
                full = os.path.join(path, name)
                child = node.now.get(name)
                if name not in real or child is None:
                    if not name.endswith(".sock"):
                        faults.append(f"{full}: {'only on disk' if child is None else 'only in the log'}")
                elif isinstance(child, Dir):
                    walk(child, full)
                elif not name.endswith("-shm"):
                    if child.mapped:
                        faults.append(f"{full}: mapped for writing, which the log cannot see")
                    with open(full, "rb") as f:
                        if f.read() != bytes(child.now):
                            faults.append(f"{full}: content differs")

        walk(self.root, root)
        return faults

    def cut(self, target, lot):
        """Write what a power cut at this moment leaves to the directory `target`; lot is a random.Random."""
        kept = {}

        def names(node):
            if id(node) not in kept:
                kept[id(node)] = dict(node.sure)
            return kept[id(node)]

        def dirs(node, seen):
            if id(node) not in seen:
                seen.add(id(node))
                yield node
                for child in list(node.now.values()) + list(node.sure.values()):
                    if isinstance(child, Dir):
                        yield from dirs(child, seen)

        for node in dirs(self.root, set()):
            for change in node.pending[: lot.choice((0, 0, len(node.pending), lot.randint(0, len(node.pending))))]:
                for where, name, child in change:
                    if child is None:
                        names(where).pop(name, None)
                    else:
                        names(where)[name] = child

        def build(node, path):
            os.mkdir(path, 0o700)
            for name, child in names(node).items():
                full = os.path.join(path, name)
                if isinstance(child, Dir):
                    build(child, full)
                else:
                    with open(full, "wb") as f:
                        f.write(remains(child, lot))
                    os.chmod(full, 0o600)

        build(self.root, target)


def remains(file, lot):
    if not file.pending:
        return file.sure
    how = lot.choice(("nothing", "all", "first", "pages", "pages"))
    if how == "nothing":
        return file.sure
    if how == "all":
        return file.now
    content = bytearray(file.sure)
    if how == "first":
        last = lot.randint(0, len(file.pending))
        for offset, data in file.pending[:last]:
            apply(content, offset, data)
        if last < len(file.pending) and file.pending[last][1]:
            offset, data = file.pending[last]
            apply(content, offset, data[: lot.randint(0, len(data)) // 512 * 512])
        return content
    for offset, data in file.pending:
        if data is None:
            if lot.random() < 0.5:
                apply(content, offset, data)
            continue
        at = 0
        while at < len(data):
            size = min(PAGE - (offset + at) % PAGE, len(data) - at)
            if lot.random() < 0.5:
                apply(content, offset + at, data[at : at + size])
            at += size
    return content
