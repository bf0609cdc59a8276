"""Places and which lies in which: ISO 3166 as pycountry has it, and what a jurisdictions directory declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import attrs
import pycountry

from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import Document


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
    """Every ISO 3166-1 alpha-2 and ISO 3166-2 code with its English name."""
    countries = {country.alpha_2: country.name for country in pycountry.countries}
    return countries | {subdivision.code: subdivision.name for subdivision in pycountry.subdivisions}


def read_places(document: Document | None, diagnostics: list[Diagnostic]) -> Places:
    """All places. An ISO 3166-2 code lies in the country it begins with; further relations are declared."""
    declared: dict[str, dict[str, str]] = {} if document is None else document.plain.get("places", {})
    relations: dict[str, str] = {} if document is None else document.plain.get("within", {})
    iso = iso_codes()
    parents: dict[str, set[str]] = {code: {code[:2]} if "-" in code else set() for code in iso}
    for code in declared:
        parents[code] = set()
        if code in iso and document is not None:
            span = document.span("places", code, key=True)
            diagnostics.append(Diagnostic("R404", f"`{code}` is an ISO 3166 code already", span, "remove it"))
    if document is not None:
        named: list[tuple[tuple[str, ...], str, str]] = [
            (("places", code, "parent"), code, spec["parent"]) for code, spec in declared.items() if "parent" in spec
        ]
        named += [(("within", code), code, parent) for code, parent in relations.items()]
        for steps, code, parent in named:
            for word in (code, parent):
                if word not in parents:
                    span, help_ = document.span(*steps), suggest(word, parents.keys(), "such as")
                    diagnostics.append(Diagnostic("R404", f"`{word[:40]}` is not a known place", span, help_))
            if code in parents and parent in parents:
                parents[code].add(parent)
    within: dict[str, set[str]] = {code: {code} for code in parents}
    for code in parents:
        for ancestor in _ancestors(code, parents):
            within[ancestor].add(code)
    return Places({code: frozenset(inside) for code, inside in within.items()})


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
