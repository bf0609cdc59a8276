"""A log written straight into its tables with hashing of its own: the verifier is judged by nothing that it shares."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import random
import sqlite3
import zipfile
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "ostiary.example/log"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
SCHEMA = """
CREATE TABLE entry("index" INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, leaf BLOB NOT NULL,
  body BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX entry_id ON entry(id);
CREATE TABLE sealed("index" INTEGER PRIMARY KEY, subject TEXT NOT NULL, box BLOB NOT NULL) STRICT;
CREATE TABLE policy(digest TEXT PRIMARY KEY, document BLOB NOT NULL) STRICT;
CREATE TABLE policy_file(digest TEXT, path TEXT, text TEXT NOT NULL, PRIMARY KEY(digest, path)) STRICT;
CREATE TABLE log_state(id INTEGER PRIMARY KEY, size INTEGER NOT NULL, commits INTEGER NOT NULL,
  frontier BLOB NOT NULL) STRICT;
CREATE TABLE tile(level INTEGER, "index" INTEGER, hashes BLOB NOT NULL, PRIMARY KEY(level, "index")) STRICT;
CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
"""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def named(data: bytes) -> str:
    return f"sha256:{sha256(data).hex()}"


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


class LogKey:
    """An Ed25519 key that signs notes."""

    def __init__(self, seed: int, name: str = ORIGIN) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))
        self.name = name
        public = b"\x01" + self._private.public_key().public_bytes_raw()
        self.id = sha256(name.encode() + b"\n" + public)[:4]
        self.text = f"{name}+{self.id.hex()}+{base64_of(public)}"

    def signature(self, text: str) -> str:
        return f"— {self.name} {base64_of(self.id + self._private.sign(text.encode()))}\n"


class LogBuilder:
    """Grows a log in memory; `write`, `export` and `pack` put it where a verifier finds it."""

    def __init__(self, seed: int = 1, *, key: LogKey | None = None, origin: str = ORIGIN) -> None:
        self.random = random.Random(seed)
        self.key = key or LogKey(1)
        self.origin = origin
        self.entries: list[tuple[int, str, str, bytes, bytes]] = []
        self.sealed: dict[int, tuple[str, bytes]] = {}
        self.policies: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.checkpoints: dict[int, str] = {}
        self._roots: dict[tuple[int, int], bytes] = {}

    # entries

    def append(self, kind: str, *, version: int = 2, **fields) -> int:
        index = len(self.entries)
        record = {
            "v": version,
            "type": kind,
            "id": f"0198c0de-{index:06}-{self.random.getrandbits(32):08x}",
            "time": (START + timedelta(seconds=index)).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "caller": "console",
            "request_id": None,
            "policy": next(iter(self.policies), None),
            "as_of": "2026-11-02",
            **fields,
        }
        body = json.dumps(record, separators=(",", ":")).encode()
        self.entries.append((index, kind, record["id"], sha256(b"\x00" + body), body))
        return index

    def create(self) -> None:
        self.append("log_created", policy=None, as_of=None, origin=self.origin, key=self.key.text)

    def activate(self, name: str = "a", *, files: dict[str, str] | None = None) -> str:
        document = json.dumps({"policy": name}).encode()
        texts = (
            {"rules/a.yaml": f"name: {name}\n", "jurisdictions/places.yaml": "CU: Kuba\n"} if files is None else files
        )
        policy = named(document)
        self.policies[policy] = (document, texts)
        hashes = {path: named(text.encode()) for path, text in texts.items()}
        self.append("policy_activated", policy=policy, legal_status="proposed", rule_sets=[name], files=hashes)
        return policy

    def decide(self, subject: str | None = None, *, padding: int = 60) -> int:
        subject = subject or f"{self.random.getrandbits(128):032x}"
        box = self.random.randbytes(80)
        decision = {"outcome": "hold", "findings": [{"rule": "x" * padding}]}
        index = self.append(
            "decision",
            action="account.open",
            places=["US"],
            subject=subject,
            sealed_facts=named(box),
            decision=decision,
        )
        self.sealed[index] = (subject, box)
        return index

    def decide_without_facts(self) -> int:
        return self.append(
            "decision", action="account.open", places=[], subject=None, sealed_facts=None, decision={"outcome": "allow"}
        )

    def destroy(self, subject: str) -> None:
        mine = [index for index, (owner, _) in self.sealed.items() if owner == subject]
        self.append("destruction_begun", subject=subject, due_since="2028-11-02", count=len(mine))
        for index in mine:
            del self.sealed[index]
        self.append("destruction_done", subject=subject, count=len(mine))

    def state_checkpoint(self) -> None:
        """The entry about the checkpoint before."""
        size, note = max(self.checkpoints.items())
        self.append(
            "checkpoint_signed", size=size, root=base64_of(self.root(0, size)), note_sha256=named(note.encode())
        )

    def rotate(self, key: LogKey) -> None:
        """The new key is named, and the old one signs that it is; from then on the new one signs."""
        self.append("key_rotated", key=key.text, previous=self.key.text)
        self.sign()
        self.key = key

    # the tree, as RFC 6962, section 2.1, defines it

    def root(self, start: int, end: int) -> bytes:
        count = end - start
        if count == 0:
            return sha256(b"")
        if count == 1:
            return self.entries[start][3]
        if (start, end) not in self._roots:
            left = 1 << (count - 1).bit_length() - 1
            root = sha256(b"\x01" + self.root(start, start + left) + self.root(start + left, end))
            if count & count - 1:
                return root
            self._roots[start, end] = root
        return self._roots[start, end]

    def path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        left = start + (1 << (end - start - 1).bit_length() - 1)
        if index < left:
            return [*self.path(index, start, left), self.root(left, end)]
        return [*self.path(index, left, end), self.root(start, left)]

    def frontier(self) -> bytes:
        size, start, peaks = len(self.entries), 0, b""
        for bit in reversed(range(size.bit_length())):
            if size >> bit & 1:
                peaks += self.root(start, start + (1 << bit))
                start += 1 << bit
        return peaks

    def tiles(self) -> dict[tuple[int, int], bytes]:
        found, level, size = {}, 0, len(self.entries)
        while level == 0 or size >> 8 * level:
            width = 256**level
            for number in range(-(-(size // width) // 256)):
                stop = min(256 * (number + 1), size // width)
                hashes = [self.root(k * width, (k + 1) * width) for k in range(256 * number, stop)]
                if level or len(hashes) == 256:
                    found[level, number] = b"".join(hashes)
            level += 1
        return found

    def note(self, size: int | None = None, *keys: LogKey) -> str:
        size = len(self.entries) if size is None else size
        text = f"{self.origin}\n{size}\n{base64_of(self.root(0, size))}\n"
        return f"{text}\n{''.join(key.signature(text) for key in keys or (self.key,))}"

    def sign(self, *keys: LogKey) -> str:
        note = self.note(None, *keys)
        self.checkpoints[len(self.entries)] = note
        return note

    # where it is put

    def write(self, path) -> None:
        """The SQLite file."""
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.executescript(SCHEMA)
        self.write_rows(path)

    def write_rows(self, path) -> None:
        """Into the tables of a file that has them."""
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", self.entries)
            db.executemany("INSERT INTO sealed VALUES (?, ?, ?)", ((i, s, b) for i, (s, b) in self.sealed.items()))
            for digest, (document, files) in self.policies.items():
                db.execute("INSERT INTO policy VALUES (?, ?)", (digest, document))
                db.executemany("INSERT INTO policy_file VALUES (?, ?, ?)", ((digest, *file) for file in files.items()))
            db.execute("INSERT INTO log_state VALUES (1, ?, 7, ?)", (len(self.entries), self.frontier()))
            db.executemany("INSERT INTO tile VALUES (?, ?, ?)", ((*place, h) for place, h in self.tiles().items()))
            db.executemany("INSERT INTO checkpoint VALUES (?, ?)", self.checkpoints.items())
            db.commit()

    def export(self, directory) -> None:
        """The directory that `ostiary log export` writes."""
        lines = {
            "entries.ndjson": [
                {"index": index, "kind": kind, "id": id_, "leaf": leaf.hex(), "body": body.decode()}
                for index, kind, id_, leaf, body in self.entries
            ],
            "checkpoints.ndjson": [{"size": size, "note": note} for size, note in self.checkpoints.items()],
            "sealed.ndjson": [{"index": i, "subject": s, "sha256": named(b)} for i, (s, b) in self.sealed.items()],
        }
        directory.mkdir()
        for name, rows in lines.items():
            (directory / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        for digest, (document, files) in self.policies.items():
            place = directory / "policies" / digest.removeprefix("sha256:")
            place.parent.mkdir(exist_ok=True)
            place.with_suffix(".json").write_bytes(document)
            for name, text in files.items():
                (place / "files" / name).parent.mkdir(parents=True, exist_ok=True)
                (place / "files" / name).write_text(text)

    def proof(self, index: int) -> str:
        size, note = max(self.checkpoints.items())
        hashes = "".join(f"{base64_of(hash_)}\n" for hash_ in self.path(index, 0, size))
        return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{note}"

    def pack_files(self, index: int) -> dict[str, bytes]:
        """The evidence of one decision, under the first policy."""
        policy, (document, files) = next(iter(self.policies.items()))
        activation = next(e for e in self.entries if e[1] == "policy_activated" and policy.encode() in e[4])
        return {
            "entry.json": self.entries[index][4],
            "proof.txt": self.proof(index).encode(),
            "activation.json": activation[4],
            "activation_proof.txt": self.proof(activation[0]).encode(),
            "policy.json": document,
            "index.html": b"<p>a page for people</p>",
            **{f"files/{name}": text.encode() for name, text in files.items()},
        }


def zip_of(path, files: dict[str, bytes]):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def full_log(decisions: int = 560, seed: int = 1) -> LogBuilder:
    """A log with everything in it: two policies, a destruction, a rotation, and the last three entries unsigned."""
    log = LogBuilder(seed)
    log.create()
    log.activate("a")
    log.sign()
    for number in range(decisions):
        if number % 41 == 40:
            log.state_checkpoint()
            log.sign()
        if number == decisions // 3:
            log.activate("b")
        if number == decisions // 2:
            log.destroy(log.sealed[5][0])
        if number == decisions * 2 // 3:
            log.state_checkpoint()
            log.rotate(LogKey(2))
        if number % 10 == 9:
            log.decide_without_facts()
        else:
            log.decide()
    log.state_checkpoint()
    log.sign()
    for _ in range(3):
        log.decide()
    return log
