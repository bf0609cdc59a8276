"""Places of a simulation on a map: which country a code is counted to, and what the map cannot show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pycountry

from engine.simulation.result import Cell, Count

_OUTLINES = Path(__file__).with_name("world") / "countries-110m.json"
_BY_NAME = {"XK": "Kosovo", "X-NCYP": "N. Cyprus", "X-SOML": "Somaliland"}
"""Places that the map has without a number of ISO 3166: our code, and the map's name."""


@attrs.frozen
class Beside:
    """A place that stands beside the map: `why` says what became of it."""

    code: str
    label: str
    accounts: Count
    caught: Count
    why: str


@attrs.frozen
class Placed:
    """What the map shows: the counts caught by the country's key on the map, and what stands beside it."""

    caught: Mapping[str, Sequence[Count]]
    beside: Sequence[Beside]


@cache
def _text() -> str:
    return _OUTLINES.read_text(encoding="utf-8")


def outlines() -> dict[str, Any]:
    """The map as TopoJSON, of the caller's own; each country has its key under `properties.key`. Without Antarctica."""
    world: dict[str, Any] = json.loads(_text())
    countries = [one for one in world["objects"]["countries"]["geometries"] if one.get("id") != "010"]
    for country in countries:
        country["properties"] = {"key": country.get("id") or country["properties"]["name"]}
    world["objects"] = {"countries": {"type": "GeometryCollection", "geometries": countries}}
    return world


@cache
def _keys() -> frozenset[str]:
    return frozenset(one["properties"]["key"] for one in outlines()["objects"]["countries"]["geometries"])


@cache
def country_of(code: str) -> str | None:
    """The alpha-2 code of the country that an ISO 3166 code is of or lies in, None for any other code."""
    head = code.partition("-")[0]
    return head if len(head) == 2 and pycountry.countries.get(alpha_2=head) is not None else None


@cache
def key_of(code: str) -> str | None:
    """The key on the map of a place or of the country it lies in, None where the map has neither."""
    country = country_of(code)
    found = pycountry.countries.get(alpha_2=country) if country else None
    key = _BY_NAME.get(code) or (found.numeric if found else None)
    return key if key in _keys() else None


def name_of(code: str, labels: Mapping[str, str]) -> str:
    """A place in words with its code; the code alone where nobody names it."""
    name = labels.get(code) or _iso_name(code)
    return f"{name} ({code})" if name and name != code else code


@cache
def _iso_name(code: str) -> str:
    country = pycountry.countries.get(alpha_2=code)
    if country is not None:
        return country.name
    within = pycountry.subdivisions.get(code=code)  # type: ignore[no-untyped-call] # pycountry has no types for it
    return "" if within is None else str(within.name)


def placed(cells: Sequence[Cell]) -> Placed:
    """Where the accounts of each place go."""
    caught: dict[str, list[Count]] = {}
    beside: list[Beside] = []
    for cell in cells:
        key = key_of(cell.value)
        if key is not None:
            caught.setdefault(key, []).append(cell.caught)
        if key is None:
            why = "not on the map" if cell.value else "no place is stated"
        elif country_of(cell.value) not in {cell.value, None}:
            why = f"part of {name_of(country_of(cell.value) or '', {})}, counted to it on the map"
        else:
            continue
        beside.append(Beside(cell.value, cell.label, cell.accounts, cell.caught, why))
    return Placed(caught, beside)
