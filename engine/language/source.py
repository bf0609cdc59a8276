"""Text with positions: files, spans, and author-written strings that know where each character stands."""

from __future__ import annotations

from bisect import bisect_right
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
        """Where the whole string stands."""
        return self.source.span(self.start, self.end)

    def span_at(self, offset: int, length: int = 1) -> Span:
        """Where the `offset`-th character of `value` was typed."""
        begin = self._offsets[min(offset, len(self.value))]
        last = self._offsets[min(offset + max(length, 1) - 1, len(self.value))]
        return self.source.span(begin, max(begin, last) + 1)

    @cached_property
    def _offsets(self) -> list[int]:
        """Place in the file of each character of `value`, and of its end.

        YAML folds lines and undoes escapes, so the two texts are walked side by side.
        """
        raw, at = self.source.text, self.start
        if self.style in {"|", ">"}:
            at = raw.index("\n", at) + 1
        elif self.style:
            at += 1
        offsets: list[int] = []
        for char in self.value:
            while at < self.end and char not in " \n" and raw[at] != char and raw[at] in " \t\n":
                at += 1
            offsets.append(min(at, self.end))
            at += _typed_length(raw, at, char, self.style)
            if char in " \n" and self.style not in {"|", ">"} and "\n" in raw[offsets[-1] : at]:
                while at < self.end and raw[at] in " \t\n":
                    at += 1
        offsets.append(min(at, max(self.start, self.end - (1 if self.style in {"'", '"'} else 0))))
        return offsets


def _typed_length(raw: str, at: int, char: str, style: str) -> int:
    """How many characters of the file stand for one character of the value."""
    if style == "'" and char == "'":
        return 2
    if style == '"' and raw[at : at + 1] == "\\":
        return {"x": 4, "u": 6, "U": 10}.get(raw[at + 1 : at + 2], 2)
    return 1
