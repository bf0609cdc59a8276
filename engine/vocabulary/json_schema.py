"""Vocabulary to JSON Schema 2020-12: what a request may hold, and the form of each missing fact."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

from engine.vocabulary.model import Field, Type, Vocabulary

Schema = dict[str, Any]

# The fast validator's formats are lax about digits, and RFC 3339 allows a year 0000 that no calendar of ours has.
_DATE_PATTERN = r"^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_INSTANT_PATTERN = (
    r"^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_SCALAR_SCHEMAS: dict[str, Schema] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "number": {"type": "number", "minimum": 0, "maximum": sys.float_info.max},
    "string": {"type": "string", "pattern": r"\S", "maxLength": 8192},
    "date": {"type": "string", "format": "date", "pattern": _DATE_PATTERN},
    "instant": {"type": "string", "format": "date-time", "pattern": _INSTANT_PATTERN},
    "place": {"type": "string", "format": "place"},
    "pct": {"type": "number", "minimum": 0, "maximum": 100},
    "email": {"type": "string", "format": "email", "pattern": r"^[^@\s]+@[^@\s]+$", "maxLength": 320},
    "object": {"type": "object"},
}
MAX_ITEMS = 10_000
"""Longest list a request may hold."""


def request_schema(vocabulary: Vocabulary, places: Collection[str] = ()) -> Schema:
    """Schema of a whole request: `action`, optional `as_of`, `facts`; no other key anywhere; `null` means absent.

    With `places` given, a place must be one of them; without, the schema only says `format: place`.
    """
    place: Schema = {"type": ["string", "null"], "enum": [*sorted(places), None]} if places else {}
    records = {
        name: _record_schema(record.fields.values())
        for name, record in vocabulary.records.items()
        if name in _reachable(vocabulary)
    }
    if place:
        records["place"] = place
        records["listed_place"] = {"type": "string", "enum": sorted(places)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "action": {"enum": list(vocabulary.enums["action"])},
            "as_of": {"type": ["string", "null"], "format": "date", "pattern": _DATE_PATTERN},
            "facts": {**_record_schema(vocabulary.facts.values()), "type": "object"},
        },
        "required": ["action", "facts"],
        "additionalProperties": False,
        "$defs": {
            **{name: _with_places(schema) if place else schema for name, schema in records.items()},
            **{name: {"enum": [*values, None]} for name, values in vocabulary.enums.items()},
        },
    }


def need_schema(vocabulary: Vocabulary, type_: Type) -> Schema:
    """Self-contained schema of one missing fact, fit to render a form: nothing nullable, lists not empty."""
    if type_.kind == "list":
        assert type_.element is not None
        return {"type": "array", "items": need_schema(vocabulary, type_.element), "minItems": 1}
    if type_.kind == "enum":
        return {"type": "string", "enum": list(vocabulary.enums[type_.name])}
    if type_.kind == "record":
        fields = vocabulary.records[type_.name].fields.values()
        return {
            "type": "object",
            "properties": {
                f.name: {**need_schema(vocabulary, f.type), "description": f.about}
                for f in fields
                if not (f.type.element is not None and f.type.element.name == type_.name)
            },
            "additionalProperties": False,
            "minProperties": 1,
        }
    return dict(_SCALAR_SCHEMAS[type_.kind])


def _record_schema(fields: Collection[Field]) -> Schema:
    return {
        "type": ["object", "null"],
        "properties": {field.name: {**_nullable(field.type), "description": field.about} for field in fields},
        "additionalProperties": False,
    }


def _nullable(type_: Type) -> Schema:
    if type_.kind in {"record", "enum"}:
        return {"$ref": f"#/$defs/{type_.name}"}
    schema = _value(type_)
    return {**schema, "type": [schema["type"], "null"]}


def _value(type_: Type) -> Schema:
    """An element of a list: `null` is not one."""
    if type_.element is not None:
        return {"type": "array", "items": _value(type_.element), "maxItems": MAX_ITEMS}
    if type_.kind == "enum":
        return {"$ref": f"#/$defs/{type_.name}", "type": "string"}
    if type_.kind == "record":
        return {"$ref": f"#/$defs/{type_.name}", "type": "object"}
    return dict(_SCALAR_SCHEMAS[type_.kind])


def _with_places(schema: Schema) -> Schema:
    """The same schema with every `format: place` bound to the list of known places."""
    if schema.get("format") == "place":
        return {"$ref": "#/$defs/place" if isinstance(schema["type"], list) else "#/$defs/listed_place"}
    return {
        key: _with_places(value) if isinstance(value, dict) and key != "$defs" else value
        for key, value in schema.items()
    }


def _reachable(vocabulary: Vocabulary) -> frozenset[str]:
    """Records that a caller's facts can contain; derived records are not for callers."""
    found: set[str] = set()
    queue = [field.type for field in vocabulary.facts.values()]
    while queue:
        type_ = queue.pop()
        if type_.element is not None:
            queue.append(type_.element)
        elif type_.kind == "record" and type_.name not in found:
            found.add(type_.name)
            queue.extend(field.type for field in vocabulary.records[type_.name].fields.values())
    return frozenset(found)
