"""Whatever is changed in a log behind its back is found, and the place is named.

OSTIARY_TAMPERINGS says how many changes are tried, 100 unless it is set.
"""

# ruff: noqa: S608 - the names of tables and columns are ours
from __future__ import annotations

import contextlib
import copy
import os
import random
import sqlite3

import pytest
from log_builder import START, LogBuilder, LogKey, full_log, sha256

from engine.audit.verify import Anchor, Checkpoint, Key, verify

COUNT = int(os.environ.get("OSTIARY_TAMPERINGS", "100"))
KEY = LogKey(1)
THIEF = LogKey(666)
COLUMNS = {
    "entry": ["kind", "id", "leaf", "body", "index"],
    "sealed": ["index", "subject", "box"],
    "policy": ["digest", "document"],
    "policy_file": ["digest", "path", "text"],
    "log_state": ["size", "frontier"],
    "tile": ["level", "index", "hashes"],
    "checkpoint": ["size", "note"],
}
KINDS = {
    "policy": {"policy", "policy file"},
    "policy_file": {"policy file"},
    "log_state": {"state"},
    "tile": {"tile", "stray tile"},
    "checkpoint": {"checkpoint", "foreign key", "other checkpoint", "no checkpoint"},
}


class Case:
    """The log as it was, and a copy in a file for someone to tamper with."""

    def __init__(self, log: LogBuilder, file, original: bytes, rng: random.Random) -> None:
        self.log, self.file, self.original, self.random = log, file, original, rng
        self.anchor = max(log.checkpoints.items())[1]
        self.covered = max(log.checkpoints)
        self.reset()

    def reset(self) -> None:
        self.file.write_bytes(self.original)

    def rewrite(self, log: LogBuilder) -> None:
        self.file.unlink()
        log.write(self.file)

    def execute(self, *statement):
        with contextlib.closing(sqlite3.connect(self.file)) as db:
            rows = db.execute(*statement).fetchall()
            db.commit()
        return rows

    def verify(self):
        anchor = Anchor("anchor", self.anchor, Checkpoint.parse(self.anchor))
        return verify(self.file, [Key.parse(KEY.text), Key.parse(LogKey(2).text)], [anchor], START)

    def changed(self, data: bytes) -> bytes:
        at = self.random.randrange(len(data))
        return data[:at] + bytes([data[at] ^ self.random.randrange(1, 256)]) + data[at + 1 :]


def names(report, index) -> bool:
    return any(f.first is not None and f.first <= index <= f.last for f in report.findings)


def starts_at(report, index) -> bool:
    return report.first_bad is not None and report.first_bad.first <= index <= report.first_bad.last


def has_kind(report, table) -> bool:
    return any(finding.kind in KINDS[table] for finding in report.findings)


# Each takes a case, tampers with it, says what it did, and gives a check that the report names the place.


