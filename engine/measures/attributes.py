"""What is recorded of places: treaties and the like, each with its source and date, and unknown wherever nothing is."""

from __future__ import annotations

from collections.abc import Mapping

from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import Document
from engine.measures.places import Places, place_help

UNKNOWN = "unknown"
"""The value of every attribute at every place of which nothing is recorded. It is never guessed."""

Attributes = Mapping[str, Mapping[str, frozenset[str]]]
"""Attribute to value to the places that have it; the values of an attribute divide all places between them."""


def read_attributes(document: Document | None, places: Places, diagnostics: list[Diagnostic]) -> Attributes:
    """The attributes of a jurisdictions directory.

    What is recorded of a place holds for every place in it, unless something else is recorded of that one.
    """
    if document is None:
        return {}
    return {name: _attribute(document, name, places, diagnostics) for name in document.plain}


def _attribute(
    document: Document, name: str, places: Places, diagnostics: list[Diagnostic]
) -> dict[str, frozenset[str]]:
    spec = document.plain[name]
    recorded: dict[str, str] = {}
    for n, record in enumerate(spec["recorded"]):
        if record["value"] not in spec["values"]:
            message = f"`{record['value'][:40]}` is not a value of `{name}`"
            help_ = suggest(record["value"], spec["values"].keys(), "values")
            diagnostics.append(Diagnostic("R404", message, document.span(name, "recorded", n, "value"), help_))
        for m, place in enumerate(record["places"]):
            span = document.span(name, "recorded", n, "places", m)
            if place not in places.within:
                help_ = place_help(place, places.within.keys())
                diagnostics.append(Diagnostic("R404", f"`{place[:40]}` is not a known place", span, help_))
            elif recorded.setdefault(place, record["value"]) != record["value"]:
                message = f"`{name}` of `{place}` is recorded with two values"
                diagnostics.append(Diagnostic("R404", message, span, "keep the one whose source is right"))
    values = _inherited(recorded, places)
    found = {value: frozenset(p for p, v in values.items() if v == value) for value in spec["values"]}
    return {**found, UNKNOWN: frozenset(places.within.keys() - values.keys())}


def _inherited(recorded: Mapping[str, str], places: Places) -> dict[str, str]:
    """The value of each place: its own, else that of the smallest place around it of which one is recorded."""
    values: dict[str, str] = {}
    for place in sorted(recorded, key=lambda place: -len(places.within.get(place, ()))):
        for inside in places.within.get(place, ()):
            values[inside] = recorded[place]
    return {**values, **recorded}


def attributes_of(place: str, attributes: Attributes) -> dict[str, str]:
    """What is recorded of one place, by attribute; `unknown` where nothing is."""
    return {
        name: next((value for value, where in values.items() if place in where), UNKNOWN)
        for name, values in attributes.items()
    }
