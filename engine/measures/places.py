"""Places and which lies in which: ISO 3166 as pycountry has it, and what a jurisdictions directory declares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

import attrs
import pycountry
import yaml

from engine.language.diagnostic import Diagnostic, nearest
from engine.language.document import Document

_FORM = "use an ISO 3166-1 alpha-2 or 3166-2 code, such as `GB`, or declare the place in places.yaml"
_LIKE_A_NAME = 0.8
"""Names are longer than codes, and many begin or end alike."""


@attrs.frozen(eq=False)
class Places:
    """`within` maps every known place to all places that lie in it, itself included."""

    within: Mapping[str, frozenset[str]]

    @property
    def codes(self) -> list[str]:
        """Every known code, sorted."""
        return sorted(self.within)


@cache
def iso_codes() -> Mapping[str, str]:
    """Every ISO 3166-1 alpha-2 and ISO 3166-2 code with its English name.

    Read from pycountry's data: its objects cost more to make than everything else in loading a small policy.
    """
    codes: dict[str, str] = {}
    for standard, key in (("3166-1", "alpha_2"), ("3166-2", "code")):
        database = Path(pycountry.DATABASE_DIR, f"iso{standard}.json")
        codes |= {entry[key]: entry["name"] for entry in json.loads(database.read_text("utf-8"))[standard]}
    return codes


@cache
def _code_of_name() -> Mapping[str, str]:
    """The code of each English name of ISO 3166 in small letters, also of what stands before a comma in it.

    Of two places of one name the country is meant. What stands before a comma in two names ("Korea") means neither.
    """
    codes: dict[str, str] = {}
    for code, name in iso_codes().items():
        codes.setdefault(name.casefold(), code)
    short = [(name.partition(",")[0].casefold(), code) for code, name in iso_codes().items() if "," in name]
    times = Counter(name for name, _ in short)
    return {name: code for name, code in short if times[name] == 1} | codes


def place_help(said: str, known: Collection[str]) -> str:
    """Help for what is not among the known codes: the code in other letters, of the place of this name, or like it."""
    word = said.strip()[:80]
    named = _code_of_name()
    meant: str | None = word.upper() if word.upper() in known else named.get(word.casefold())
    if meant not in known:
        countries = [name for name, code in named.items() if "-" not in code and code in known]
        like = nearest(word.casefold(), countries, _LIKE_A_NAME)
        meant = nearest(word.upper(), known) if like is None else named[like]
    return f"did you mean `{meant}`?" if meant is not None else _FORM


@cache
def territories() -> Mapping[str, Mapping[str, str]]:
    """What the engine knows of ISO codes beyond ISO: `within` (code to what it lies in) and `same` (code to code)."""
    text = Path(__file__).with_name("territories.yaml").read_text("utf-8")
    loaded: Mapping[str, Mapping[str, str]] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - builds only strings
    return loaded


def read_places(document: Document | None, diagnostics: list[Diagnostic]) -> Places:
    """All places.

    An ISO 3166-2 code lies in the country it begins with, unless it names a territory with an alpha-2 code of its own:
    then both codes lie where that territory does. A document may declare more.
    """
    if document is None:
        return _plain_places()
    parents = _parents()
    _declare(document, parents, diagnostics)
    return _places(parents)


@cache
def _plain_places() -> Places:
    return _places(_parents())


def _parents() -> dict[str, set[str]]:
    """What each place that the engine knows lies directly in; equal places share a set."""
    known = territories()
    parents: dict[str, set[str]] = {code: {code[:2]} if "-" in code else set() for code in iso_codes()}
    for code, parent in known["within"].items():
        parents[code].add(parent)
    for code, other in known["same"].items():
        parents[code] = parents[other]
    return parents


def _places(parents: Mapping[str, set[str]]) -> Places:
    same = territories()["same"]
    within: dict[str, set[str]] = {code: {code} for code in parents}
    for code in parents:
        for ancestor in _ancestors(code, parents):
            within[ancestor].add(code)
    for code, other in same.items():
        within[code] = within[other] = within[code] | within[other]
    for region in set(same) & set(within):
        for above in _ancestors(region, parents):
            within[above] |= within[region]
    return Places({code: frozenset(inside) for code, inside in within.items()})


def _declare(document: Document, parents: dict[str, set[str]], diagnostics: list[Diagnostic]) -> None:
    """Add the places and relations of a jurisdictions directory to what lies directly in what."""
    declared: Mapping[str, Mapping[str, str]] = document.plain.get("places", {})
    for code in declared:
        if code in parents:
            span = document.span("places", code, key=True)
            diagnostics.append(Diagnostic("R404", f"`{code}` is an ISO 3166 code already", span, "remove it"))
        parents.setdefault(code, set())
    relations: list[tuple[tuple[str, ...], str, str]] = [
        (("places", code, "parent"), code, spec["parent"]) for code, spec in declared.items() if "parent" in spec
    ]
    relations += [(("within", code), code, parent) for code, parent in document.plain.get("within", {}).items()]
    for steps, code, parent in relations:
        unknown = [word for word in (code, parent) if word not in parents]
        for word in unknown:
            span, help_ = document.span(*steps), place_help(word, parents.keys())
            diagnostics.append(Diagnostic("R404", f"`{word[:40]}` is not a known place", span, help_))
        if not unknown:
            parents[code].add(parent)


def _ancestors(code: str, parents: Mapping[str, set[str]]) -> Iterator[str]:
    """Everything a place lies in; a circle of relations makes its places lie in each other, and ends here."""
    seen: set[str] = {code}
    queue = list(parents[code])
    while queue:
        above = queue.pop()
        if above not in seen:
            seen.add(above)
            yield above
            queue.extend(parents[above])