def edit_a_value(case: Case):
    """One byte of one value."""
    table = case.random.choice(list(COLUMNS))
    column = case.random.choice(COLUMNS[table])
    rowid, value = case.random.choice(case.execute(f'SELECT rowid, "{column}" FROM {table}'))
    place = rowid
    if isinstance(value, int):
        taken = {row[0] for row in case.execute(f'SELECT "{column}" FROM {table}')}
        changed = next(v for v in iter(lambda: value ^ case.random.randrange(1, 2048), None) if v not in taken)
        case.execute(f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?', (changed, rowid))
    else:
        changed = case.changed(value.encode() if isinstance(value, str) else value)
        type_ = "TEXT" if isinstance(value, str) else "BLOB"
        case.execute(f'UPDATE {table} SET "{column}" = CAST(? AS {type_}) WHERE rowid = ?', (changed, rowid))
    if table == "entry":
        return f"{table}.{column} {rowid}", lambda report: starts_at(report, place)
    if table == "sealed":
        # A text that is no text ends the reading of the table, somewhere in the batch in which it stands.
        return f"{table}.{column} {rowid}", lambda report: names(report, place) or "`sealed`" in report.to_text()
    return f"{table}.{column} {rowid}", lambda report: has_kind(report, table) or f"`{table}`" in report.to_text()


def delete_a_row(case: Case):
    table = case.random.choice(list(COLUMNS))
    (rowid,) = case.random.choice(case.execute(f"SELECT rowid FROM {table}"))
    case.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
    if table in ("entry", "sealed"):
        return f"{table} {rowid}", lambda report: starts_at(report, rowid)
    return f"{table} {rowid}", lambda report: has_kind(report, table)


def swap_two_entries(case: Case):
    """Rows whole, with or without their boxes."""
    one, two = sorted(case.random.sample(range(case.covered), 2))
    with_boxes = case.random.random() < 0.5
    log = copy.copy(case.log)
    log.entries = list(case.log.entries)
    log.entries[one] = (one, *case.log.entries[two][1:])
    log.entries[two] = (two, *case.log.entries[one][1:])
    if with_boxes:
        other = {one: two, two: one}
        log.sealed = {other.get(index, index): box for index, box in case.log.sealed.items()}
    rewritten(case, log, keeps_tiles=True)
    return f"{one} {two} {with_boxes}", lambda report: starts_at(report, one)


def cut_the_end(case: Case):
    """Entries are deleted and nothing else."""
    size = case.random.randrange(len(case.log.entries))
    case.execute('DELETE FROM entry WHERE "index" >= ?', (size,))
    return f"{size}", lambda report: names(report, size) and report.completeness == "failed"


def cut_the_end_cleanly(case: Case):
    """Everything is as it was when the log was that long."""
    size = case.random.randrange(1, case.covered)
    log = copy.copy(case.log)
    log.entries = case.log.entries[:size]
    log.sealed = {index: box for index, box in case.log.sealed.items() if index < size}
    log.checkpoints = {at: note for at, note in case.log.checkpoints.items() if at <= size}
    case.rewrite(log)
    return f"{size}", lambda report: names(report, size) and report.completeness == "failed"


def altered_log(case: Case) -> tuple[int, LogBuilder]:
    """The log with one entry's body another, and the tree over it computed anew."""
    place = case.random.randrange(case.covered)
    log = copy.copy(case.log)
    log._roots = {}
    log.entries = list(case.log.entries)
    index, kind, id_, _, body = log.entries[place]
    changed = body.replace(b'"caller":"console"', b'"caller":"another"')
    assert changed != body
    log.entries[place] = (index, kind, id_, sha256(b"\x00" + changed), changed)
    return place, log


def rewritten(case: Case, log: LogBuilder, *, keeps_tiles: bool = False) -> None:
    log._roots = {}
    case.rewrite(log)
    if keeps_tiles:
        case.execute("DELETE FROM tile")
        for (level, index), hashes in case.log.tiles().items():
            case.execute("INSERT INTO tile VALUES (?, ?, ?)", (level, index, hashes))


def rewrite_without_the_key(case: Case):
    """All of the database agrees with itself; the signatures are those there were."""
    place, log = altered_log(case)
    case.rewrite(log)
    sizes = [0, *sorted(case.log.checkpoints)]
    first = max(size for size in sizes if size <= place)
    last = min(size for size in sizes if size > place) - 1
    return f"{place}", lambda report: (report.first_bad.first, report.first_bad.last) == (first, last)


def rewrite_with_another_key(case: Case):
    """And everything is signed anew, by a key of the thief that has the same name."""
    place, log = altered_log(case)
    log.key = THIEF
    if case.random.random() < 0.5:
        _, kind, id_, _, body = log.entries[0]
        body = body.replace(KEY.text.encode(), THIEF.text.encode())
        log.entries[0] = (0, kind, id_, sha256(b"\x00" + body), body)
    log.checkpoints = {size: log.note(size) for size in case.log.checkpoints}
    case.rewrite(log)
    return f"{place}", lambda report: has_kind(report, "checkpoint") and starts_at(report, place)


def replay_an_old_checkpoint(case: Case):
    new, old = sorted(case.random.sample(sorted(case.log.checkpoints), 2), reverse=True)
    case.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (case.log.checkpoints[old], new))
    return f"{old} for {new}", lambda report: has_kind(report, "checkpoint")


def drop_newest_and_replay(case: Case):
    """The end is cut and the checkpoints that cover it are gone with it."""
    old = sorted(case.log.checkpoints)[-2]
    case.execute("DELETE FROM checkpoint WHERE size > ?", (old,))
    case.execute('DELETE FROM entry WHERE "index" >= ?', (old,))
    return f"{old}", lambda report: names(report, old)


def edit_the_file(case: Case):
    """One byte of the file, whatever it is. What a reader of the tables sees may stay the same."""
    case.file.write_bytes(case.changed(case.original))
    return "", lambda report: bool(report.findings)


TAMPERINGS = [
    edit_a_value,
    edit_the_file,
    delete_a_row,
    swap_two_entries,
    cut_the_end,
    cut_the_end_cleanly,
    rewrite_without_the_key,
    rewrite_with_another_key,
    replay_an_old_checkpoint,
    drop_newest_and_replay,
]


def everything(file) -> list:
    """What the log says: each value with its type. `commits` only counts transactions, and says nothing of the log."""
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db:
        found = [
            db.execute(f'SELECT {", ".join(f""""{c}", typeof("{c}")""" for c in columns)} FROM {table}').fetchall()
            for table, columns in COLUMNS.items()
        ]
        by_id = 'SELECT "index" FROM entry WHERE id = ?'
        found.append([db.execute(by_id, (row[2],)).fetchall() for row in found[0]])
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    log = full_log()
    file = tmp_path_factory.mktemp("base") / "log.db"
    log.write(file)
    return log, file.read_bytes(), everything(file)


def test_what_was_not_tampered_with_is_ok(base, tmp_path):
    case = Case(base[0], tmp_path / "log.db", base[1], random.Random(0))
    assert case.verify().exit_code == 0


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda f: f.__name__)
def test_tampering_is_found_and_the_place_named(base, tmp_path, tamper):
    log, original, content = base
    case = Case(log, tmp_path / "log.db", original, random.Random(tamper.__name__))
    # Bytes and values get half of all; what is left has fewer ways to go wrong.
    share = COUNT // 4 if tamper in (edit_a_value, edit_the_file) else COUNT // 16
    unseen = 0
    for number in range(max(share, 1)):
        case.reset()
        what, is_named = tamper(case)
        report = case.verify()
        if tamper is edit_the_file and report.exit_code == 0:
            unseen += 1
            assert everything(case.file) == content, number
            continue
        assert report.exit_code in (2, 3), (number, what)
        assert is_named(report), (number, what, report.to_text())
    print(f"{tamper.__name__}: {number + 1} tried, {unseen} changed nothing that is read")
