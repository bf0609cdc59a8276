"""Verify a log, an export or an evidence pack of Ostiary with nothing but public keys and a checkpoint kept elsewhere.

This file stands alone. It needs Python 3.11, the package `cryptography` and nothing of the service whose records it
judges, so that a mistake of the service cannot hide itself. Copy it to a machine you trust and run

    python verify.py --key log.pub --checkpoint anchor.txt LOG

LOG is the service's data directory or its `log.db`, the directory of an export, or the zip of one decision's evidence.
`--key` is a public key, or a file with one a line; `--checkpoint` is a signed checkpoint that was kept out of the reach
of whoever runs the log. Nothing is written. docs/verify.md explains what is reported, and what cannot be known.

Exit codes: 0 integrity and completeness are ok; 1 the command line is at fault or the log cannot be read at all;
2 integrity failed; 3 completeness failed; 4 nothing failed, but one of the two was not checked.

Formats: RFC 6962, section 2.1 (hashes, inclusion); C2SP signed-note, tlog-checkpoint, tlog-tiles and tlog-proof.
"""

from __future__ import annotations

import argparse
import base64
import errno
import json
import os
import re
import sqlite3
import sys
import zipfile
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn, Protocol

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ModuleNotFoundError as absent:
    if __name__ != "__main__":
        raise
    sys.exit(f"verify.py: {absent}; signatures are checked with the package `cryptography`: pip install cryptography")

BATCH = 2048
LARGEST_FILE = 64 * 1024 * 1024
LISTED = 10
MOST_KEPT = 10_000
KEEP = "keep the files exactly as they are, and ask the operator for an export or a backup made before this"
FOLLOWED = "if that key has followed yours, verify the log with yours: it lists the keys it names; give that one then"
RESTORE = "restore a backup made before this and verify that; if it is sound, what is named here was changed since"


class Damaged(Exception):  # noqa: N818 - a state, as the verdict has it
    """What is to be verified cannot be what the service wrote. The message says where and what."""


class Unsigned(Damaged):
    """An evidence pack has no signature by any of the keys that were given."""


class Unreadable(Exception):  # noqa: N818 - likewise
    """The command line is at fault, or there is nothing that can be read; no verdict is possible."""


# ---- RFC 6962: one hash for an entry, another for a node, so that neither can pass for the other ---------------------


def leaf_hash(body: bytes) -> bytes:
    """SHA-256 of a zero byte and the body."""
    return sha256(b"\x00" + body).digest()


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 1, 2, 4, 8 ... hashes of subtrees of one size."""
    while len(hashes) > 1:
        hashes = [sha256(b"\x01" + hashes[i] + hashes[i + 1]).digest() for i in range(0, len(hashes), 2)]
    return hashes[0]


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root of a tree from the roots of its complete subtrees, largest first; of none, the hash of nothing."""
    if not peaks:
        return sha256(b"").digest()
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = sha256(b"\x01" + peak + root).digest()
    return root


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that `proof` leads to from the leaf at `index` (RFC 9162, 2.1.3.2), None if it has not its shape."""
    if not 0 <= index < size:
        return None
    position, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if position % 2 or position == last:
            root = sha256(b"\x01" + sibling + root).digest()
            while position and not position % 2:
                position, last = position // 2, last // 2
        else:
            root = sha256(b"\x01" + root + sibling).digest()
        position, last = position // 2, last // 2
    return root if last == 0 else None


class Tree:
    """The tree over the leaves so far, kept as the tiles that are not yet full: at level L, roots of 256**L leaves."""

    def __init__(self, on_tile: Callable[[int, int, list[bytes]], None]) -> None:
        """`on_tile` is told of every full tile: its level, its number and its 256 hashes, which it may replace."""
        self.size = 0
        self.levels: list[list[bytes]] = [[]]
        self._on_tile = on_tile

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaves at the right."""
        start = 0
        while start < len(leaves):
            taken = leaves[start : start + 256 - len(self.levels[0])]
            self.levels[0].extend(taken)
            self.size += len(taken)
            start += len(taken)
            if len(self.levels[0]) == 256:
                self._close(0)

    def _close(self, level: int) -> None:
        hashes, self.levels[level] = self.levels[level], []
        self._on_tile(level, (self.size >> 8 * (level + 1)) - 1, hashes)
        if level + 1 == len(self.levels):
            self.levels.append([])
        self.levels[level + 1].append(complete_root(hashes))
        if len(self.levels[level + 1]) == 256:
            self._close(level + 1)

    def peaks(self) -> list[bytes]:
        """The roots of the complete subtrees, largest first."""
        found = []
        for hashes in reversed(self.levels):
            start = 0
            for width in (128, 64, 32, 16, 8, 4, 2, 1):
                if len(hashes) & width:
                    found.append(complete_root(hashes[start : start + width]))
                    start += width
        return found


# ---- C2SP: keys, signed notes, checkpoints, proofs -------------------------------------------------------------------


def unbase64(text: str) -> bytes:
    """Decode base64, accepting one spelling of each value only. Raises ValueError."""
    value = base64.b64decode(text, validate=True)
    if base64.b64encode(value).decode() != text:
        raise ValueError(f"`{shown(text)}` is not base64 as it is written by RFC 4648, section 4")
    return value


def decimal(text: str) -> int:
    """A number without sign or leading zeros, below 2**63. Raises ValueError."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII) or int(text) >= 2**63:
        raise ValueError(f"`{shown(text)}` is not a decimal number of entries")
    return int(text)


@dataclass(frozen=True)
class Key:
    """An Ed25519 public key of a log, as in the text `NAME+ID+BASE64` of a C2SP verifier key."""

    name: str
    id: bytes
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read a verifier key. Raises ValueError."""
        if text.startswith("PRIVATE+KEY+"):
            raise ValueError("this is the private key, which signs and which nobody else needs; give the public one")
        name, id_, encoded = ([*text.split("+", 2), "", ""])[:3]
        try:
            value = unbase64(encoded)
        except ValueError:
            value = b""
        expected = sha256(name.encode() + b"\n" + value).digest()[:4]
        if not name or any(c.isspace() for c in name) or len(value) != 33 or value[0] != 1 or id_ != expected.hex():
            what = "is not the public key of a log (`NAME+ID+BASE64`, Ed25519), or not all of it as it was written"
            raise ValueError(f"`{shown(text)}` {what}")
        return cls(name, expected, value[1:])

    @property
    def text(self) -> str:
        """The verifier key again."""
        return f"{self.label}+{base64.b64encode(bytes([1]) + self.public).decode()}"

    @property
    def label(self) -> str:
        """Name and identifier, as messages quote a key."""
        return f"{self.name}+{self.id.hex()}"

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's for these bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement that the first `size` entries of the log `origin` have this root."""

    origin: str
    size: int
    root: bytes
    text: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def parse(cls, note: str) -> Checkpoint:
        """Read a note; whose the signatures are is asked of `signers`. Raises ValueError."""
        text, separator, tail = note.rpartition("\n\n")
        lines = tail.split("\n")
        if not separator or lines.pop() != "" or not lines or len(lines) > 64 or len(note) > 100_000:
            raise ValueError("it is not a signed note: text, an empty line, and at most 64 lines of signatures")
        if any((c < " " and c != "\n") or "\ud800" <= c <= "\udfff" for c in note):
            raise ValueError("it has characters in it that no note has")
        signatures = []
        for line in lines:
            dash, name, encoded = ([*line.split(" "), "", ""])[:3]
            if dash != "—" or not name or line.count(" ") != 2 or len(value := unbase64(encoded)) < 5:
                raise ValueError(f"`{shown(line)}` is not a line with a signature")
            signatures.append((name, value))
        stated = text.split("\n")
        if len(stated) < 3 or not all(stated) or len(root := unbase64(stated[2])) != 32:
            raise ValueError("its text is not origin, number of entries and root hash")
        return cls(stated[0], decimal(stated[1]), root, f"{text}\n".encode(), tuple(signatures))

    def signers(self, keys: Mapping[tuple[str, bytes], Key]) -> tuple[Key, ...]:
        """Those of the keys that have signed it. Raises ValueError if a signature in the name of one is not its own."""
        found = []
        for name, value in self.signatures:
            if key := keys.get((name, value[:4])):
                if not key.has_signed(self.text, value[4:]):
                    raise ValueError(f"what stands there as the signature of `{key.label}` is not its signature")
                found.append(key)
        return tuple(found)


