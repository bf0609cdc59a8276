"""Plain CEL as our language takes it: expressions over declared variables, compiled and evaluated as those of rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from engine.evaluators.compiled import Compiled
from engine.language.diagnostic import CODES, Diagnostic
from engine.language.source import Source, Text
from engine.program.expressions import Expr, Root, children
from engine.program.lower import lower
from engine.program.scope import Lowered, Scope, World
from engine.vocabulary import Vocabulary
from engine.vocabulary.model import BOOL, INT, NUMBER, STRING, Type

DAY: Final = "2026-01-01"
"""The day on which suites are run; none of them asks for it."""
_WORD: Final = re.compile(r"\w+")
_SCALARS: Final[Mapping[str, Type]] = {"bool": BOOL, "int": INT, "double": NUMBER, "string": STRING}
_PYTHON: Final[Mapping[str, type]] = {"bool": bool, "int": int, "number": float, "string": str}
_FEATURES: Final = (
    # What a message of the checker says, and the name of the feature that our language does without.
    ("a division can fail", "division"),
    ("a remainder can fail", "remainder"),
    ("an index can fail", "indexes"),
    ("a negation can overflow", "negation of whole numbers"),
    ("a pattern can fail", "regular expressions"),
    ("the conversion ", "conversions"),
    ("takes a type away from the checker", "types as values"),
    ("is no value", "types as values"),
    ("of whole numbers can overflow", "arithmetic on whole numbers"),
    ("has no place in a rule", "concatenation and arithmetic on what is no double"),
    ("`map` and `filter` build lists", "macros that build lists"),
    ("runs over a fact that is a list", "quantifiers over what is no fact"),
    ("a map or message cannot be built", "maps and messages"),
    ("a list can only stand to the right", "lists as values"),
    ("this is a list", "lists as values"),
    ("a list cannot be compared", "lists as values"),
    ("`in` takes a list of constants", "membership in what is no list of constants"),
    ("holds something that is no constant", "membership in what is no list of constants"),
    ("nothing is in an empty list", "membership in an empty list"),
    ("this constant has no use", "constants of other types (null, bytes, unsigned)"),
    ("cannot order", "an order of truth values"),
    ("fields can only be read along a path", "fields of what is no fact"),
    ("is not part of the rule language", "functions and macros of other libraries"),
    ("undeclared function", "functions and macros of other libraries"),
    ("does not take these arguments", "functions and macros of other libraries"),
    ("is the name of something else", "names that hide others"),
    ("unknown field", "fields of maps and messages"),
    ("has no field", "fields of maps and messages"),
    ("undeclared name", "names of types, messages and containers"),
)


class NotInLanguageError(ValueError):
    """Our language does without something here; the message is the name of the feature."""


class UnfitValueError(ValueError):
    """A variable has no value, or one that is not of its type; the message says which."""


@attrs.frozen
class Declared:
    """The variables of a suite as our language knows them, and those it has no type for, by the type's name."""

    scope: Scope
    variables: tuple[Root, ...]
    foreign: Mapping[str, str]

    def refuse_foreign(self, text: str) -> None:
        """Raise NotInLanguageError if an expression mentions a variable of a type that our language has not."""
        words = set(_WORD.findall(text))
        used = sorted(type_ for name, type_ in self.foreign.items() if name.partition(".")[0] in words)
        if used:
            raise NotInLanguageError(f"variables of other types ({used[0].partition('(')[0]})")


def declare(variables: Mapping[str, str]) -> Declared:
    """Variables (dotted names allowed) with their CEL types, such as `int` or `list(string)`."""
    known = {name: Root(name, type_) for name, cel in variables.items() if (type_ := _type(cel)) is not None}
    world = World(
        vocabulary=_NO_FACTS,
        within={},
        attributes={},
        # A constant that was left open is a value that whoever evaluates must say: just what a suite's variable is.
        constants=known,
        words={},
    )
    return Declared(
        Scope(world), tuple(known.values()), {name: cel for name, cel in variables.items() if name not in known}
    )


def compile_plain(text: str, scope: Scope) -> tuple[Lowered, str]:
    """An expression of plain CEL and its CEL type, or NotInLanguageError."""
    diagnostics: list[Diagnostic] = []
    written = Text(text, Source("<suite>", text), 0, len(text))
    checked = scope.checker(text).compile(written, diagnostics)
    lowered = None if checked is None else lower(checked, scope, frozenset(), diagnostics)
    if lowered is None or checked is None:
        raise NotInLanguageError(_feature(diagnostics[0]))
    return lowered, checked.type


def evaluate_plain(lowered: Lowered, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever it comes to
    """What the compiled evaluator makes of it. `values` are those of the variables; UnfitValueError when one is none.

    The evaluator is made for facts that have been held against their types.
    """
    for root in _roots(lowered.expr):
        require(root, values)
    facts, lists = split(values)
    return Compiled(()).expression(lowered.expr)(facts, DAY, "", lists)


def require(root: Root, values: Mapping[str, Any]) -> None:
    """Raise UnfitValueError unless the variable has a value of its type."""
    if root.name not in {"as_of", "action"} and not _fits(values.get(root.name), root.type):
        raise UnfitValueError(f"`{root.name}`: no {root.type} is given")


def split(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values as evaluators take them: those of single facts, and lists, which stand where derived lists do."""
    lists = {name: value for name, value in values.items() if isinstance(value, list)}
    return {name: value for name, value in values.items() if name not in lists}, lists


def _roots(expr: Expr) -> Iterator[Root]:
    if isinstance(expr, Root):
        yield expr
    for child in children(expr):
        yield from _roots(child)


def _fits(value: Any, type_: Type) -> bool:  # noqa: ANN401 - any value
    if type_.element is not None:
        return isinstance(value, list) and all(_fits(item, type_.element) for item in value)
    return type(value) is _PYTHON[type_.kind]


def _type(cel: str) -> Type | None:
    if cel.startswith("list(") and cel[5:-1] in _SCALARS:
        return Type("list", element=_SCALARS[cel[5:-1]])
    return _SCALARS.get(cel)


def _feature(diagnostic: Diagnostic) -> str:
    found = next((name for words, name in _FEATURES if words in diagnostic.message), None)
    return found or ("operands of types that do not fit" if diagnostic.code == "R304" else CODES[diagnostic.code])


_NO_FACTS: Final = Vocabulary(enums={"action": ()}, records={}, facts={}, derived={}, source={})
