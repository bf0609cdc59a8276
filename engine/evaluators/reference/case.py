"""A case as the official runtime sees it: every name an expression may mention, with its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from engine.evaluators.evaluator import Facts
from engine.evaluators.reference.messages import given, message
from engine.evaluators.reference.whole_text import element_name
from engine.language.cel_library import activation
from engine.program.expressions import Element, Expr, Read, Root
from engine.vocabulary import read_vocabulary
from engine.vocabulary.derived import DerivedLists
from engine.vocabulary.model import DATE


@attrs.frozen(eq=False, slots=False)
class Case:
    """What is asked about. `values` are by the names of variables, `facts` as the caller gave them."""

    facts: Facts
    derived: DerivedLists
    elements: Mapping[Element, Any]
    values: Mapping[str, object]

    @cached_property
    def activation(self) -> Any:  # noqa: ANN401 - handed to the library as it is
        """The values, which the library converts when they are first asked for."""
        return activation(self.values)

    def with_constants(self, constants: Iterable[Root]) -> Case:
        """The same case with constants that were left open, whose values stand among the facts."""
        found = {constant.name: given(constant.type, self.facts[constant.name]) for constant in constants}
        return attrs.evolve(self, values={**self.values, **found})

    def about(self, element: Element, value: object) -> Case:
        """The same case, where a list element stands for this one of its list."""
        return attrs.evolve(
            self,
            elements={**self.elements, element: value},
            values={**self.values, element_name(element): given(element.type, value)},
        )

    def listed(self, over: Expr) -> Sequence[Any]:
        """The elements of a list of facts or of a derived one."""
        return self._fact(over) or ()

    def _fact(self, expr: Expr) -> Any:  # noqa: ANN401 - a fact
        match expr:
            case Element():
                return self.elements[expr]
            case Root(name, type_):
                return self.derived[name] if type_.kind == "list" else self.facts.get(name)
            case Read(record, field):
                return (self._fact(record) or {}).get(field)
        raise AssertionError(expr)


def case_of(action: str, as_of: str, facts: Facts, derived: DerivedLists) -> Case:
    """The case with nothing but what every expression may mention."""
    vocabulary = read_vocabulary()
    records = {name: message(field.type.name, facts.get(name) or {}) for name, field in vocabulary.facts.items()}
    lists = {
        name: [message(field.type.element.name, element) for element in derived[name]]
        for name, field in vocabulary.derived.items()
        if field.type.element is not None
    }
    return Case(facts, derived, {}, {**records, **lists, "as_of": given(DATE, as_of), "action": action})
