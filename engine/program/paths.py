"""Facts by their paths, for those who write conditions in Python."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from engine.program.expressions import Element, Expr, Has, Quantify, Read, Root, conjunction
from engine.vocabulary.model import Type, Vocabulary


@attrs.frozen
class Paths:
    """Reads of the facts of a vocabulary."""

    vocabulary: Vocabulary

    def fact(self, path: str) -> Read:
        """A fact of a case, such as `customer.located_in`."""
        root, _, below = path.partition(".")
        return self.below(Root(root, self.vocabulary.facts[root].type), below)

    def below(self, record: Expr, path: str) -> Read:
        """A fact of a record, such as `address.country` of an owner."""
        expr = record
        for name in path.split("."):
            expr = Read(expr, name, self.vocabulary.records[expr.type.name].fields[name].type)
        assert isinstance(expr, Read)
        return expr

    def derived(self, name: str) -> Root:
        """A derived list."""
        return Root(name, self.vocabulary.derived[name].type)

    @staticmethod
    def said(fact: Read, test: Callable[[Expr], Expr]) -> Expr:
        """Whether a fact is there and passes a test."""
        return conjunction((Has(fact), test(fact)))

    def some(self, over: Read | Root, name: str, test: Callable[[Element], Expr]) -> Expr:
        """Whether an element of a list passes a test; `name` tells the loop apart from those around it."""
        element = self.element(over.type, name)
        return Quantify("exists", element, over, test(element))

    @staticmethod
    def element(list_type: Type, name: str) -> Element:
        """What stands for each element of a list."""
        assert list_type.element is not None
        return Element(f"{name}#path", list_type.element)