@dataclass(frozen=True)
class Proof:
    """A C2SP tlog-proof: the place of an entry, the hashes that lead to the root, and the checkpoint with that root."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, text: str) -> Proof:
        """Read a proof. Raises ValueError."""
        head, separator, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if lines and lines[0].startswith("extra "):
            del lines[0]
        if first != "c2sp.org/tlog-proof@v1" or not separator or not lines or not lines[0].startswith("index "):
            raise ValueError("it is not a `c2sp.org/tlog-proof@v1`")
        hashes = tuple(map(unbase64, lines[1:]))
        if len(hashes) > 63 or any(len(hash_) != 32 for hash_ in hashes):
            raise ValueError("its hashes are not at most 63 hashes of 32 bytes")
        return cls(decimal(lines[0].removeprefix("index ")), hashes, Checkpoint.parse(note))


@dataclass(frozen=True)
class Anchor:
    """A checkpoint from outside the log. `is_beside` marks the one found in the data directory: its owner's too."""

    name: str
    note: str
    checkpoint: Checkpoint
    is_beside: bool = False


# ---- The report ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """Something wrong. `first` and `last` are the indices it can be narrowed down to, None if it is about no entry."""

    verdict: str
    kind: str
    what: str
    do: str
    first: int | None = None
    last: int | None = None


