"""Expressions to values by the official runtime: whole where it takes them whole, in parts where it does not.

The library takes texts of 100,000 characters and 31 levels, and loops of fewer than 10,000 rounds in all. Programs and
facts may have more of each. What is too much is taken apart: what joins the operands is applied here, a quantifier
looks at one element after the other, and any other operation is evaluated on operands that are values by then.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from engine.evaluators.evaluator import NoOpinionError
from engine.evaluators.reference.case import Case
from engine.evaluators.reference.messages import taken, variable_type
from engine.evaluators.reference.whole_text import WholeText, element_name, outer_names
from engine.language.cel import root_types
from engine.language.cel_library import environment, evaluate
from engine.language.names import FunctionType
from engine.program.expressions import (
    And,
    Choose,
    Compare,
    Element,
    Expr,
    Literal,
    Member,
    Named,
    Not,
    Or,
    Quantify,
    Root,
    conjunction,
    path,
    rebuilt,
)
from engine.vocabulary import read_vocabulary

_TOO_MANY_ROUNDS = "Iteration budget exceeded"
_QUANTIFIERS: Mapping[str, Callable[[Iterable[bool]], bool]] = {
    "exists": any,
    "all": all,
    "exists_one": lambda values: sum(values) == 1,
}


@attrs.frozen(eq=False)
class _Compiled:
    """An expression of the library, None when it takes none so large, and the open constants in it."""

    expression: Any
    constants: tuple[Root, ...]


class Runtime:
    """Evaluates expressions, each compiled once. Safe to share between threads."""

    def __init__(self) -> None:
        self._writer = WholeText()
        self._within = _within(self._writer.regions)
        self._compiled: dict[Expr, _Compiled] = {}
        self._divided: dict[tuple[Expr, Element], tuple[Expr, Expr]] = {}
        self._environments: dict[tuple[tuple[str, str], ...], Any] = {}
        self._lock = threading.Lock()

    def value(self, expr: Expr, case: Case) -> Any:  # noqa: ANN401 - a fact
        """The value of an expression, in the form of facts: a date is its ISO text.

        Raises:
            NoOpinionError: the library complains, which it should of no expression of a program.
        """
        compiled = self._compiled.get(expr) or self._compile(expr)
        if compiled.expression is not None:
            given = case.with_constants(compiled.constants) if compiled.constants else case
            try:
                return taken(expr.type, evaluate(compiled.expression, given.activation))
            except RuntimeError as error:
                if _TOO_MANY_ROUNDS not in str(error):
                    raise _no_opinion(error) from error
        return self._in_parts(expr, case)

    def divided(self, condition: Expr, element: Element) -> tuple[Expr, Expr]:
        """A condition as what it says before it speaks of an element of a list, and the rest; it holds if both do."""
        key = (condition, element)
        if key not in self._divided:
            items = condition.items if isinstance(condition, And) else (condition,)
            of_case = tuple(itertools.takewhile(lambda item: element_name(element) not in outer_names(item), items))
            self._divided[key] = (conjunction(of_case), conjunction(items[len(of_case) :]))
        return self._divided[key]

    def _compile(self, expr: Expr) -> _Compiled:
        with self._lock:
            self._compiled[expr] = self._made(expr)
            return self._compiled[expr]

    def _made(self, expr: Expr) -> _Compiled:
        text = self._writer.whole(expr)
        if text is None:
            return _Compiled(None, ())
        outer = outer_names(expr)
        env = self._environment({name: variable_type(one.type) for name, one in outer.items()})
        try:
            expression = env.compile(f"int({text})" if expr.type.kind == "date" else text)
        except RuntimeError as error:
            raise _no_opinion(error) from error
        return _Compiled(expression, tuple(one for one in outer.values() if isinstance(one, Root)))

    def _environment(self, outer: Mapping[str, str]) -> Any:  # noqa: ANN401 - handed to the library as it is
        key = tuple(sorted(outer.items()))
        if key not in self._environments:
            self._environments[key] = environment({**root_types(read_vocabulary()), **outer}, (self._within,))
        return self._environments[key]

    def _in_parts(self, expr: Expr, case: Case) -> Any:  # noqa: ANN401 - a fact
        match expr:
            case Literal(value):
                return value
            case Named(_, item):
                return self.value(item, case)
            case Not(item):
                return not self.value(item, case)
            case And(items):
                return all(self.value(item, case) for item in items)
            case Or(items):
                return any(self.value(item, case) for item in items)
            case Choose(condition, then, otherwise):
                return self.value(then if self.value(condition, case) else otherwise, case)
            case Member(item, tuple(values)):
                return any(self.value(Compare("==", item, value), case) for value in values)
            case Quantify(kind, element, over, body):
                return _QUANTIFIERS[kind](self.value(body, case.about(element, one)) for one in case.listed(over))
        return self._on_values(expr, case)

    def _on_values(self, expr: Expr, case: Case) -> Any:  # noqa: ANN401 - a fact
        """The operation on variables that hold its operands."""
        numbers = itertools.count()

        def operand(child: Expr) -> Expr:
            nonlocal case
            if path(child) is not None:
                return child
            # No element of a program has a key that begins with a digit.
            variable = Element(f"{next(numbers)}", child.type)
            case = case.about(variable, self.value(child, case))
            return variable

        return self.value(rebuilt(expr, operand), case)


def _within(regions: Sequence[frozenset[str]]) -> FunctionType:
    """The one function that is not CEL's own. It knows the regions and no more, as the library keeps it for long."""

    def within(place: str, number: int) -> bool:
        return place in regions[number]

    return FunctionType("within", "within", ("string", "int"), "bool", is_method=True, meaning=within)


def _no_opinion(error: Exception) -> NoOpinionError:
    return NoOpinionError(f"the official CEL runtime did not evaluate an expression: {error}")
