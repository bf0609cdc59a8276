"""Where a record of CSV ends of which nothing is kept, because it is too long to be read."""

from __future__ import annotations

import csv
import re
from enum import Enum, auto


class _At(Enum):
    BEGIN = auto()
    """Of a cell."""
    PLAIN = auto()
    """In a cell without quotes."""
    QUOTED = auto()
    CLOSING = auto()
    """After quotes within quotes: they close the cell, unless others follow."""
    ENDED = auto()
    """After a line end outside quotes."""


class Quotes:
    """Follows quotes as `csv.reader` does when it is strict, in text that comes in parts of any size.

    `are_open` says whether the text so far ends within quotes, so that a line end there does not end the record.
    """

    def __init__(self, delimiter: str, *, are_open: bool) -> None:
        self._delimiter = delimiter
        self._next = re.compile(f'{re.escape(delimiter)}"|\r')
        self._at = _At.QUOTED if are_open else _At.BEGIN

    @property
    def are_open(self) -> bool:
        """Whether the text so far ends within quotes."""
        return self._at is _At.QUOTED

    def follow(self, text: str) -> None:
        """Go on with more of a line.

        Raises:
            csv.Error: it is no CSV, in the words of `csv.reader`.
        """
        place = 0
        while place < len(text):
            match self._at:
                case _At.QUOTED:
                    place = text.find('"', place) + 1
                    if not place:
                        return
                    self._at = _At.CLOSING
                case _At.CLOSING:
                    self._at = self._after_quotes(text[place])
                    place += 1
                case _At.ENDED:
                    if text[place] not in "\r\n":
                        raise csv.Error("new-line character seen in unquoted field")
                    place += 1
                case _At.BEGIN if text[place] == '"':
                    self._at = _At.QUOTED
                    place += 1
                case _:
                    found = self._next.search(text, place)
                    if found is None:
                        self._at = _At.BEGIN if text.endswith(self._delimiter) else _At.PLAIN
                        return
                    self._at = _At.ENDED if found[0] == "\r" else _At.QUOTED
                    place = found.end()

    def _after_quotes(self, char: str) -> _At:
        if char == '"':
            return _At.QUOTED
        if char == self._delimiter:
            return _At.BEGIN
        if char in "\r\n":
            return _At.ENDED
        raise csv.Error(f"'{self._delimiter}' expected after '\"'")