@dataclass
class Report:
    """Two verdicts, what they rest on, and what was found."""

    log: str
    integrity: str = "not checked"
    integrity_reason: str = ""
    completeness: str = "not checked"
    completeness_reason: str = ""
    facts: dict[str, tuple[str, object]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    uncounted: int = 0

    def fail(self, verdict: str, kind: str, what: str, do: str, *range_: int) -> None:
        """Record something wrong, with the entries of a range or with none. Of one `kind` only a few are listed."""
        if verdict == "integrity":
            self.integrity = "failed"
        else:
            self.completeness = "failed"
        first, last = (range_[0], range_[-1]) if range_ else (None, None)
        finding = Finding(verdict, kind, what, do, first, last)
        if len(self.findings) == MOST_KEPT:
            self.uncounted += 1
            if self.first_bad and _place(finding) >= _place(self.first_bad):
                return
            self.findings.pop()
        self.findings.append(finding)

    def bad_entry(self, index: int, what: str) -> None:
        """Record that one entry is not what it was."""
        self.fail("integrity", "entry", f"entry {index}: {what}", RESTORE, index)

    def explains(self, first: int, last: int) -> bool:
        """Whether something wrong with an entry of that range is known already."""
        ranges = [(f.first, f.last) for f in self.findings]
        return any(a is not None and b is not None and a <= last and first <= b for a, b in ranges)

    @property
    def first_bad(self) -> Finding | None:
        """The finding about the earliest entry; of several, the one that narrows it down most."""
        return min((f for f in self.findings if f.first is not None), key=_place, default=None)

    @property
    def unlisted(self) -> int:
        """The number of those not shown."""
        return len(self.findings) - len(self.listed()) + self.uncounted

    def listed(self) -> list[Finding]:
        """The findings to show, by place: of each kind not more than the first few."""
        seen: dict[str, int] = {}
        found = []
        for finding in sorted(self.findings, key=_place):
            seen[finding.kind] = seen.get(finding.kind, 0) + 1
            if seen[finding.kind] <= LISTED:
                found.append(finding)
        return found

    @property
    def exit_code(self) -> int:
        """What to tell the shell."""
        if self.integrity == "failed":
            return 2
        if self.completeness == "failed":
            return 3
        return 0 if self.integrity == self.completeness == "ok" else 4

    def to_json(self) -> str:
        """The same as `to_text`, for programs."""
        bad = self.first_bad
        document = {
            "log": self.log,
            "integrity": {"verdict": self.integrity, "reason": self.integrity_reason},
            "completeness": {"verdict": self.completeness, "reason": self.completeness_reason},
            "first_bad": None if bad is None else {"first": bad.first, "last": bad.last},
            "facts": {name.replace(" ", "_"): value for name, (_, value) in self.facts.items()},
            "findings": [vars(finding) for finding in self.listed()],
            "unlisted": self.unlisted,
            "exit_code": self.exit_code,
        }
        # In ASCII alone, so that any terminal and any file takes it, whatever was signed.
        return json.dumps(document, indent=2)

    def to_text(self) -> str:
        """Verdicts first, then what they rest on, then what was found and what to do."""
        lines = [
            f"INTEGRITY     {self.integrity:12} {self.integrity_reason}",
            f"COMPLETENESS  {self.completeness:12} {self.completeness_reason}",
            "",
            f"{'log':14}{self.log}",
            *(f"{name:14}{text}" for name, (text, _) in self.facts.items() if text),
        ]
        if bad := self.first_bad:
            lines += ["", f"FIRST BAD     {entries(bad.first, bad.last)}"]
        for number, finding in enumerate(self.listed(), 1):
            lines += ["", f"{number}. ({finding.verdict}) {finding.what}", f"   what to do: {finding.do}"]
        if self.unlisted:
            lines += ["", f"{self.unlisted:,} more of these kinds are not listed."]
        return "\n".join(lines)


def _place(finding: Finding) -> tuple[int, int]:
    nowhere = 2**64
    return (nowhere if finding.first is None else finding.first, nowhere if finding.last is None else finding.last)


def shown(value: object) -> str:
    """A value as messages quote it: short, on one line."""
    text = value if isinstance(value, str) else repr(value)
    return ascii(text if len(text) <= 80 else f"{text[:77]}...")[1:-1]


def entries(first: int | None, last: int | None) -> str:
    """A range of entries in words."""
    return f"entry {first}" if first == last else f"entries {first} to {last}"


def parse_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body, None if it is not one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def digest(data: bytes) -> str:
    """SHA-256 as records name it."""
    return f"sha256:{sha256(data).hexdigest()}"


# ---- Where a log is read from ----------------------------------------------------------------------------------------

Row = Sequence[Any]


# What is read beside the entries. An export gives the box of a row of `sealed` as its
# digest, and has no `log_state` and no tiles.
QUERIES: Mapping[str, str] = {
    "sealed": 'SELECT "index", subject, box FROM sealed ORDER BY "index"',
    "checkpoint": "SELECT size, note FROM checkpoint ORDER BY size",
    "log_state": "SELECT size, frontier FROM log_state",
    "tile": 'SELECT level, "index" FROM tile ORDER BY level, "index"',
    "policy": "SELECT digest, document FROM policy ORDER BY digest",
    "policy_file": "SELECT digest, path, text FROM policy_file ORDER BY digest, path",
}


class Source(Protocol):
    """A log to verify, read in one snapshot. Values may be of any type: what they are is part of what is verified.

    Every method may raise Damaged, saying what cannot be read, or Unreadable, if that is no fault of the log.
    """

    name: str
    is_export: bool

    def structure(self) -> Sequence[str]:
        """What the store's own check of itself finds wrong; it is called in a thread of its own."""

    def entries(self, start: int = 0) -> Iterator[Sequence[Row]]:
        """Rows (index, kind, id, leaf, body) in batches, by index from `start`."""

    def rows(self, table: str) -> Iterator[Row]:
        """The rows that QUERIES says."""

    def tile(self, level: int, index: int) -> object:
        """The hashes of a tile, None if it is not there."""


# Beside its own errors the module raises others, such as when the text of an error is made of damaged bytes.
_SQL_ERRORS = (sqlite3.Error, OverflowError, UnicodeError, MemoryError)


class SqliteSource:
    """The file of a live or copied log, opened so that nothing is written to it, and read in one transaction."""

    is_export = False
    # PERM, BUSY, LOCKED, READONLY, CANTOPEN and AUTH say that the file cannot be got at, not that it is damaged.
    _OUT_OF_REACH = frozenset({3, 5, 6, 8, 14, 23})

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises Unreadable if it cannot be opened, Damaged if it is no such file."""
        self.name = str(path)
        self._path = path.absolute()
        try:
            # Not opened to find out: when it is closed again, POSIX takes every lock on it from the whole process, so
            # that others would take a service that has it open, and has it verified, for gone.
            self._path.stat()
            if not os.access(self._path, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            name = "name a data directory, its `log.db`, an export, or the zip of a decision's evidence as it came"
            raise Unreadable(f"{path}: {error.strerror}; {name}") from error
        # A read-only connection would make the write-ahead log that a closed file does not have, and leave it there.
        self._is_closed = not self._beside()
        self._stamp = self._path.stat().st_mtime_ns
        try:
            self._db = self._open()
        except _SQL_ERRORS as error:
            self._explain(error)
        self._query("BEGIN")
        tables = {name for (name,) in self._query("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if missing := [name for name in ("entry", *QUERIES) if name not in tables]:
            raise Damaged(
                f"{path}: there is no table `{'`, `'.join(missing)}`; the file is not a log, or of a version before 2, "
                "or its schema was changed"
            )

    def _beside(self) -> list[Path]:
        """The files of whoever has the database open."""
        return [
            p for p in map(self._path.with_name, (f"{self._path.name}-wal", f"{self._path.name}-journal")) if p.exists()
        ]

    def _open(self) -> sqlite3.Connection:
        uri = f"{self._path.as_uri()}?mode=ro{'&immutable=1' if self._is_closed else ''}"
        return sqlite3.connect(uri, uri=True, isolation_level=None)

    def _query(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, parameters)
        except _SQL_ERRORS as error:
            self._explain(error)

    def _explain(self, error: Exception, where: str = "") -> NoReturn:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in self._OUT_OF_REACH:
            raise Unreadable(f"{self.name}: {error}; copy the whole directory and verify the copy") from error
        raise Damaged(f"{self.name}: the file cannot be read{where}: {shown(str(error))}") from error

    def close(self) -> None:
        """End the transaction. Raises Unreadable if a file that nobody had open was opened or written meanwhile."""
        self._db.close()
        if self._is_closed and (self._beside() or self._path.stat().st_mtime_ns != self._stamp):
            raise Unreadable(f"{self.name}: the service was started while its log was read; verify it again")

    def structure(self) -> Sequence[str]:
        """SQLite's own check, which also compares the index over ids with the table."""
        db = self._open()
        try:
            return [str(text) for (text,) in db.execute("PRAGMA integrity_check(3)") if text != "ok"]
        except _SQL_ERRORS as error:
            return [str(error)]
        finally:
            db.close()

    def entries(self, start: int = 0) -> Iterator[Sequence[Row]]:
        """In batches; a batch that cannot be read is read again row by row, up to the row at which it fails."""
        sql = 'SELECT "index", kind, id, leaf, body FROM entry WHERE "index" >= ? ORDER BY "index"'
        last: object = start - 1
        try:
            cursor = self._query(sql, (start,))
            while rows := cursor.fetchmany(BATCH):
                yield rows
                last = rows[-1][0]
        except _SQL_ERRORS:
            cursor = self._query(sql, (last + 1 if isinstance(last, int) else 0,))
            while True:
                try:
                    row = cursor.fetchone()
                except _SQL_ERRORS as error:
                    self._explain(error, f" after entry {last}" if last != -1 else " at its first entry")
                if row is None:
                    return
                yield [row]
                last = row[0]

    def rows(self, table: str) -> Iterator[Row]:
        """From a table."""
        return self._rows(table, QUERIES[table])

    def _rows(self, table: str, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        cursor = self._query(sql, parameters)
        try:
            # Not `yield from`: it would close the cursor, which fails if the file was closed before.
            for row in cursor:  # noqa: UP028 - see above
                yield row
        except _SQL_ERRORS as error:
            self._explain(error, f" in the table `{table}`")

    def tile(self, level: int, index: int) -> object:
        """From the table `tile`."""
        sql = 'SELECT hashes FROM tile WHERE level = ? AND "index" = ?'
        return next((row[0] for row in self._rows("tile", sql, (level, index))), None)


class ExportSource:
    """The directory that `ostiary log export` writes: lines of JSON, and the policies as files."""

    is_export = True

    def __init__(self, path: Path) -> None:
        """Read the export in directory `path`."""
        self.name = str(path)
        self._path = path

    def structure(self) -> Sequence[str]:
        """Files have no structure of their own."""
        return ()

    def _lines(self, name: str, fields: Sequence[str], start: int = 0) -> Iterator[list[Any]]:
        """The values of these fields, line by line."""
        try:
            with (self._path / name).open("rb") as file:
                for number in range(1, 2**63):
                    line = file.readline(LARGEST_FILE)
                    if not line:
                        return
                    if number <= start:
                        continue
                    value = parse_object(line) if line.endswith(b"\n") else None
                    if value is None or any(field not in value for field in fields):
                        raise Damaged(f"{self._path / name}: line {number} is not a line of an export, or not whole")
                    yield [value[field] for field in fields]
        except OSError as error:
            raise Damaged(f"{self._path / name}: {error.strerror}; an export has this file") from error

    def entries(self, start: int = 0) -> Iterator[Sequence[Row]]:
        """From `entries.ndjson`. What is no leaf or body there is given as None."""
        rows: list[Row] = []
        try:
            for row in self._lines("entries.ndjson", ("index", "kind", "id", "leaf", "body"), start):
                index, kind, _, leaf, body = row
                # Python takes 1.0 and true for 1.
                row[0] = index if type(index) is int else None
                row[1] = kind if isinstance(kind, str) else None
                row[3] = bytes.fromhex(leaf) if isinstance(leaf, str) and re.fullmatch("[0-9a-f]{64}", leaf) else None
                row[4] = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else None
                rows.append(row)
                if len(rows) == BATCH:
                    yield rows
                    rows = []
        except Damaged:
            yield rows
            raise
        if rows:
            yield rows

    def rows(self, table: str) -> Iterator[Row]:
        """From the file that has what the table has."""
        policies = self._path / "policies"
        if table == "sealed":
            yield from self._lines("sealed.ndjson", ("index", "subject", "sha256"))
        elif table == "checkpoint":
            yield from self._lines("checkpoints.ndjson", ("size", "note"))
        elif table == "policy":
            for path in sorted(policies.glob("*.json")):
                yield (f"sha256:{path.stem}", self._read(path))
        elif table == "policy_file":
            for path in sorted(policies.glob("*/files/**/*")):
                if not path.is_dir():
                    directory, _, *names = path.relative_to(policies).parts
                    yield (f"sha256:{directory}", "/".join(names), self._read(path))

    def tile(self, level: int, index: int) -> object:  # noqa: ARG002 - of the protocol
        """An export has none."""
        return None

    def _read(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise Damaged(f"{path}: the file is too large to be part of a policy")
            return path.read_bytes()
        except OSError as error:
            raise Damaged(f"{path}: {error.strerror}") from error


# ---- Verifying a log: the signatures ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Head:
    """A checkpoint to compare with the tree when that has grown to its size; `where` is how messages call it."""

    where: str
    checkpoint: Checkpoint
    note: str
    anchor: Anchor | None = None

    @property
    def size(self) -> int:
        """Of the tree it is about."""
        return self.checkpoint.size


@dataclass
class Signed:
    """What one set of keys has signed: sizes at which the log agrees, in ascending order, and heads with which not."""

    keys: tuple[Key, ...]
    good: array[int] = field(default_factory=lambda: array("q"))  # of 8 bytes each: there is one a second
    bad: list[Head] = field(default_factory=list)


@dataclass(frozen=True)
class Handover:
    """An entry that names keys: whoever trusts a signature over it trusts these."""

    index: int
    key: Key
    previous: Key | None


class Signatures:
    """The checkpoints stored in the log and those kept elsewhere, compared with the tree as it grows.

    Which keys are trusted is only known at the end, so each signature is checked against every key that is given or
    that the log names, and what the keys agree to is kept by keys.
    """

    def __init__(self, source: Source, keys: Sequence[Key], anchors: Sequence[Anchor], report: Report) -> None:
        """`keys` are trusted from the start."""
        self._source, self._report = source, report
        self.trusted = dict.fromkeys(keys, "given")
        self.covered = 0  # entries that a trusted signature covers with which the log agrees
        self.stored = 0
        self.origins: dict[str, str] = {}
        self._anchors: list[tuple[Head, tuple[Key, ...], bool]] = []  # with who signed, and whether the log agrees
        self._known = {(key.name, key.id): key for key in keys}
        self._handovers: list[Handover] = []
        self._signed: dict[tuple[Key, ...], Signed] = {}
        self._unknown: list[Head] = []
        self._beyond: list[tuple[Head, tuple[Key, ...]]] = []
        self._recent: dict[int, tuple[bytes, str]] = {}  # root and digest of stored checkpoints, for `state`
        self._malformed: set[int] = set()
        anchored = [Head(f"the checkpoint {anchor.name}", anchor.checkpoint, anchor.note, anchor) for anchor in anchors]
        anchored.sort(key=lambda head: head.size)
        self._heads = merge(self._stored_heads(), anchored, key=lambda head: head.size)
        self._next: Head | None = None

    def _stored_heads(self) -> Iterator[Head]:
        previous = -1
        try:
            for size, note in self._source.rows("checkpoint"):
                self.stored += 1
                try:
                    checkpoint = Checkpoint.parse(note if isinstance(note, str) else "")
                except ValueError as error:
                    self._was_changed(size, str(error))
                    continue
                if checkpoint.size != size or size <= previous:
                    self._was_changed(size, f"its text is about {checkpoint.size} entries, or it is out of order")
                    continue
                previous = size
                yield Head(f"the stored checkpoint of {size} entries", checkpoint, note)
        except Damaged as damage:
            self._report.fail("integrity", "unreadable", str(damage), RESTORE)

    def _was_changed(self, size: object, why: str) -> None:
        if isinstance(size, int):
            self._malformed.add(size)
        what = f"the stored checkpoint of {shown(size)} entries was changed: {why}"
        self._report.fail("integrity", "checkpoint", what, RESTORE)

    def names_keys(self, index: int, record: Mapping[str, Any]) -> None:
        """Of `log_created` and `key_rotated`. Raises ValueError if it names something else."""
        key = Key.parse(str(record.get("key")))
        previous = Key.parse(str(record["previous"])) if "previous" in record else None
        self._handovers.append(Handover(index, key, previous))
        for named in (key, previous):
            if named:
                self._known.setdefault((named.name, named.id), named)
        if isinstance(origin := record.get("origin"), str):
            self.origins.setdefault(origin, f"entry {index}")

    def next_size(self) -> int | None:
        """The size at which the tree is to be compared next."""
        return self._next.size if self._next else None

    def compare(self, tree: Tree) -> None:
        """Compare the checkpoints of the size the tree has now."""
        root = None
        while head := self._next or next(self._heads, None):
            self._next = head if head.size > tree.size else None
            if self._next:
                return
            if head.size == tree.size:
                root = root or fold(tree.peaks())
                self._compare(head, root)

    def _compare(self, head: Head, root: bytes) -> None:
        self.origins.setdefault(head.checkpoint.origin, head.where)
        if head.anchor is None:
            self._recent[head.size] = (head.checkpoint.root, digest(head.note.encode()))
            if len(self._recent) > 2 * MOST_KEPT:
                for size in list(self._recent)[:MOST_KEPT]:
                    del self._recent[size]
        signers = self._signers(head)
        if head.anchor:
            self._anchors.append((head, signers, head.checkpoint.root == root))
        if not signers:
            return
        signed = self._signed.setdefault(signers, Signed(signers))
        if head.checkpoint.root != root:
            signed.bad.append(head)
            return
        signed.good.append(head.size)
        if head.anchor and head.size not in self._recent and head.size not in self._malformed:
            what = f"{head.where} agrees with the log, in which the checkpoint of that size is no longer stored"
            self._report.fail("integrity", "no checkpoint", what, KEEP)

    def _signers(self, head: Head) -> tuple[Key, ...]:
        try:
            signers = head.checkpoint.signers(self._known)
        except ValueError as error:
            if head.anchor:
                self._report.fail(
                    "completeness", "anchor", f"{head.where} was changed: {error}", "use a whole copy of it"
                )
            else:
                self._was_changed(head.size, str(error))
            return ()
        if not signers and not head.anchor:
            self._unknown.append(head)
        return signers

    def state(self, index: int, record: Mapping[str, Any]) -> None:
        """Of `checkpoint_signed`: compare a stored checkpoint with what a later entry says of it."""
        size, root, note = record.get("size"), record.get("root"), str(record.get("note_sha256"))
        found = self._recent.get(size) if isinstance(size, int) else None
        if found is None:
            if not isinstance(size, int) or size not in self._malformed:
                what = f"entry {index} says that a checkpoint of {shown(size)} entries was signed, but none is stored"
                self._report.fail("integrity", "no checkpoint", what, KEEP)
        elif (base64.b64encode(found[0]).decode(), found[1].removeprefix("sha256:")) != (
            root,
            note.removeprefix("sha256:"),
        ):
            what = f"the stored checkpoint of {size} entries is not the one that entry {index} says was signed"
            self._report.fail("integrity", "other checkpoint", what, KEEP)

    def settle(self) -> None:
        """Find out, when all is read, which keys are trusted and how far their signatures reach.

        A trusted signature that agrees with the log covers every entry below its size, so keys named by those entries
        are trusted as well: the next one and, if only a later key was given, those before it.
        """
        if self._next:
            self._beyond.append((self._next, self._signers(self._next)))
        self._beyond += [(head, self._signers(head)) for head in self._heads]
        self._anchors += [(head, signers, False) for head, signers in self._beyond if head.anchor]
        while True:
            self.covered = max((signed.good[-1] for signed in self._trusted() if signed.good), default=0)
            named = {
                key: f"named by entry {handover.index}"
                for handover in self._handovers
                if handover.index < self.covered
                for key in (handover.key, handover.previous)
                if key and key not in self.trusted
            }
            if not named:
                break
            self.trusted |= named
        for handover in self._handovers:
            self._judge_retired(handover)

    def is_trusted(self, keys: Sequence[Key]) -> bool:
        """Whether one of these keys is trusted."""
        return any(key in self.trusted for key in keys)

    def _trusted(self) -> list[Signed]:
        return [signed for signed in self._signed.values() if self.is_trusted(signed.keys)]

    def _judge_retired(self, handover: Handover) -> None:
        """Once the new key has signed, a signature of the old one alone is worth nothing: it may have been stolen."""
        old, index = handover.previous, handover.index
        if old is None or index >= self.covered or any(h.key == old and h.index > index for h in self._handovers):
            return
        by_new = [s.good[bisect_left(s.good, index + 1) :] for s in self._trusted() if handover.key in s.keys]
        since = min((sizes[0] for sizes in by_new if sizes), default=None)
        for signed in self._trusted():
            late = signed.good[bisect_left(signed.good, since + 1) :] if since is not None else []
            if late and {key for key in signed.keys if key in self.trusted} == {old}:
                what = f"the checkpoint of {late[0]} entries is signed by `{old.label}`, replaced by entry {index}"
                self._report.fail("integrity", "retired key", what, KEEP)

    def first_bad(self) -> Head | None:
        """The smallest checkpoint with a trusted signature with which the log does not agree."""
        bad = [head for signed in self._trusted() for head in signed.bad]
        return min(bad, key=lambda head: head.size, default=None)

    def kept(self) -> list[Head]:
        """The anchors with a trusted signature with which the log agrees."""
        return [head for head, signers, agrees in self._anchors if agrees and self.is_trusted(signers)]

    def longest_beyond(self) -> Head | None:
        """The largest checkpoint with a trusted signature that is over more entries than there are."""
        beyond = [head for head, signers in self._beyond if self.is_trusted(signers)]
        return max(beyond, key=lambda head: head.size, default=None)

    def judge(self, count: int) -> None:
        """Report what has no trusted signature, and which entries a trusted one does not agree with."""
        if bad := self.first_bad():
            self._judge_root(bad)
        for head, signers, _ in self._anchors:
            if not self.is_trusted(signers):
                what = (
                    f"{head.where}, of {head.size} entries where {count} are here, is signed by no key that is "
                    "trusted, nor by one that this log hands trust to"
                )
                do = "give the key that signed it with --key, or another checkpoint"
                self._report.fail("completeness", "anchor", what, do)
        for head in self._unknown:
            self._report.fail("integrity", "foreign key", f"{head.where} is signed by no key that is known", KEEP)
        for signed in self._signed.values():
            if not self.is_trusted(signed.keys):
                names = " and ".join(f"`{key.label}`" for key in signed.keys)
                what = f"checkpoints are signed by {names}, which no trusted signature vouches for"
                self._report.fail("integrity", "foreign key", what, KEEP)
        if len(self.origins) > 1:
            said = ", ".join(f"`{shown(origin)}` in {where}" for origin, where in self.origins.items())
            self._report.fail("integrity", "origin", f"more than one log is named: {said}", KEEP)

    def _judge_root(self, head: Head) -> None:
        if self.covered > head.size:
            what = f"two histories were signed: {head.where} is not of this log, which a later signature covers"
            held = max((kept.size for kept in self.kept() if kept.size < head.size), default=0)
            do = "ask the operator for both; whoever holds the signing key has shown different logs to different people"
            self._report.fail("integrity", "fork", what, do, *((held, head.size - 1) if head.anchor else ()))
            return
        good = [size for signed in self._trusted() for size in signed.good if size < head.size]
        first = max(good, default=0)
        if self._report.explains(first, head.size - 1):
            return
        where = entries(first, head.size - 1)
        if good:
            what = f"{where}: rewritten; the signature over {first} entries holds, {head.where} does not"
        else:
            what = f"{where}: the log was rewritten without its key: no signature agrees with it, first {head.where}"
        self._report.fail("integrity", "root", what, KEEP, first, head.size - 1)


# ---- Verifying a log: copies of hashes, sealed facts, policies -------------------------------------------------------


class Tiles:
    """The hashes that are stored beside the bodies, as leaves and in tiles, compared with those the bodies give."""

    def __init__(self, source: Source, report: Report) -> None:
        self._source, self._report = source, report
        self._is_readable = not source.is_export
        self._leaves: dict[int, object] = {}  # stored leaves that are not those of the bodies, by index
        self._restored: set[int] = set()  # those of them that the tile has as well
        self._differences: list[tuple[int, int, int, bytes, bytes]] = []  # level, first, last, computed, stored

    def differs(self, index: int, leaf: object) -> None:
        """The leaf stored beside a body is not the body's."""
        if len(self._leaves) < MOST_KEPT:
            self._leaves[index] = leaf

    def compare(self, level: int, number: int, hashes: list[bytes]) -> None:
        """Compare a tile with the stored one.

        A hash on which leaf and tile agree against the body is taken over into `hashes`, so that the roots tell whether
        anything beside that body was changed.
        """
        if not self._is_readable:
            return
        width = 256**level
        start = number * 256 * width
        try:
            stored = self._source.tile(level, number)
        except Damaged as damage:
            self._is_readable = False
            self._report.fail("integrity", "unreadable", str(damage), RESTORE)
            return
        if stored == b"".join(hashes):
            return
        if not isinstance(stored, bytes) or len(stored) != 32 * len(hashes):
            where = entries(start, start + len(hashes) * width - 1)
            what = f"the tile {level}/{number}, over {where}, is missing or malformed"
            self._report.fail("integrity", "tile", what, RESTORE)
            return
        for k, computed in enumerate(hashes):
            kept, first = stored[32 * k : 32 * k + 32], start + k * width
            if kept == computed:
                continue
            if level == 0 and self._leaves.get(first) == kept:
                hashes[k] = kept
                self._restored.add(first)
            elif len(self._differences) < MOST_KEPT:
                self._differences.append((level, first, first + width - 1, computed, kept))

    def end(self, tree: Tree) -> None:
        """Compare the tiles that are not full; of those of level 0 nothing is stored."""
        for level, hashes in enumerate(tree.levels):
            if level and hashes:
                self.compare(level, tree.size >> 8 * (level + 1), list(hashes))
        for level, index in self._source.rows("tile"):
            if isinstance(level, int) and 0 <= level < len(tree.levels) and isinstance(index, int):
                full = tree.size >> 8 * (level + 1)
                if 0 <= index < full or (index == full and level and tree.levels[level]):
                    continue
            what = f"the tile {shown(level)}/{shown(index)} is over entries that are not here: were they removed?"
            self._report.fail("integrity", "stray tile", what, KEEP, tree.size)

    def judge(self, covered: int, bad_size: int) -> None:
        """Say who is wrong: up to `covered` signatures agree with the bodies, one over `bad_size` entries does not."""
        for index, leaf in self._leaves.items():
            if index in self._restored:
                what = "its body was changed; its leaf and the tile still have the hash of what it was"
            elif index < covered:
                what = "its leaf was changed; its body is as it was signed"
            elif not isinstance(leaf, bytes) or len(leaf) != 32:
                what = "its leaf is not 32 bytes"
            else:
                what = "its body does not hash to its leaf: one of the two was changed"
            self._report.bad_entry(index, what)
        replaced = {}
        for level, first, last, computed, kept in self._differences:
            if last < covered:
                what = f"a tile of level {level} was changed: its hash of {entries(first, last)} is not the one signed"
                self._report.fail("integrity", "tile", what, RESTORE)
            elif level == 0:
                replaced[first] = (computed, kept)
            elif not self._report.explains(first, last) and not any(first <= index <= last for index in replaced):
                what = f"{entries(first, last)}: one was replaced, as a tile of level {level} keeps another hash"
                self._report.fail("integrity", "replaced", what, KEEP, first, last)
        by_kept = {kept: index for index, (_, kept) in replaced.items()}
        for index, (computed, _) in replaced.items():
            other = by_kept.get(computed)
            if other is not None and by_kept.get(replaced[other][0]) == index:
                what = f"it was swapped with entry {other}"
            elif other == index + 1:
                what = "what stands here belongs one place later: an entry before it was removed"
            elif other == index - 1:
                what = "what stands here belongs one place earlier: an entry before it was inserted"
            elif index < bad_size:
                what = "it was replaced together with its leaf; the tile keeps the hash of what it was"
            else:
                what = "it differs from its hash in the tile: one of the two was changed"
            self._report.bad_entry(index, what)


class SealedFacts:
    """The boxes: what is stored must be what an entry names; what an entry names must be there, or destroyed."""

    def __init__(self, source: Source, report: Report) -> None:
        self._source, self._report = source, report
        self.boxes = 0
        self.missing: list[tuple[int, str]] = []
        self.destroyed: dict[str, int] = {}  # by customer: the entry that says so
        self._removed = 0
        self._unbound: dict[int, str] = {}  # boxes of entries of version 1, which name none
        self._bound: dict[int, tuple[int, object]] = {}  # what entries `facts_sealed` name for them
        self._rows = source.rows("sealed")
        self._held: Row | None = None

    def until(self, last: int) -> dict[int, tuple[bytes, bytes]]:
        """Subject and hexadecimal digest of the boxes up to entry `last`, by index."""
        found: dict[int, tuple[bytes, bytes]] = {}
        rows = chain((self._held,), self._rows) if self._held else self._rows
        self._held = None
        try:
            for index, subject, box in rows:
                if (
                    not isinstance(index, int)
                    or not isinstance(subject, str)
                    or not subject.isalnum()
                    or index in found
                ):
                    self._report.fail("integrity", "box", f"a box is filed under entry {shown(index)}", RESTORE)
                elif index > last:
                    self._held = (index, subject, box)
                    break
                elif isinstance(box, bytes):
                    found[index] = (subject.encode(), sha256(box).hexdigest().encode())
                else:
                    is_digest = self._source.is_export and re.fullmatch("sha256:[0-9a-f]{64}", str(box))
                    found[index] = (subject.encode(), str(box)[7:].encode() if is_digest else b"")
        except Damaged as damage:
            self._report.fail("integrity", "unreadable", str(damage), RESTORE)
            self._rows = iter(())
        self.boxes += len(found)
        return found

    def differs(self, index: int, body: bytes, subject: bytes, hex_: bytes) -> None:
        """The bytes were not found in the body as expected: find out whether it says the same in other words."""
        record = parse_object(body) or {}
        actual = f"sha256:{hex_.decode()}"
        if "sealed_facts" not in record:
            self._unbound[index] = actual
        elif record["sealed_facts"] != actual:
            said = "no sealed facts" if record["sealed_facts"] is None else "other sealed facts"
            self._report.bad_entry(index, f"its box of sealed facts was changed or exchanged: the entry names {said}")
        elif record.get("subject") != subject.decode():
            self._report.bad_entry(
                index, "its box of sealed facts is filed under another customer than the entry names"
            )

    def is_missing(self, index: int, body: bytes) -> None:
        """A decision has no box, and its body does not plainly say that it has none."""
        record = parse_object(body) or {}
        if record.get("sealed_facts") is not None:
            self.missing.append((index, str(record.get("subject"))))

    def stray(self, indices: Iterable[int]) -> None:
        """Boxes for which there is no entry."""
        for index in indices:
            self._report.bad_entry(index, "a box of sealed facts is stored for it, but there is no such entry")

    def are_destroyed(self, index: int, record: Mapping[str, Any]) -> None:
        """Of `destruction_done`."""
        if isinstance(subject := record.get("subject"), str):
            self.destroyed[subject] = index
            self._removed += count if isinstance(count := record.get("count"), int) else 0

    def are_bound(self, index: int, record: Mapping[str, Any]) -> None:
        """Of `facts_sealed`."""
        sealed = record.get("sealed")
        for number, value in sealed.items() if isinstance(sealed, dict) else ():
            if re.fullmatch("[0-9]{1,18}", number):
                self._bound[int(number)] = (index, value)

    def judge(self, *, has_all: bool) -> None:
        """Report what is missing without a destruction, named by nothing, or there in spite of one.

        If entries are known to be missing from the log, what would explain a box may be among them.
        """
        if has_all:
            self.stray(self.until(2**63))
        unexplained = [index for index, subject in self.missing if self.destroyed.get(subject, -1) <= index]
        if unexplained and not has_all:
            what = (
                f"sealed facts of {len(unexplained)} decisions are gone, and nothing that is left of the log says why"
            )
            self._report.fail("completeness", "box", what, KEEP)
        for index in unexplained if has_all else ():
            self._report.bad_entry(index, "its sealed facts are gone, and no entry says that they were destroyed")
        removed = self._removed - (len(self.missing) - len(unexplained))
        for index, (said_by, value) in sorted(self._bound.items()):
            actual = self._unbound.pop(index, None)
            if actual is None:
                # An entry of version 1 does not name its customer, so these can only be counted.
                removed -= 1
                if removed < 0 and has_all:
                    self._report.bad_entry(index, f"its sealed facts, named by entry {said_by}, are gone undestroyed")
            elif actual != value:
                self._report.bad_entry(index, f"its box of sealed facts was changed: entry {said_by} names another")
        for index in self._unbound if has_all else ():
            self._report.bad_entry(index, "its box of sealed facts is named by no entry")
        if self.destroyed:
            for index, subject, _ in self._source.rows("sealed"):
                done = self.destroyed.get(str(subject), -1)
                if isinstance(index, int) and index < done:
                    what = f"entry {index}: its sealed facts are still there, though entry {done} says otherwise"
                    self._report.fail("integrity", "not destroyed", what, "run the destruction again", index)


class Policies:
    """The policies kept whole, against the digests that entries name."""

    def __init__(self, source: Source, report: Report) -> None:
        self._source, self._report = source, report
        self.documents = self.files = 0
        self._activations: list[tuple[int, str, dict[str, Any] | None]] = []

    def is_activated(self, index: int, record: Mapping[str, Any]) -> None:
        """Of `policy_activated`; one of version 1 does not name the files."""
        if isinstance(policy := record.get("policy"), str):
            files = record.get("files")
            self._activations.append((index, policy, files if isinstance(files, dict) else None))

    def judge(self) -> None:
        """Report policies that are changed or missing, and files that are not those of an activation."""
        stored = set()
        for name, document in self._source.rows("policy"):
            self.documents += 1
            stored.add(name)
            if not isinstance(document, bytes) or digest(document) != name:
                what = f"the policy document kept under `{shown(name)}` is not that policy: one was changed"
                self._report.fail("integrity", "policy", what, RESTORE)
        files: dict[object, dict[str, str]] = {}
        for name, path, text in self._source.rows("policy_file"):
            self.files += 1
            data = text.encode() if isinstance(text, str) else text
            is_text = isinstance(data, bytes) and isinstance(path, str)
            files.setdefault(name, {})[str(path)] = digest(data) if is_text else "not a text"
        for name in files.keys() - stored:
            what = f"files are kept of a policy `{shown(name)}` that is not kept"
            self._report.fail("integrity", "policy file", what, RESTORE)
        for name in sorted({policy for _, policy, _ in self._activations}):
            self._judge_policy(name, files.get(name, {}), is_stored=name in stored)

    def _judge_policy(self, name: str, kept: Mapping[str, str], *, is_stored: bool) -> None:
        """One digest may have been activated from files that differ in comments; those of one activation are kept."""
        activations = [(index, files) for index, policy, files in self._activations if policy == name]
        if not is_stored:
            what = f"the policy `{shown(name)}` that entry {activations[0][0]} activates is not kept: it was removed"
            self._report.fail("integrity", "policy", what, RESTORE)
        named = [(index, files) for index, files in activations if files is not None]
        if not named or any(files == kept for _, files in named):
            return
        index, files = named[0]
        for path in sorted(kept.keys() | files.keys()):
            if kept.get(path) != files.get(path):
                how = "is missing" if path not in kept else "was added" if path not in files else "was changed"
                what = f"the file `{shown(path)}` of policy `{shown(name)}` {how}, says entry {index}"
                self._report.fail("integrity", "policy file", what, RESTORE)


# ---- Verifying a log: its entries ------------------------------------------------------------------------------------

_KINDS = "decision log_created policy_activated checkpoint_signed key_rotated hold_set hold_released destruction_begun"
# How the body of an entry of each kind begins.
_HEADS: Mapping[object, bytes] = {kind: f'{{"v":2,"type":"{kind}","id":"'.encode() for kind in _KINDS.split()}


class LogVerification:
    """One reading of a log from its first entry to its last; `run` gives the report.

    The tree is built from the bodies, so that whatever a trusted signature over its root covers has been seen whole.
    Other columns, tiles and the state are compared with it. Most bodies are not parsed: that they begin with the
    columns and contain the digest of their box is compared as bytes, and only one that does not is looked into.
    """

    def __init__(self, source: Source, keys: Sequence[Key], anchors: Sequence[Anchor], now: datetime) -> None:
        """`keys` are trusted from the start; `now` is the time to reckon the age of unsigned entries from."""
        self.report = Report(source.name)
        self._source, self._anchors, self._now = source, anchors, now
        self._count = 0
        self._is_whole = True  # until entries are missing or out of order; then positions in the tree mean nothing
        self._is_read = True
        self._statements: list[tuple[int, dict[str, Any]]] = []
        self._signatures = Signatures(source, keys, anchors, self.report)
        self._tiles = Tiles(source, self.report)
        self._facts = SealedFacts(source, self.report)
        self._policies = Policies(source, self.report)
        self._tree = Tree(self._tiles.compare)

    def run(self) -> Report:
        """Verify. Raises Unreadable if the log cannot be got at."""
        with ThreadPoolExecutor(1) as pool:
            structure = pool.submit(self._source.structure)
            for step in (self._read_entries, self._end, self._judge_facts, self._policies.judge):
                try:
                    step()
                except Damaged as damage:
                    place = (self._count,) if step == self._read_entries else ()
                    self.report.fail("integrity", "unreadable", str(damage), RESTORE, *place)
                    if step == self._read_entries:
                        self._is_read = self._is_whole = False
            for text in structure.result():
                what = f"{self._source.name}: the file's structure is damaged: {shown(text)}"
                self.report.fail("integrity", "structure", what, RESTORE)
        self._conclude()
        self._say_facts()
        return self.report

    def _read_entries(self) -> None:
        self._signatures.compare(self._tree)
        for batch in self._source.entries():
            leaves, start = self._take(batch), 0
            while start < len(leaves):
                size = self._signatures.next_size()
                stop = len(leaves) if size is None else min(len(leaves), start + size - self._tree.size)
                self._tree.extend(leaves[start:stop])
                self._signatures.compare(self._tree)
                start = stop
            for index, record in self._statements if self._is_whole else ():
                self._signatures.state(index, record)
            self._statements.clear()

    def _take(self, batch: Sequence[Row]) -> list[bytes]:
        """Check each row by itself and against its box; the leaves of the bodies, as far as they go into the tree."""
        leaves: list[bytes] = []
        cut = None if self._is_whole else 0
        last = batch[-1][0] if batch else None
        boxes = self._facts.until(last if isinstance(last, int) else self._count + len(batch) - 1)
        for index, kind, id_, leaf, stored in batch:
            if index != self._count:
                cut = len(leaves) if cut is None else cut
                if not self._goes_on(index):
                    continue
            body = stored
            if not isinstance(body, bytes):
                self.report.bad_entry(index, "its body is not stored as bytes")
                body = b""
            actual = sha256(b"\x00" + body).digest()
            leaves.append(actual)
            if actual != leaf:
                self._tiles.differs(index, leaf)
            is_plain = isinstance(id_, str) and '"' not in id_ and id_.isascii()
            if not is_plain or not body.startswith(b'%b%b",' % (_HEADS.get(kind, b"-"), id_.encode())):
                self._look_at_columns(index, kind, id_, body)
            box = boxes.pop(index, None)
            if box is None:
                if kind == "decision" and b'"sealed_facts":null,' not in body:
                    self._facts.is_missing(index, body)
            elif b'"subject":"%b","sealed_facts":"sha256:%b"' % box not in body:
                self._facts.differs(index, body, *box)
            if kind != "decision":
                self._note(index, kind, body)
            self._count += 1
        self._facts.stray(boxes)
        return leaves[:cut]

    def _goes_on(self, index: object) -> bool:
        """The row is not the one due: say so, and go on behind the gap if it is one."""
        self._is_whole = False
        if not isinstance(index, int) or index < self._count:
            what = f"entry {shown(index)} stands where entry {self._count} is due: the entries are out of order"
            self.report.fail("integrity", "order", what, KEEP, self._count)
            return False
        gone = f"{entries(self._count, index - 1)} {'is' if index - 1 == self._count else 'are'}"
        for verdict in ("integrity", "completeness"):
            what = f"{gone} missing: deleted, as entry {index} follows"
            self.report.fail(verdict, "gap", what, KEEP, self._count, index - 1)
        self._count = index
        return True

    def _look_at_columns(self, index: int, kind: object, id_: object, body: bytes) -> None:
        record = parse_object(body)
        if record is None:
            self.report.bad_entry(index, "its body is not a JSON object")
            return
        for column, value, name in (("kind", kind, "type"), ("id", id_, "id")):
            if record.get(name) != value:
                said = f"its column `{column}` says `{shown(value)}`, its body `{shown(record.get(name))}`"
                self.report.bad_entry(index, f"{said}; the body is what is signed")

    def _note(self, index: int, kind: object, body: bytes) -> None:
        """Keep of an administrative entry what is needed later."""
        record = parse_object(body) or {}
        match kind:
            case "log_created" | "key_rotated":
                try:
                    self._signatures.names_keys(index, record)
                except ValueError as error:
                    self.report.bad_entry(index, f"it names a key that is none: {error}")
            case "checkpoint_signed":
                self._statements.append((index, record))
            case "policy_activated":
                self._policies.is_activated(index, record)
            case "destruction_done":
                self._facts.are_destroyed(index, record)
            case "facts_sealed":
                self._facts.are_bound(index, record)

    def _end(self) -> None:
        """Compare the end with all that says where it is, and judge what the signatures do not agree with."""
        signatures = self._signatures
        signatures.settle()
        if self._is_whole and not self._source.is_export:
            self._tiles.end(self._tree)
        bad, longest = signatures.first_bad(), signatures.longest_beyond()
        self._tiles.judge(signatures.covered, bad.size if bad else 0)
        signatures.judge(self._count)
        if longest and longest.size > self._count:
            gone = longest.size - self._count
            what = (
                f"the log was cut: {longest.where} proves {longest.size} entries, and only {self._count} "
                f"{'are here' if self._is_read else 'can be read'}: "
                f"{'the last one is' if gone == 1 else f'the last {gone} are'} missing"
            )
            self.report.fail("completeness", "cut", what, KEEP, self._count, longest.size - 1)
        if self._is_read and not self._source.is_export:
            self._judge_state(list(self._source.rows("log_state")))

    def _judge_facts(self) -> None:
        self._facts.judge(has_all=self._is_read and self.report.completeness != "failed")

    def _judge_state(self, rows: Sequence[Row]) -> None:
        if len(rows) != 1 or not isinstance(rows[0][0], int) or not isinstance(rows[0][1], bytes):
            self.report.fail("integrity", "state", "`log_state` is not one row with a size and a frontier", RESTORE)
            return
        (size, frontier), count, covered = rows[0], self._count, self._signatures.covered
        counted = f"`log_state` counts {size} entries, and {count} are here"
        if size > count:
            for verdict in ("integrity", "completeness"):
                removed = "the last one was" if size - count == 1 else f"the last {size - count} were"
                what = f"{counted}: {removed} removed, or the count was changed"
                self.report.fail(verdict, "state", what, KEEP, count, size - 1)
        elif size < count:
            what = f"{counted}: entries were added past the service, or the count was changed"
            self.report.fail("integrity", "state", what, KEEP, max(size, 0), count - 1)
        elif self._is_whole and b"".join(self._tree.peaks()) != frontier and not self.report.explains(0, count):
            what = "the frontier in `log_state` is not that of the entries: it was changed"
            if covered < count:
                what += f", or {entries(covered, count - 1)}, which no signature covers, were replaced"
            self.report.fail("integrity", "state", what, RESTORE)

    def _conclude(self) -> None:
        """The verdicts that nothing has decided yet, and why each is as it is."""
        report, covered, bad = self.report, self._signatures.covered, self.report.first_bad
        if report.integrity == "failed":
            place = f": the first bad is {entries(bad.first, bad.last)}" if bad else ""
            report.integrity_reason = f"this is not what was logged and signed{place}"
        elif covered:
            report.integrity, report.integrity_reason = "ok", f"the first {covered:,} entries are what was signed"
        else:
            report.integrity_reason = "nothing contradicts itself, but no signature of a trusted key covers an entry"
        given = [anchor for anchor in self._anchors if not anchor.is_beside]
        kept = {head.anchor.name for head in self._signatures.kept() if head.anchor}
        if report.completeness == "failed":
            report.completeness_reason = "entries are missing, or that none is cannot be shown"
        elif not given:
            report.completeness_reason = "whether the end was cut only a checkpoint kept outside can tell: --checkpoint"
        elif any(anchor.name not in kept for anchor in given):
            report.completeness = "failed"
            report.completeness_reason = "the entries that were anchored are not the ones here"
        else:
            report.completeness = "ok"
            longest = max(anchor.checkpoint.size for anchor in given)
            report.completeness_reason = f"all {longest:,} entries that were anchored are here"

    def _say_facts(self) -> None:
        facts, signatures, count = self.report.facts, self._signatures, self._count
        origin, left = next(iter(signatures.origins), None), count - signatures.covered
        first, last = self._time(0), self._time(count - 1)
        facts["origin"] = (shown(origin) if origin else "not said", origin)
        facts["entries"] = (f"{count:,}" + (f", from {first} to {last}" if count else ""), count)
        facts["first time"], facts["last time"] = ("", first), ("", last)
        facts["checkpoints"] = (f"{signatures.stored:,} stored", signatures.stored)
        facts["covered"] = (f"{signatures.covered:,} entries, by signatures of trusted keys", signatures.covered)
        if left > 0:
            since = self._time(signatures.covered)
            age = max(self._now - datetime.fromisoformat(since), timedelta()) if since else None
            old = f", the oldest {str(age).partition('.')[0]} old" if age is not None else ""
            facts["not covered"] = (f"{left:,} entries are not yet covered by a signature{old}", left)
        for number, anchor in enumerate(self._anchors, 1):
            size, kind = anchor.checkpoint.size, "beside the log" if anchor.is_beside else "kept elsewhere"
            value = {"name": anchor.name, "entries": size, "kind": kind}
            facts[f"anchor {number}"] = (f"{anchor.name}: {size:,} entries, {kind}", value)
        for number, (key, why) in enumerate(signatures.trusted.items(), 1):
            facts[f"key {number}"] = (f"{key.label}, {why}", key.text)
        boxes, gone, of = self._facts.boxes, len(self._facts.missing), len(self._facts.destroyed)
        facts["sealed facts"] = (f"{boxes:,} kept, {gone:,} gone; customers destroyed: {of:,}", boxes)
        facts["policies"] = (
            f"{self._policies.documents:,} with {self._policies.files:,} files",
            self._policies.documents,
        )

    def _time(self, index: int) -> str | None:
        """When the record of that entry says it was made."""
        try:
            batch = next(self._source.entries(index), []) if index >= 0 else []
        except Damaged:
            return None
        text = (parse_object(batch[0][4]) or {}).get("time") if batch and isinstance(batch[0][4], bytes) else None
        try:
            time = datetime.fromisoformat(text) if isinstance(text, str) else None
        except ValueError:
            return None
        return time.isoformat().replace("+00:00", "Z") if time and time.tzinfo else None


# ---- Verifying one decision's evidence -------------------------------------------------------------------------------


def verify_pack(path: Path, keys: Sequence[Key], anchors: Sequence[Anchor]) -> Report:
    """Verify an evidence pack: that its decision stands in a log signed by one of the keys, and under which policy.

    `entry.json` and `proof.txt` are the decision; `activation.json` and `activation_proof.txt` the entry that activated
    its policy; `policy.json` and `files/...` are what these name by digest.

    Raises:
        Unreadable: there is no such file.
    """
    report = Report(str(path))
    report.completeness_reason = "one decision says nothing of others; that needs the log or an export"
    try:
        files = _unpack(path)
        covered = _verify_decision(files, {(key.name, key.id): key for key in keys}, anchors, report)
    except Damaged as damage:
        do = FOLLOWED if isinstance(damage, Unsigned) else "ask the operator for the pack again"
        report.fail("integrity", "pack", str(damage), do)
        covered = ""
    if report.integrity != "failed":
        report.integrity, report.integrity_reason = "ok", f"the decision stands in the log as {covered}"
    else:
        report.integrity_reason = "this pack does not prove its decision"
    return report


def _unpack(path: Path) -> dict[str, bytes]:
    try:
        path.open("rb").close()
    except OSError as error:
        raise Unreadable(f"{shown(str(path))}: {error.strerror or error}") from error
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if sum(info.file_size for info in infos) > LARGEST_FILE or len({i.filename for i in infos}) < len(infos):
                raise Damaged(f"{path}: the zip names a file twice, or is larger than an evidence pack can be")
            if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos):
                raise Damaged(f"{path}: the zip is compressed in another way than evidence packs are")
            return {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError, OverflowError) as error:
        raise Damaged(f"{path}: the zip cannot be read: {shown(str(error))}") from error


def _verify_decision(
    files: Mapping[str, bytes], keys: Mapping[tuple[str, bytes], Key], anchors: Sequence[Anchor], report: Report
) -> str:
    if missing := {"entry.json", "proof.txt", "activation.json", "activation_proof.txt", "policy.json"} - files.keys():
        raise Damaged(f"the pack has no `{'`, `'.join(sorted(missing))}`")
    entry, proof, signers = _verify_inclusion(files, "entry.json", "proof.txt", keys)
    activation, earlier, _ = _verify_inclusion(files, "activation.json", "activation_proof.txt", keys)
    policy, do = digest(files["policy.json"]), "ask the operator for the pack again, and compare"

    def check(*, holds: bool, otherwise: str) -> None:
        if not holds:
            report.fail("integrity", "pack", otherwise, do, proof.index)

    check(holds=entry.get("type") == "decision", otherwise="`entry.json` is not a decision")
    check(holds=activation.get("type") == "policy_activated", otherwise="`activation.json` activates no policy")
    check(holds=entry.get("policy") == policy, otherwise="`policy.json` is not the policy that the decision names")
    check(holds=activation.get("policy") == policy, otherwise="`activation.json` activates another policy")
    check(holds=earlier.index < proof.index, otherwise="the policy was activated after the decision")
    named = activation.get("files")
    named = named if isinstance(named, dict) else {}
    given = {name.removeprefix("files/"): digest(data) for name, data in files.items() if name.startswith("files/")}
    for name in sorted(named.keys() | given.keys()):
        check(
            holds=named.get(name) == given.get(name),
            otherwise=f"`files/{shown(name)}` is not a file of the policy as it was activated, or is missing",
        )
    one, two = proof.checkpoint, earlier.checkpoint
    check(holds=one.origin == two.origin, otherwise="the two proofs are of different logs")
    for other in [two, *(anchor.checkpoint for anchor in anchors)]:
        same = (one.origin, one.size) == (other.origin, other.size)
        check(holds=not same or one.root == other.root, otherwise=f"two histories of {one.size} entries were signed")
    proven = {"entry.json", "proof.txt", "activation.json", "activation_proof.txt", "policy.json"}
    others = sorted(name for name in files.keys() - proven if not name.startswith("files/"))
    report.facts = {
        "origin": (shown(one.origin), one.origin),
        "decision": (shown(entry.get("id")), entry.get("id")),
        "time": (shown(entry.get("time")), entry.get("time")),
        "policy": (f"{policy}, activated by entry {earlier.index}, {len(given)} files", policy),
        "signed by": (", ".join(key.label for key in signers), [key.text for key in signers]),
        "not proven": (", ".join(map(shown, others)) or "nothing", others),
    }
    for number, anchor in enumerate(anchors, 1):
        of = anchor.checkpoint
        compared = "compared" if (of.origin, of.size) == (one.origin, one.size) else "which says nothing of this pack"
        value = {"name": anchor.name, "entries": of.size, "kind": compared}
        report.facts[f"anchor {number}"] = (f"{anchor.name}: {of.size:,} entries, {compared}", value)
    return f"entry {proof.index} of {one.size:,}"


def _verify_inclusion(
    files: Mapping[str, bytes], body: str, proof_name: str, keys: Mapping[tuple[str, bytes], Key]
) -> tuple[dict[str, Any], Proof, tuple[Key, ...]]:
    try:
        proof = Proof.parse(files[proof_name].decode())
        signers = proof.checkpoint.signers(keys)
    except ValueError as error:
        raise Damaged(f"`{proof_name}`: {error}") from error
    if not signers:
        others = ", ".join(f"`{shown(name)}+{value[:4].hex()}`" for name, value in proof.checkpoint.signatures)
        raise Unsigned(
            f"`{proof_name}`: its checkpoint is signed by {others}, and by none of the keys given with --key"
        )
    size, root = proof.checkpoint.size, proof.checkpoint.root
    if root_of_inclusion(leaf_hash(files[body]), proof.index, size, proof.hashes) != root:
        raise Damaged(f"`{body}` is not entry {proof.index} of the log that was signed: one was changed")
    record = parse_object(files[body])
    if record is None:
        raise Damaged(f"`{body}` is not a JSON object")
    return record, proof, signers


# ---- The command line ------------------------------------------------------------------------------------------------


def read_keys(values: Sequence[str]) -> list[Key]:
    """The keys in texts that are verifier keys or name files with one a line. Raises Unreadable."""
    keys = []
    for value in values:
        try:
            keys.append(Key.parse(value))
            continue
        except ValueError as error:
            mistake = str(error)
        try:
            text = _read_text(Path(value), "a public key, nor a file with public keys")
        except Unreadable:
            if value.count("+") > 1:
                raise Unreadable(mistake) from None
            raise
        try:
            found = [Key.parse(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
        except ValueError as error:
            raise Unreadable(f"{value}: {error}") from error
        if not found:
            raise Unreadable(f"{value}: there is no key in it")
        keys += found
    return keys


def read_anchor(path: Path, *, is_beside: bool = False) -> Anchor:
    """A checkpoint in a file. Raises Unreadable."""
    note = _read_text(path, "a file with a checkpoint")
    try:
        return Anchor(str(path), note, Checkpoint.parse(note), is_beside)
    except ValueError as error:
        raise Unreadable(f"{path}: not a checkpoint: {error}") from error


def _read_text(path: Path, expected: str) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Unreadable(f"{path}: not {expected}: it is too large")
        return path.read_bytes().decode()
    except (OSError, ValueError) as error:
        raise Unreadable(f"{shown(str(path))}: not {expected}: {getattr(error, 'strerror', None) or error}") from error


def verify(path: Path, keys: Sequence[Key], anchors: Sequence[Anchor], now: datetime) -> Report:
    """Verify whatever is at `path`. Raises Unreadable if there is nothing that can be read."""
    try:
        is_directory = path.is_dir()
        is_export = is_directory and (path / "entries.ndjson").exists()
        is_pack = not is_directory and (path.suffix == ".zip" or zipfile.is_zipfile(path))
        file = path / "log.db" if is_directory else path
        beside = file.parent / "checkpoint"
        has_anchor = file.name == "log.db" and beside.exists()
    except OSError as error:
        raise Unreadable(f"{shown(str(path))}: {error.strerror}; name what you may read") from error
    if is_export:
        return LogVerification(ExportSource(path), keys, anchors, now).run()
    if is_pack:
        return verify_pack(path, keys, anchors)
    report = Report(str(file))
    if has_anchor:
        try:
            anchors = [*anchors, read_anchor(beside, is_beside=True)]
        except Unreadable as error:
            report.fail("integrity", "checkpoint", str(error), KEEP)
    try:
        source = SqliteSource(file)
    except Damaged as damage:
        report.fail("integrity", "unreadable", str(damage), RESTORE)
        report.integrity_reason = "it cannot be read as a log"
        report.completeness_reason = "nothing could be read"
        return report
    verification = LogVerification(source, keys, anchors, now)
    for finding in report.findings:
        verification.report.fail(finding.verdict, finding.kind, finding.what, finding.do)
    report = verification.run()
    source.close()
    return report


def say(text: str) -> None:
    """Write to standard output; what its encoding has not, such as half of a surrogate pair, is spelt out."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Mistakes on the command line end with 1, as 2 is a verdict."""
        self.exit(1, f"{self.format_usage()}{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    parser = _Parser(prog="verify.py", description="Verify a log, an export or an evidence pack of Ostiary.")
    parser.add_argument("log", type=Path, help="data directory, `log.db`, directory of an export, or evidence zip")
    parser.add_argument("--key", action="append", required=True, help="public key, or a file of them; repeatable")
    anchor_help = "signed checkpoint that was kept elsewhere; repeatable"
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, help=anchor_help)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    given = parser.parse_args(arguments)
    try:
        anchors = [read_anchor(path) for path in given.checkpoint]
        report = verify(given.log, read_keys(given.key), anchors, datetime.now(UTC))
    except Unreadable as error:
        sys.stderr.write(f"verify.py: {error}\n")
        return 1
    say(report.to_json() if given.format == "json" else report.to_text())
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
