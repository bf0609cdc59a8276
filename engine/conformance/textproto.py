"""Protobuf's text format without a schema: what the expression suite is written in.

https://protobuf.dev/reference/protobuf/textformat-spec/. A message is its fields in the order written; without a
schema, a string and bytes are told apart by whoever asks.
"""

from __future__ import annotations

import re
from typing import NoReturn, TypeAlias

import attrs

from engine.language.source import Source

_TOKEN = re.compile(
    r"""
    (?:\s|\#[^\n]*+)*+
    (?:(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      |(?P<number>[-+]?\s*(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?))
      |(?P<word>-?\s*[A-Za-z_]\w*)
      |(?P<type>\[\s*[A-Za-z_][\w./-]*\s*\])
      |(?P<sign>[{}<>\[\]:,;]))
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_CLOSING = {"{": "}", "<": ">"}
_MAX_DEPTH = 200


class TextprotoError(ValueError):
    """The text is no protobuf text format; the message says where and why."""


@attrs.frozen
class Word:
    """A word without quotes: an enum's name, `true`, `inf`."""

    text: str


Value: TypeAlias = "Message | bytes | float | Word"
"""What a field holds; whole numbers are of type int."""


@attrs.frozen(eq=False)
class Message:
    """The fields of a message; a field may stand more than once."""

    fields: tuple[tuple[str, Value], ...]

    def all(self, name: str) -> list[Value]:
        """Every value of a field."""
        return [value for field, value in self.fields if field == name]

    def messages(self, name: str) -> list[Message]:
        """Every value of a field that is a message."""
        return [value for value in self.all(name) if isinstance(value, Message)]

    def message(self, name: str) -> Message | None:
        """The last value of a field that is a message, None when there is none."""
        found = self.messages(name)
        return found[-1] if found else None

    def text(self, name: str) -> str:
        """A field of type string; empty when it does not stand."""
        found = [value for value in self.all(name) if isinstance(value, bytes)]
        return found[-1].decode("utf-8", "replace") if found else ""

    def flag(self, name: str) -> bool:
        """A field of type bool; false when it does not stand."""
        return Word("true") in self.all(name)

    def has(self, name: str) -> bool:
        """Whether the field stands."""
        return any(field == name for field, _ in self.fields)


def read_textproto(name: str, text: str) -> Message:
    """The message that a file holds, or TextprotoError."""
    return _Reader(Source(name, text)).message("", 0)


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0
        self._kind = ""
        self._word = ""
        self._start = 0
        self._next()

    def message(self, closing: str, depth: int) -> Message:
        if depth > _MAX_DEPTH:
            self._fail(f"is nested more than {_MAX_DEPTH} deep")
        fields: list[tuple[str, Value]] = []
        while self._word != closing:
            if self._kind not in {"word", "type"}:
                self._fail("is not the name of a field" if self._word else f"ends before `{closing}`")
            name = self._word.strip("[] \t\n")
            self._next()
            if self._word == ":":
                self._next()
            if self._word == "[":
                fields.extend((name, value) for value in self._list(depth))
            else:
                fields.append((name, self._value(depth)))
            while self._word in {",", ";"}:
                self._next()
        if closing:
            self._next()
        return Message(tuple(fields))

    def _list(self, depth: int) -> list[Value]:
        self._next()
        values = []
        while self._word != "]":
            values.append(self._value(depth))
            if self._word == ",":
                self._next()
            elif self._word != "]":
                self._fail("stands where `,` or `]` is expected")
        self._next()
        return values

    def _value(self, depth: int) -> Value:
        token, kind = self._word, self._kind
        if token in _CLOSING:
            self._next()
            return self.message(_CLOSING[token], depth + 1)
        if kind == "string":
            parts = []
            while self._kind == "string":
                parts.append(_unescaped(self._word[1:-1]))
                self._next()
            return b"".join(parts)
        if kind == "number":
            self._next()
            return _number(token)
        if kind == "word":
            self._next()
            return Word(re.sub(r"\s", "", token))
        return self._fail("is not a value" if token else "ends where a value is expected")

    def _next(self) -> None:
        text = self._source.text
        match = _TOKEN.match(text, self._at)
        if match is None:
            rest = re.compile(r"(?:\s|#[^\n]*)*").match(text, self._at)
            self._start = self._at if rest is None else rest.end()
            self._kind, self._word = "", ""
            if self._start < len(text):
                self._word = text[self._start]
                self._fail("cannot be read here")
            return
        self._kind, self._word = str(match.lastgroup), match[str(match.lastgroup)]
        self._start, self._at = match.start(str(match.lastgroup)), match.end()

    def _fail(self, why: str) -> NoReturn:
        span = self._source.span(self._start, self._start + 1)
        what = f"`{self._word[:40]}`" if self._word else "the file"
        raise TextprotoError(f"{span.file}:{span.line}:{span.column}: {what} {why}; the file has to be a textproto")


def _number(token: str) -> int | float:
    digits = re.sub(r"\s", "", token)
    try:
        return int(digits, 0 if "x" in digits.lower() else 10)
    except ValueError:
        return float(digits.rstrip("fF"))


def _unescaped(text: str) -> bytes:
    return _ESCAPE.sub(_meant, text.encode("utf-8"))


def _meant(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, short, long, letter = match.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    if short is not None or long is not None:
        return chr(int(short or long, 16)).encode("utf-8", "surrogatepass")
    return _LETTERS.get(letter, letter)
