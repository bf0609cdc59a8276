"""What stands in a column to the JSON value of a fact: strictly, as what could mean two things is a misfit."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import orjson

from engine.population.reading.mapping import SEPARATOR, Use
from engine.vocabulary.model import Type

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_DIGITS = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,3})?")
_AT_MOST = "write at most `1.7e308`"
_FLATTER = "write the objects less deep in one another"
_BOOLEANS = {"true": True, "false": False}
_ABSENT = object()


class ValueMisfitError(ValueError):
    """What stands there is no value of the fact; `detail` says why, without repeating it, `help` what to do."""

    def __init__(self, detail: str, help_: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.help = help_


Reader = Callable[[Any], Any]
"""What stands in a column to a JSON value; raises ValueMisfitError."""


def cell_reader(use: Use) -> Reader:
    """How to read the cells of a column of text. An empty cell says nothing, and its value is None."""
    if use.type.element is None or (_is_composite(use.type.element) and use.values is None):
        one = _translation(use, _text_reader(use.type))
        return lambda text: one(text) if text else None
    separator = use.separator or SEPARATOR
    of_elements = _of_elements(use, _text_reader(use.type.element))
    return lambda text: of_elements([part.strip() for part in text.split(separator)]) if text else None


def value_reader(use: Use) -> Reader | None:
    """How to read the values of a column of JSON, None for as they are."""
    if use.separator is None and use.values is None:
        return None
    separator = use.separator
    one = _translation(use, _as_it_is)
    of_elements = _of_elements(use, _as_it_is)

    def read(value: Any) -> Any:  # noqa: ANN401 - a JSON value
        if separator is not None and isinstance(value, str):
            value = [part.strip() for part in value.split(separator)]
        return of_elements(value) if isinstance(value, list) else one(value)

    return read


def _of_elements(use: Use, otherwise: Reader) -> Callable[[list[Any]], list[Any]]:
    """How to read the elements of a list; one that is translated to nothing is left out."""
    one = _translation(use, otherwise)
    if use.values is None:
        return lambda elements: [one(element) for element in elements]
    return lambda elements: [said for element in elements if (said := one(element)) is not None]


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    return value


def _translation(use: Use, otherwise: Reader) -> Reader:
    values = use.values
    if values is None:
        return otherwise

    def translate(value: Any) -> Any:  # noqa: ANN401 - a JSON value
        if value is None:
            return None
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        found = values.get(text, _ABSENT)
        if found is _ABSENT:
            raise ValueMisfitError("is none of the values that the mapping translates", "add it under `values`")
        return found

    return translate


def _text_reader(type_: Type) -> Reader:
    if _is_composite(type_):
        return _json
    match type_.kind:
        case "bool":
            return _boolean
        case "int":
            return _whole
        case "number" | "pct":
            return _decimal
    return lambda text: text


def _is_composite(type_: Type) -> bool:
    return type_.kind in {"record", "object", "list"}


def _boolean(text: str) -> bool:
    if text not in _BOOLEANS:
        raise ValueMisfitError("is not true or false", "write `true` or `false`, or translate it under `values`")
    return _BOOLEANS[text]


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        if _DIGITS.fullmatch(text):
            raise ValueMisfitError("has more digits than a whole number can have", "write at most 18")
        raise ValueMisfitError("is not a whole number", "write digits alone, such as `2`")
    return int(text)


def _decimal(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise ValueMisfitError("is not a number", "write it as `25.5` or `1e26`: no percent sign, no thousands")
    if _WHOLE.fullmatch(text):
        return int(text)
    value = float(text)
    if not math.isfinite(value):
        raise ValueMisfitError("is more than a number can be", _AT_MOST)
    return value


def _json(text: str) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return strict_json(text.encode())
    except ValueMisfitError as error:
        raise ValueMisfitError(error.detail, "a list of records, or a record, stands in a cell as JSON") from error


# -- JSON, of which every reader understands the same


def strict_json(text: bytes) -> Any:  # noqa: ANN401 - a JSON value
    """The value of a JSON text in UTF-8.

    orjson rounds large integers and keeps the last of two equal keys. Where it writes the very same text again it did
    neither; any other text, such as one with spaces, is read by the standard library, which can be told to refuse.

    Raises:
        ValueMisfitError: it is none, or has an integer beyond 64 bits or a key twice in one object.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueMisfitError(*_why_no_json(text, error)) from error
    try:
        if orjson.dumps(value) == text:
            return value
        return _DECODER.decode(text.decode())
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise ValueMisfitError("is nested too deeply", _FLATTER) from error


def _why_no_json(text: bytes, error: orjson.JSONDecodeError) -> tuple[str, str | None]:
    try:
        text.decode()
    except UnicodeDecodeError:
        return "is not UTF-8", "save the file as UTF-8"
    if "depth limit" in error.msg:
        return "is nested too deeply", _FLATTER
    if "infinity" in error.msg:
        return "has a number that is more than a number can be", _AT_MOST
    return "is not well-formed JSON", "write it as RFC 8259 has it: no NaN, no comma before a closing bracket"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueMisfitError("has a key twice in one object", "keep one of the two")
    return value


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= (value := int(digits)) < 2**63:
        raise ValueMisfitError("has a whole number beyond 64 bits", "write a large number with an exponent")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
