"""Hypothesis strategies from the vocabulary: values of each type, and facts as complete requests with edits."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
from hypothesis import strategies as st

from bench.random_cases import EDGES, PLACES
from engine.vocabulary import Field, Type, Vocabulary

MAX_EDITS = 6
# How many elements of a list of records edits look at.
ELEMENTS = 2
# For each set of facts made from nothing.
FROM_COMPLETE = 29

Path = tuple[str | int, ...]


@attrs.frozen
class Edit:
    """A fact to remove (`remove` is true) or to set."""

    path: Path
    remove: bool
    value: Any = None


class Values:
    """One strategy for each type; what fits nowhere else is drawn from a few edges and, less often, from anywhere."""

    def __init__(self, vocabulary: Vocabulary, places: Sequence[str]) -> None:
        self._vocabulary = vocabulary
        days = st.dates().map(lambda day: day.isoformat())
        self._anything = {
            "int": st.integers(-(2**63), 2**63 - 1),
            "number": st.floats(0, allow_nan=False, allow_infinity=False),
            "pct": st.floats(0, 100) | st.integers(0, 100),
            "string": st.text(st.characters(codec="utf-8"), max_size=20).filter(str.strip),
            "date": days,
            "instant": st.datetimes().map(lambda at: at.isoformat(timespec="seconds") + "Z"),
            "place": st.sampled_from(places),
        }
        edges = {**EDGES, "place": [place for place in PLACES if place in set(places)]}
        self._scalars = {
            kind: st.one_of(st.sampled_from(values), self._anything.get(kind, st.nothing()))
            for kind, values in edges.items()
        }
        self._made: dict[Type, st.SearchStrategy[Any]] = {}

    def of(self, type_: Type) -> st.SearchStrategy[Any]:
        """Values of a type, as a request may hold them."""
        if type_ not in self._made:
            self._made[type_] = self._make(type_)
        return self._made[type_]

    def _make(self, type_: Type) -> st.SearchStrategy[Any]:
        if type_.element is not None:
            return st.lists(self.of(type_.element), max_size=3)
        if type_.kind == "enum":
            return st.sampled_from(self._vocabulary.enums[type_.name])
        if type_.kind == "record":
            return self.record(self._vocabulary.records[type_.name].fields)
        return self._scalars[type_.kind]

    def nothing(self, type_: Type) -> st.SearchStrategy[Any]:
        """Values of a type that say nothing."""
        if type_.kind == "record":
            fields = self._vocabulary.records[type_.name].fields
            return st.sampled_from((None, {}, dict.fromkeys(fields)))
        return st.sampled_from((None, []) if type_.kind == "list" else (None,))

    def record(self, fields: Mapping[str, Field]) -> st.SearchStrategy[dict[str, Any]]:
        """Some of the fields, each perhaps null."""
        return st.fixed_dictionaries({}, optional={name: self.of(f.type) | st.none() for name, f in fields.items()})


def facts(
    vocabulary: Vocabulary, places: Sequence[str], complete: Sequence[Mapping[str, Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    """Complete facts with up to six edits; now and then facts made from nothing."""
    values = Values(vocabulary, places)
    # The customer's own facts decide most, and the lists below it have by far the most paths.
    paths = [place for place in _paths(vocabulary, vocabulary.facts) for _ in range(1 if len(place[0]) > 2 else 4)]
    places_of_edits, bases = st.sampled_from(paths), st.sampled_from(complete)
    edits, from_nothing = st.integers(0, MAX_EDITS), values.record(vocabulary.facts)
    hows = st.sampled_from(("remove", "set", "set", "empty"))

    @st.composite
    def strategy(draw: st.DrawFn) -> dict[str, Any]:
        changed = copy.deepcopy(dict(draw(bases)))
        for _ in range(draw(edits)):
            path, type_ = draw(places_of_edits)
            how = draw(hows)
            value = draw(values.of(type_)) if how == "set" else draw(values.nothing(type_)) if how == "empty" else None
            _apply(changed, Edit(path, remove=how == "remove", value=value))
        return changed

    return st.one_of(*[strategy()] * FROM_COMPLETE, from_nothing)


def _paths(vocabulary: Vocabulary, fields: Mapping[str, Field], above: Path = ()) -> Iterator[tuple[Path, Type]]:
    for name, field in fields.items():
        path: Path = (*above, name)
        yield path, field.type
        if field.type.kind == "record":
            yield from _paths(vocabulary, vocabulary.records[field.type.name].fields, path)
        element = field.type.element
        if element is not None and element.kind == "record":
            for index in range(ELEMENTS):
                yield (*path, index), element
                yield from _paths(vocabulary, vocabulary.records[element.name].fields, (*path, index))


def _apply(facts_: dict[str, Any], edit: Edit) -> None:
    here: Any = facts_
    for step, following in zip(edit.path, edit.path[1:], strict=False):
        if isinstance(here, list):
            if step >= len(here):
                return
        elif here.get(step) is None:
            if edit.remove:
                return
            here[step] = [{}] if isinstance(following, int) else {}
        here = here[step]
    last = edit.path[-1]
    if isinstance(here, list):
        if last >= len(here):
            if not edit.remove and edit.value is not None:
                here.append(copy.deepcopy(edit.value))
        elif edit.remove or edit.value is None:
            del here[last]
        else:
            here[last] = copy.deepcopy(edit.value)
    elif edit.remove:
        here.pop(last, None)
    else:
        here[last] = copy.deepcopy(edit.value)
