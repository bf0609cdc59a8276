"""What a disk may hold after its power was cut, made from the record of every write and flush of real processes.

`preloads/recording_disk.c` writes the record. Nothing is assumed of a disk but what `fsync` promises: the data of a
flushed file is there, and the names in a flushed directory are. Of everything else any part may be missing, in any
order and cut at any sector, except that names change in the order in which they were changed.
"""

from __future__ import annotations

import itertools
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TypeAlias

import attrs

MARK = "a"
SECTOR = 512
_HEAD = struct.Struct("<c3xIQQQ")
_DIRECTORY = -1

Chosen: TypeAlias = Callable[[Random, list["Change"]], list["Change"]]


@attrs.frozen
class Change:
    """One record. `name` and the target of a rename are relative to the recorded directory, "" for itself."""

    kind: str
    name: str
    inode: int
    offset: int
    data: bytes = attrs.field(repr=False)


def read_trace(path: Path) -> list[Change]:
    """All records, in the order in which things happened."""
    recorded = path.read_bytes()
    changes = []
    place = 0
    while place < len(recorded):
        kind, name_size, inode, offset, size = _HEAD.unpack_from(recorded, place)
        name = place + _HEAD.size
        data = name + name_size
        place = data + size
        changes.append(Change(kind.decode(), recorded[name:data].decode(), inode, offset, recorded[data:place]))
    return changes


def mark(trace: Path, text: str) -> None:
    """Put what somebody was told into the record, as a change of no file."""
    data = text.encode()
    file = os.open(trace, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(file, _HEAD.pack(MARK.encode(), 0, 0, 0, len(data)) + data)
    finally:
        os.close(file)


class Disk:
    """What is flushed, and what is not yet: `feed` it the record, and `cut` as often as you like in between."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._file_of: dict[int, int] = {}  # a file is known by a number, as inodes are used again
        self._flushed: dict[int, bytearray] = {}
        self._writes: list[tuple[int, Change]] = []
        self._names: dict[str, int] = {}
        self._renames: list[tuple[Change, int]] = []

    def feed(self, change: Change) -> None:
        """Take the next record: only a flush makes what came before it safe."""
        if change.kind == "c":
            number = self._file_of[change.inode] = next(self._numbers)
            self._flushed[number] = bytearray()
            self._renames.append((change, number))
        elif change.kind in "murl":
            self._renames.append((change, _DIRECTORY))
        elif change.kind in "wt":
            self._writes.append((self._file_of[change.inode], change))
        elif change.kind == "s":
            self._flush_file(self._file_of[change.inode])
        elif change.kind == "d":
            self._flush_directory(change.name)

    def cut(self, chance: Random, choose: Chosen) -> dict[str, bytes | None]:
        """Content of every file that is there after a cut now, by name; None for a directory."""
        names = dict(self._names)
        renames = len(self._renames)
        for change, number in self._renames[: chance.choice([0, renames, chance.randint(0, renames)])]:
            _rename(names, change, number)
        kept = {id(change): change for change in choose(chance, [change for _, change in self._writes])}
        contents = {number: bytearray(self._flushed[number]) for number in set(names.values()) - {_DIRECTORY}}
        for number, change in self._writes:
            if number in contents and id(change) in kept:
                _write(contents[number], change, chance if choose is torn else None)
        there = {name: None if number == _DIRECTORY else bytes(contents[number]) for name, number in names.items()}
        return {name: content for name, content in there.items() if _has_parents(name, there)}

    def _flush_file(self, number: int) -> None:
        left = []
        for owner, change in self._writes:
            if owner == number:
                _write(self._flushed[number], change, None)
            else:
                left.append((owner, change))
        self._writes = left

    def _flush_directory(self, name: str) -> None:
        # A rename is undone or done as a whole, so one whose other directory is not flushed counts as done too.
        left = []
        for change, number in self._renames:
            if name == _parent(change.name):
                _rename(self._names, change, number)
            else:
                left.append((change, number))
        self._renames = left


def none(_: Random, __: list[Change]) -> list[Change]:
    """Nothing that was not flushed."""
    return []


def everything(_: Random, changes: list[Change]) -> list[Change]:
    """All, as after a process that died."""
    return changes


def prefix(chance: Random, changes: list[Change]) -> list[Change]:
    """As from a disk that keeps the order."""
    return changes[: chance.randint(0, len(changes))]


def some(chance: Random, changes: list[Change]) -> list[Change]:
    """As from a disk that does not."""
    share = chance.random()
    return [change for change in changes if chance.random() < share]


def torn(chance: Random, changes: list[Change]) -> list[Change]:
    """Some, and of each of these some sectors."""
    return some(chance, changes)


CHOICES: Sequence[Chosen] = (none, everything, prefix, some, torn)


def power_cuts(
    trace: Sequence[Change], count: int, chance: Random
) -> Iterator[tuple[int, Chosen, dict[str, bytes | None]]]:
    """Images after cuts at `count` random points: how many changes had been made, what was chosen, and the files."""
    disk = Disk()
    made = 0
    for point in sorted(chance.randint(0, len(trace)) for _ in range(count)):
        for change in trace[made:point]:
            disk.feed(change)
        made = point
        choose = chance.choice(CHOICES)
        yield point, choose, disk.cut(chance, choose)


def put(image: dict[str, bytes | None], directory: Path) -> None:
    """Make the files of an image below a directory."""
    for name, content in sorted(image.items()):
        path = directory / name
        if content is None:
            path.mkdir(0o700)
        else:
            path.write_bytes(content)
            path.chmod(0o600)


def _write(content: bytearray, change: Change, chance: Random | None) -> None:
    """Make the change, or with a chance given only in about half of its sectors."""
    if change.kind == "t":
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
        return
    start, end = change.offset, change.offset + len(change.data)
    # What lies between the end of a file and a write behind it reads as zeros.
    content.extend(bytes(max(0, end - len(content))))
    while start < end:
        stop = end if chance is None else min(end, start - start % SECTOR + SECTOR)
        if chance is None or chance.random() < 0.5:
            content[start:stop] = change.data[start - change.offset : stop - change.offset]
        start = stop


def _rename(names: dict[str, int], change: Change, number: int) -> None:
    if change.kind in "cm":
        names[change.name] = number
    elif change.kind == "u":
        names.pop(change.name, None)
    elif change.name in names:
        names[change.data.decode()] = names[change.name]
        if change.kind == "r":
            del names[change.name]


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def _has_parents(name: str, there: dict[str, bytes | None]) -> bool:
    parent = _parent(name)
    return not parent or (parent in there and _has_parents(parent, there))
