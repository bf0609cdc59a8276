"""The places that facts name: what a record may say of a case without saying who it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.vocabulary.model import Field, Type, Vocabulary


def places_in(facts: Mapping[str, Any], vocabulary: Vocabulary) -> list[str]:
    """Every code of a country or subdivision in valid facts, once, sorted."""
    return sorted(set(_in_fields(facts, vocabulary.facts, vocabulary)))


def _in_fields(values: Mapping[str, Any], fields: Mapping[str, Field], vocabulary: Vocabulary) -> Iterator[str]:
    for name, value in values.items():
        yield from _in_value(value, fields[name].type, vocabulary)


def _in_value(value: Any, type_: Type, vocabulary: Vocabulary) -> Iterator[str]:  # noqa: ANN401  a JSON value
    if value is None:
        return
    if type_.kind == "place":
        yield value
    elif type_.element is not None:
        if type_.element.kind in {"place", "record"}:
            for item in value:
                yield from _in_value(item, type_.element, vocabulary)
    elif type_.kind == "record":
        yield from _in_fields(value, vocabulary.records[type_.name].fields, vocabulary)
