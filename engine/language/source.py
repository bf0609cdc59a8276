"""Text with positions: files, spans, and author-written strings that know where each character stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

import attrs


@attrs.frozen
class Span:
    """A stretch of one line: `line` and `column` count from 1, `length` counts characters."""

    file: str
    line: int
    column: int
    length: int = 1


@attrs.frozen(slots=False, eq=False)
class Source:
    """One file: the name it is shown under, and its text with line ends as `\\n`."""

    name: str
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(i + 1 for i, char in enumerate(self.text) if char == "\n")]

    def span(self, start: int, end: int) -> Span:
        """The span of characters `start` to `end`, cut at the end of the first line."""
        start = min(start, len(self.text))
        row = bisect_right(self._line_starts, start) - 1
        line_start = self._line_starts[row]
        line_end = self.text.find("\n", start)
        end = min(end, line_end if line_end >= 0 else len(self.text))
        return Span(self.name, row + 1, start - line_start + 1, max(1, end - start))


@attrs.frozen(slots=False, eq=False)
class Text:
    """A string an author wrote, and where.

    `value` is what the YAML means; `start` and `end` delimit what was typed, quotes and block header included.
    """

    value: str
    source: Source
    start: int
    end: int
    style: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it was written without quotes or block header, so that `true` may mean the boolean."""
        return self.style == ""

    @property
    def span(self) -> Span:
        """Where the whole string stands: of a block, its first line."""
        if self.style in _BLOCK:
            return self.inside
        return self.source.span(self.start, self.end)

    @property
    def inside(self) -> Span:
        """Where its content stands, without quotes and block header."""
        return self.span_at(len(self.value) - len(self.value.lstrip()), len(self.value.strip()))

    def span_at(self, offset: int, length: int = 1) -> Span:
        """Where the `offset`-th character of `value` was typed, up to the end of that line."""
        begin, end = self._typed[min(offset, len(self.value))]
        _, end = self._typed[min(offset + max(length, 1) - 1, len(self.value))]
        return self.source.span(begin, max(begin + 1, end))

    @cached_property
    def _typed(self) -> list[tuple[int, int]]:
        """Where in the file each character of `value` begins and ends, and last the place after all of them."""
        raw = self.source.text
        if self.style in _BLOCK:
            typed = list(_in_block(raw, raw.index("\n", self.start) + 1, self.end, self.value))
            after = min(self.end, typed[-1][1] if typed else self.end)
        elif self.style:
            typed, after = list(_in_flow(raw, self.start + 1, self.end - 1, self.style)), self.end - 1
        else:
            typed, after = list(_in_flow(raw, self.start, self.end, "")), self.end
        return [*typed[: len(self.value)], *[(after, after)] * (len(self.value) + 1 - len(typed))]


_BLOCK = frozenset({"|", ">"})
_FOLD = re.compile(r"[ \t]*\n(?:[ \t]*\n)*[ \t]*")
_CONTINUED = re.compile(r"\\\n[ \t]*(?:\n[ \t]*)*")
_ESCAPES = {"x": 4, "u": 6, "U": 10}


def _in_flow(raw: str, at: int, end: int, style: str) -> Iterator[tuple[int, int]]:
    """Where each character of a plain or quoted scalar was typed: YAML folds its lines and undoes its escapes."""
    while at < end:
        char = raw[at]
        fold = _FOLD.match(raw, at, end) if char in " \t\n" else None
        if fold is not None:
            # One line break is a space; of several, each but the first is itself.
            yield from [(at, at + 1)] * max(1, fold[0].count("\n") - 1)
            at = fold.end()
            continue
        continued = _CONTINUED.match(raw, at, end) if style == '"' and char == "\\" else None
        if continued is not None:
            yield from [(at, at + 1)] * (continued[0].count("\n") - 1)
            at = continued.end()
            continue
        length = 1
        if style == '"' and char == "\\":
            length = _ESCAPES.get(raw[at + 1], 2)
        elif style == char == "'":
            length = 2
        yield at, at + length
        at += length


def _in_block(raw: str, at: int, end: int, value: str) -> Iterator[tuple[int, int]]:
    """Where each character of a block scalar was typed: YAML drops its indentation and may fold its lines."""
    for char in value:
        while at < end and char not in " \n" and raw[at] != char and raw[at] in " \t\n":
            at += 1
        yield min(at, end), min(at + 1, end)
        at += 1
