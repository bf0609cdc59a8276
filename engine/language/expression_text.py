"""Where the words of an expression stand in its text: the CEL library tells places by a dot or a parenthesis."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

import attrs

_TOKEN = re.compile(
    r"""
    (?P<string>[rRbB]{0,2}(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
    |(?P<comment>//[^\n]*)
    |(?P<name>[A-Za-z_]\w*(?:\s*\.\s*(?:[A-Za-z_]\w*|`[^`]*`))*)
    |(?P<number>\d[\w.]*)
    |(?P<bracket>[()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_OPERATOR = re.compile(r"&&|\|\||[=!<>]=|in\b")
_SEGMENT = re.compile(r"[A-Za-z_]\w*|`[^`]*`")


@attrs.frozen
class Word:
    """A name or a part of one, without the backticks it may be typed in, and the stretch of the text it takes up."""

    text: str
    start: int
    end: int


@attrs.frozen
class DottedName:
    """A name as it was typed, part by part; `is_member` when it follows a dot after something that is no name."""

    parts: tuple[Word, ...]
    is_member: bool

    @property
    def start(self) -> int:
        """Where the first part begins."""
        return self.parts[0].start

    @property
    def end(self) -> int:
        """Where the last part ends."""
        return self.parts[-1].end

    def upto(self, count: int) -> Word:
        """The first parts of the name as one word."""
        parts = self.parts[:count]
        return Word(".".join(part.text for part in parts), self.start, parts[-1].end)


class ExpressionText:
    """The names, strings and brackets of an expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._names: list[DottedName] = []
        self._ends: dict[int, int] = {}
        open_: list[int] = []
        for token in _TOKEN.finditer(text):
            if token.lastgroup == "name":
                parts = tuple(
                    Word(part[0].strip("`"), part.start(), part.end())
                    for part in _SEGMENT.finditer(text, token.start(), token.end())
                )
                self._names.append(DottedName(parts, text[: token.start()].rstrip().endswith(".")))
            elif token.lastgroup == "bracket" and token[0] in "([{":
                open_.append(token.start())
            elif token.lastgroup == "bracket" and open_:
                self._ends[open_.pop()] = token.end()
            else:
                self._ends[token.start()] = token.end()
        self._starts = [name.start for name in self._names]

    @property
    def names(self) -> Sequence[DottedName]:
        """Every name, in order."""
        return self._names

    def name_at(self, offset: int) -> DottedName | None:
        """The name of which a character, or the dot before it, stands at the offset."""
        index = bisect_right(self._starts, offset) - 1
        if index >= 0 and offset < self._names[index].end:
            return self._names[index]
        following = self.name_after(offset)
        return following if following is not None and self.text[offset : following.start].strip() == "." else None

    def name_after(self, offset: int) -> DottedName | None:
        """The first name that begins after the offset."""
        index = bisect_right(self._starts, offset)
        return self._names[index] if index < len(self._names) else None

    def called_at(self, parenthesis: int) -> DottedName | None:
        """The name of the function whose arguments begin with this parenthesis."""
        index = bisect_right(self._starts, parenthesis) - 1
        if index < 0 or self.text[self._names[index].end : parenthesis].strip():
            return None
        return self._names[index]

    def end(self, start: int) -> int:
        """Where what begins at an offset ends: a string, a number, or whatever a bracket encloses."""
        return self._ends.get(start, start + 1)

    def selected_at(self, offset: int) -> Word:
        """The path up to the field whose selection the library puts at this offset, of `has()` at its parenthesis."""
        if self.text[offset : offset + 1] == "(":
            name = self.name_after(offset)
            return Word("", offset, offset + 1) if name is None else name.upto(len(name.parts))
        name = self.name_at(offset)
        if name is None:
            return Word("", offset, offset + 1)
        count = next((n for n, part in enumerate(name.parts, 1) if part.start > offset), len(name.parts))
        return name.upto(count)

    def word_at(self, offset: int, function: str = "") -> Word:
        """What stands at an offset: a name, the name of the function that is called there, a string, an operator."""
        called = self.called_at(offset) if self.text[offset : offset + 1] == "(" else None
        if called is not None:
            return called.upto(len(called.parts)) if "." in function else called.parts[-1]
        name = self.name_at(offset)
        if name is not None:
            return self.selected_at(offset)
        operator = _OPERATOR.match(self.text, offset)
        return Word("", offset, operator.end() if operator is not None else self.end(offset))
