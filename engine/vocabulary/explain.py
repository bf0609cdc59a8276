"""Why a document does not fit its schema, in plain words and without repeating what it said.

jsonschema-rs decides whether there is anything to explain; jsonschema, a hundred times slower, finds the words.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs
import jsonschema_rs

if TYPE_CHECKING:
    import jsonschema

_KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_WRITE: Mapping[str, str] = {
    "object": "write keys, each with a value",
    "array": "write a list, be it of one",
    "string": "write text, in quotes where it looks like something else",
    "integer": "write digits alone, without quotes",
    "number": "write a number such as 2 or 2.5, without quotes",
    "boolean": "write true or false, without quotes",
}
"""What to do where another kind of value stands."""
_MANY_DIGITS = re.compile(r"[-+]?[0-9]{19,}")
"""A whole number that no reader here takes for one, as not every reader could keep it."""
_DAY = re.compile(r"[0-9]{4,}-[0-9]{2}-[0-9]{2}", re.ASCII)
"""A text in the form of a day, be there such a day or not."""
_LIMITS: Mapping[str, tuple[str, str]] = {
    "maxLength": ("long", "keep to {} characters"),
    "minLength": ("short", "write at least {} characters"),
    "maxItems": ("long", "keep to {} entries"),
    "minItems": ("short", "name at least {}"),
    "maxProperties": ("long", "keep to {} keys"),
    "minProperties": ("short", "name at least {}"),
}
_READABLE = 2**53
"""Limits beyond are those of what keeps a number, and of no help to people."""
_FORMATS: Mapping[str, tuple[str, str | None]] = {
    "date": ("is not a day that exists", "write it as YYYY-MM-DD"),
    "date-time": ("is not an instant", "write it as RFC 3339 with an offset, such as 2026-01-31T09:30:00Z"),
    "email": ("is not an email address", None),
    "place": ("is not a known place", "use an ISO 3166-1 alpha-2 or 3166-2 code, or one declared in jurisdictions/"),
}


UNKNOWN_KEY, MISSING = "is not a known key", "is missing"
MAX_MISFITS = 100
"""More than this is not looked for: whoever mends the first hundred may ask again."""


@attrs.frozen
class Misfit:
    """One place that does not fit: keys and indices from the top, what is wrong, what to do, and whether the key
    itself is what is wrong."""

    path: tuple[str | int, ...]
    detail: str
    help: str | None = None
    is_key: bool = False

    @property
    def pointer(self) -> str:
        """The place as an RFC 6901 JSON Pointer."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)


class Shape:
    """A JSON Schema to hold documents against. Safe to share between threads."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._fast = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys known at the top."""
        return tuple(self._schema.get("properties", ()))

    def fits(self, document: object) -> bool:
        """Whether the document fits. Raises ValueError for what is not JSON at all."""
        return self._fast.is_valid(document)

    def misfits(self, document: object) -> tuple[Misfit, ...]:
        """What does not fit, in document order, at most `MAX_MISFITS`. Slow: for explaining, not for deciding."""
        if self.fits(document):
            return ()
        import jsonschema  # noqa: PLC0415 - a tenth of a second that only a misfit costs

        validator = jsonschema.Draft202012Validator(self._schema, format_checker=jsonschema.FormatChecker(["date"]))
        explained = (misfit for error in validator.iter_errors(document) for misfit in _explain(error))
        found = dict.fromkeys(islice(explained, MAX_MISFITS)) or {
            # The fast validator is the stricter of the two about a few formats: ask it where.
            Misfit(tuple(error.instance_path), "is not well-formed"): None
            for error in islice(self._fast.iter_errors(document), MAX_MISFITS)
        }
        return tuple(sorted(found, key=lambda misfit: [(isinstance(step, str), step) for step in misfit.path]))


