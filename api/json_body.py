"""Bytes to a JSON value, strictly: what two readers could understand differently is refused, not guessed at."""

from __future__ import annotations

from json import JSONDecoder
from typing import Any

import attrs
import orjson

from api import problems
from api.problems import MAX_ERRORS, MAX_TEXT, FieldError, Problem, ProblemType, RefusedError, refuse

MAX_DEPTH = 32
MAX_VALUES = 500_000
_MIN_INTEGER = -(2**63)
_MAX_INTEGER = 2**63 - 1
_BLANK = b" \t\r\n"


def read_json(body: bytes, max_depth: int = MAX_DEPTH) -> object:
    """The value of a JSON text in UTF-8.

    orjson is the gate for syntax: it knows no `NaN`, no `1e400` and no half of a surrogate pair. It rounds large
    integers and keeps the last of two equal keys, both silently, so the value itself comes from the standard library.

    Raises:
        RefusedError: the text is empty, not UTF-8, not JSON, nested deeper than `max_depth`, has more than `MAX_VALUES`
            values, or holds an integer beyond 64 bits or a key twice in one object.
    """
    if body.count(b",") > MAX_VALUES:
        raise refuse(problems.BODY_TOO_LARGE, f"The body holds more than {MAX_VALUES:,} values.")
    try:
        shape = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(_syntax_problem(body, error, max_depth)) from None
    if _is_deeper(shape, max_depth):
        raise RefusedError(_too_deep(max_depth))
    del shape  # the largest bodies should not be held twice
    text = body.decode()
    try:
        return _DECODER.decode(text)
    except _AmbiguousError:
        raise RefusedError(_ambiguity_problem(text)) from None


class _AmbiguousError(Exception):
    """A key stands twice, or an integer is too large; where is found out afterwards."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _AmbiguousError
    return value


def _integer(digits: str) -> int:
    # The length comes first: Python refuses to convert thousands of digits.
    if len(digits) > 20 or not _MIN_INTEGER <= (value := int(digits)) <= _MAX_INTEGER:
        raise _AmbiguousError
    return value


_DECODER = JSONDecoder(object_pairs_hook=_object, parse_int=_integer)


def _is_deeper(value: object, limit: int) -> bool:
    """Whether objects and arrays lie more than `limit` deep; level by level, because recursion has a limit too."""
    level: list[object] = [value]
    for _ in range(limit + 1):
        containers = [node for node in level if isinstance(node, dict | list)]
        if not containers:
            return False
        level = [child for node in containers for child in (node.values() if isinstance(node, dict) else node)]
    return True


def _too_deep(limit: int) -> Problem:
    return Problem(problems.TOO_DEEP, f"Objects and arrays lie more than {limit} deep.")


def _syntax_problem(body: bytes, error: orjson.JSONDecodeError, max_depth: int) -> Problem:
    if not body.strip(_BLANK):
        return Problem(problems.EMPTY_BODY, "The body holds no JSON value.")
    if body.startswith(b"\xef\xbb\xbf"):
        return Problem(problems.NOT_UTF8, "The body begins with a byte order mark.")
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return Problem(problems.NOT_UTF8, f"Byte {wrong.start + 1:,} of the body is not UTF-8.")
    if "depth limit" in error.msg:
        return _too_deep(max_depth)
    return Problem(problems.MALFORMED_JSON, f"Line {error.lineno:,}, column {error.colno:,}: {error.msg}.")


class _Pairs(list[tuple[str, Any]]):
    """An object as its pairs, so that a repeated key is still there."""


class _WideInteger:
    """An integer that does not fit into 64 bits."""


def _integer_or_wide(digits: str) -> int | _WideInteger:
    try:
        return _integer(digits)
    except _AmbiguousError:
        return _WideInteger()


_FORENSIC_DECODER = JSONDecoder(object_pairs_hook=_Pairs, parse_int=_integer_or_wide)


@attrs.frozen(eq=False)
class _Place:
    """A value and how it was reached; pointers are only spelt out for mistakes, since keys may be very long."""

    value: Any
    parent: _Place | None = None
    step: str = ""

    def pointer(self) -> str:
        steps: list[str] = []
        place = self
        while place.parent is not None:
            steps.append(escape(place.step[:MAX_TEXT]))
            place = place.parent
        return "".join(f"/{step}" for step in reversed(steps))


def _ambiguity_problem(text: str) -> Problem:
    """All repeated keys, or, where there are none, all integers that are too large, each with its pointer."""
    repeated: list[_Place] = []
    wide: list[_Place] = []
    queue = [_Place(_FORENSIC_DECODER.decode(text))]
    for place in queue:
        value = place.value
        if isinstance(value, _WideInteger):
            wide.append(place)
        elif isinstance(value, _Pairs):
            children = [_Place(child, place, key) for key, child in value]
            seen: set[str] = set()
            for child in children:
                if child.step in seen:
                    repeated.append(child)
                seen.add(child.step)
            queue += children
        elif isinstance(value, list):
            queue += [_Place(child, place, str(index)) for index, child in enumerate(value)]
    if repeated:
        return _problem_of(problems.DUPLICATE_KEY, repeated, "stands twice in its object", "send it once")
    help_ = "send an identifier as a string, a large quantity with an exponent"
    return _problem_of(problems.NUMBER_OUT_OF_RANGE, wide, "does not fit into 64 bits", help_)


def _problem_of(type_: ProblemType, places: list[_Place], detail: str, help_: str) -> Problem:
    summary = f"{type_.title}." if len(places) == 1 else f"{type_.title}, in {len(places):,} places."
    return Problem(type_, summary, tuple(FieldError(place.pointer(), detail, help_) for place in places[:MAX_ERRORS]))


def escape(key: str) -> str:
    """A key as one step of a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