def _explain(error: jsonschema.ValidationError) -> Iterator[Misfit]:
    path = tuple(error.absolute_path)
    schema: Any = error.schema
    value: Any = error.validator_value
    keyword = str(error.validator)
    match keyword:
        case "additionalProperties":
            known = list(schema.get("properties", ()))
            for key in error.instance if isinstance(error.instance, dict) else ():
                if key not in known:
                    yield Misfit((*path, key), UNKNOWN_KEY, _nearest(key, known), is_key=True)
        case "propertyNames":
            yield Misfit(path, "has a key that is not a name", None)
        case "required":
            for key in value:
                if isinstance(error.instance, dict) and key not in error.instance:
                    yield Misfit((*path, key), MISSING, None, is_key=True)
        case "type":
            kinds = [kind for kind in ([value] if isinstance(value, str) else value) if kind != "null"]
            if "integer" in kinds and isinstance(error.instance, str) and _MANY_DIGITS.fullmatch(error.instance):
                yield Misfit(path, "has more digits than a whole number can have", _range(schema))
            else:
                written = _number(schema) if kinds[0] == "number" else _WRITE[kinds[0]]
                _, help_ = _FORMATS.get(schema.get("format", ""), ("", written))
                wanted = " or ".join(_KINDS[kind] for kind in kinds)
                yield Misfit(path, f"is {_kind(error.instance)}, not {wanted}", help_)
        case "enum" | "const":
            yield from _not_among(path, error.instance, value if keyword == "enum" else [value])
        case "format" | "pattern":
            is_blank = not str(error.instance).strip()
            other = ("is empty", "leave the key out when it is not known") if is_blank else ("is not well-formed", None)
            if schema.get("format") == "date" and not is_blank and not _DAY.fullmatch(str(error.instance)):
                yield Misfit(path, "is not a day of the form YYYY-MM-DD", "write the year first, such as 2026-01-31")
            else:
                yield Misfit(path, *_FORMATS.get(schema.get("format", ""), other))
        case "maxProperties" if value == 1 and "properties" in schema:
            either = " or ".join(f"`{key}`" for key in schema["properties"])
            yield Misfit(path, "has more than one key", f"write one alone: {either}")
        case "minimum" | "maximum":
            yield Misfit(path, f"is {'less' if keyword == 'minimum' else 'more'} than {value}", _range(schema))
        case _ if keyword in _LIMITS:
            what, help_ = _LIMITS[keyword]
            yield Misfit(path, f"is too {what}: the limit is {value}", help_.format(value))
        case "anyOf" | "oneOf":
            yield Misfit(path, "fits none of the forms allowed here", schema.get("description"))
        case _:
            yield Misfit(path, "does not fit")


def _number(schema: Mapping[str, Any]) -> str:
    """What to write where a number stands that may be a fraction: help that fits any would be refused where few fit."""
    is_bounded = any(abs(schema.get(key, _READABLE)) < _READABLE for key in ("minimum", "maximum"))
    return f"{_range(schema)}, without quotes" if is_bounded else _WRITE["number"]


def _range(schema: Mapping[str, Any]) -> str:
    """Which numbers may stand there, in words."""
    stated = (schema.get("minimum"), schema.get("maximum"))
    least, most = (None if limit is None or abs(limit) >= _READABLE else limit for limit in stated)
    if least is not None and most is not None:
        return f"write a number from {least} to {most}"
    if least is None and most is None:
        return "write one of fewer digits"
    return f"write a number of {'at least' if most is None else 'at most'} {least if most is None else most}"


def _not_among(path: tuple[str | int, ...], instance: object, values: Iterable[object]) -> Iterator[Misfit]:
    words = [str(value) for value in values if value is not None]
    if not isinstance(instance, str):
        yield Misfit(path, f"is {_kind(instance)}, not text")
    elif len(words) > 50:
        yield Misfit(path, *_FORMATS["place"])
    else:
        near = difflib.get_close_matches(instance[:80], words, n=1, cutoff=0.6)
        listed = f"did you mean `{near[0]}`?" if near else "one of " + ", ".join(f"`{word}`" for word in words)
        yield Misfit(path, "is not one of the words known here", listed)


def _nearest(key: str, known: list[str]) -> str | None:
    near = difflib.get_close_matches(key[:80], known, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    listed = ", ".join(f"`{name}`" for name in sorted(known)[:5])
    return f"known here: {listed}" + (f" and {len(known) - 5} more" if len(known) > 5 else "") if known else None


def _kind(instance: object) -> str:
    if isinstance(instance, bool):
        return _KINDS["boolean"]
    for type_, kind in ((dict, "object"), (list, "array"), (str, "string"), (int, "integer"), (float, "number")):
        if isinstance(instance, type_):
            return _KINDS[kind]
    return _KINDS["null"]
