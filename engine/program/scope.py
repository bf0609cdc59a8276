"""What an expression may mention, and what each name means: facts, switches, the provider's program, definitions."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property

import attrs

from engine.language.cel import UNKNOWN, Checker, root_types
from engine.language.names import FunctionType, Names
from engine.language.source import Text
from engine.program.expressions import (
    Element,
    Expr,
    Literal,
    Parameter,
    Read,
    Root,
    children,
    named,
    path,
    substitute,
)
from engine.program.rule_set import Clause
from engine.vocabulary.descriptors import cel_type
from engine.vocabulary.model import DATE, INSTANT, STRING, Type, Vocabulary

Paths = frozenset[tuple[str, ...]]
Places = Mapping[int, tuple[int, Expr]]
"""Offsets into a text by the `id` of the operation that stands there, which is kept alive beside it."""

MAX_NODES = 5_000
MAX_DEPTH = 150


@attrs.frozen
class Lowered:
    """An expression, and the facts known to be present when it is true and when it is false.

    `parts` are the conjuncts as written, for explanations.
    """

    expr: Expr
    when_true: Paths = frozenset()
    when_false: Paths = frozenset()
    parts: tuple[Expr, ...] = ()


@attrs.frozen
class ListConstant:
    """A list of the provider's program, perhaps an empty one.

    It may stand to the right of `in`, in `size()` and in `within()`, and is gone after that.
    """

    items: tuple[Literal, ...]
    type: Type = Type("list", element=STRING)


Constant = Literal | ListConstant | Root
"""What a switch or a value of the provider's program stands for: a `Root` when no reading is chosen."""


@attrs.frozen
class Function:
    """A definition with parameters; `body` is None when it is itself at fault."""

    parameters: tuple[Parameter, ...]
    body: Lowered | None
    result: str

    def fits(self, arguments: Sequence[Type], vocabulary: Vocabulary) -> bool:
        """Whether the arguments are of the parameters' types, or of records that include them."""
        return len(arguments) == len(self.parameters) and all(
            type_.name in vocabulary.extending(parameter.type.name)
            if parameter.type.kind == "record"
            else cel_type(type_) == cel_type(parameter.type)
            and (type_.kind == "instant") == (parameter.type == INSTANT)
            for parameter, type_ in zip(self.parameters, arguments, strict=True)
        )


@attrs.frozen(eq=False)
class Definition:
    """A variable (without parameters) or one form of a function, as written: `name` is how expressions refer to it."""

    name: str
    parameters: tuple[Parameter, ...]
    expr: Expr
    text: Text


@attrs.frozen(eq=False)
class World:
    """What is the same for every file: the vocabulary, the places, and the constants of switches and program.

    `constants` maps `interpretation.Q05` and `program.a.b` to values; `words` maps the name of a switch's type to its
    options; `within` maps a place to all places in it, itself included; `attributes` maps what is recorded of
    places to its values and these to the places that have them; `excused` are the heads of names (and `place`,
    for codes) that are missing because a file is at fault, which has been reported; `origins` maps the expression of a
    variable to how it was written, for explanations; `mentioned` collects the constants that expressions name;
    `definitions` are all that were checked; `places` tell where in a text an operation was typed, by the identity of
    the operation.
    """

    vocabulary: Vocabulary
    within: Mapping[str, frozenset[str]]
    attributes: Mapping[str, Mapping[str, frozenset[str]]]
    constants: Mapping[str, Constant]
    words: Mapping[str, frozenset[str]]
    excused: frozenset[str] = frozenset()
    origins: dict[Expr, tuple[Clause, ...]] = attrs.Factory(dict)
    mentioned: set[str] = attrs.Factory(set)
    definitions: list[Definition] = attrs.Factory(list)
    places: dict[Text, Places] = attrs.Factory(dict)
    _weights: dict[Expr, tuple[int, int]] = attrs.Factory(dict)
    _loops: Iterator[int] = attrs.Factory(lambda: itertools.count(1))

    @cached_property
    def types(self) -> Mapping[str, str]:
        """CEL types of the names that every expression knows, those of constants with them."""
        return root_types(self.vocabulary) | {name: cel_type(value.type) for name, value in self.constants.items()}

    def new_element(self, name: str) -> str:
        """A key for a loop, unlike that of any other loop: functions of one file are inlined into loops of another."""
        return f"{name}#{next(self._loops)}"

    def reading(self, switch: str, default: str) -> str:
        """The chosen option of a switch; the default where no such switch is declared."""
        chosen = self.constants.get(f"interpretation.{switch}")
        return str(chosen.value) if isinstance(chosen, Literal) else default

    def weight(self, expr: Expr) -> tuple[int, int]:
        """Operations of the expression when written out in full, and how deep they nest."""
        return weight(expr, self._weights)


@attrs.frozen(eq=False, slots=False)
class Scope:
    """The names visible at one place of one file. Adding a name makes a new scope.

    A name whose definition is at fault maps to None. `excused` are names that would be here but for such a fault.
    """

    world: World
    variables: Mapping[str, Lowered | None] = attrs.Factory(dict)
    variable_types: Mapping[str, str] = attrs.Factory(dict)
    functions: Mapping[str, tuple[Function, ...]] = attrs.Factory(dict)
    locals: Mapping[str, Element | Parameter | None] = attrs.Factory(dict)
    excused: frozenset[str] = frozenset()
    _applied: dict[tuple[str, tuple[Expr, ...]], Lowered] = attrs.Factory(dict)

    @property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary of this world."""
        return self.world.vocabulary

    # -- growing

    def with_variable(self, name: str, lowered: Lowered | None, type_: str) -> Scope:
        """The scope with one more variable; None marks one whose definition is at fault."""
        return attrs.evolve(
            self,
            variables={**self.variables, name: lowered},
            variable_types={**self.variable_types, name: type_},
        )

    def with_locals(self, added: Mapping[str, Element | Parameter | None]) -> Scope:
        """The scope with list elements or parameters; the same one for the same names, as its checker is costly."""
        key = tuple(added.items())
        known: dict[object, Scope] = self.__dict__.setdefault("_grown", {})
        if key not in known:
            known[key] = attrs.evolve(self, locals={**self.locals, **added})
        return known[key]

    def with_functions(self, added: Mapping[str, tuple[Function, ...]]) -> Scope:
        """The scope with more functions."""
        return attrs.evolve(self, functions={**self.functions, **added}, applied={})

    def excusing(self, names: Iterable[str]) -> Scope:
        """The scope in which these names may be missing."""
        added = frozenset(names)
        return self if added <= self.excused else attrs.evolve(self, excused=self.excused | added)

    # -- for the CEL checker

    def checker(self, text: str) -> Checker:
        """The CEL checker for the names that a text may mention: what it declares costs more than what it checks."""
        words = frozenset(_WORD.findall(text))
        variables = tuple(name for name in self.variable_types if name in words)
        functions = tuple(name for name in self.functions if name.rpartition(".")[2] in words)
        made: dict[object, Checker] = self.__dict__.setdefault("_checkers", {})
        key = (variables, functions)
        if key not in made:
            made[key] = Checker(self._names(variables, functions))
        return made[key]

    def _names(self, variables: Sequence[str], functions: Sequence[str]) -> Names:
        types = dict(self.world.types)
        types |= {f"variables.{name}": self.variable_types[name] for name in variables}
        types |= {name: UNKNOWN if local is None else cel_type(local.type) for name, local in self.locals.items()}
        overloads = [
            overload for name in functions for overload in _overloads(name, self.functions[name], self.vocabulary)
        ]
        return Names(
            variables=types,
            functions=(*_BUILT_IN, *overloads),
            others=([f"variables.{name}" for name in self.variable_types], list(self.functions)),
            excused=self.excused | self.world.excused,
        )

    # -- for lowering

    def name(self, name: str) -> Lowered | None:
        """What a name means; None when its definition is at fault. Raises KeyError for a name of CEL's own."""
        if name in self.locals:
            local = self.locals[name]
            return None if local is None else Lowered(local)
        if name in self.world.constants:
            self.world.mentioned.add(name)
            # lower() lets a ListConstant into no expression.
            return Lowered(self.world.constants[name])  # type: ignore[arg-type]
        if name in self.vocabulary.roots:
            return Lowered(Root(name, self.vocabulary.roots[name].type))
        if name == "as_of":
            return Lowered(Root("as_of", DATE))
        if name == "action":
            return Lowered(Root("action", Type("enum", "action")))
        found = self.variables[name.removeprefix("variables.")]
        return None if found is None else attrs.evolve(found, expr=named(name, found.expr), parts=())

    def is_function(self, name: str) -> bool:
        """Whether a definition in scope has this name."""
        return name in self.functions

    def apply(self, name: str, arguments: Sequence[Expr]) -> Lowered | None:
        """A function's body with the arguments in place; the overload that names the most specific types wins.

        None when its definition is at fault. Raises KeyError when it takes no such arguments, though the CEL checker,
        to which an instant is a date, thinks it does.
        """
        chosen = _most_specific(self.functions[name], [argument.type for argument in arguments], self.vocabulary)
        if chosen is None:
            raise KeyError(name)
        if chosen.body is None:
            return None
        key = (name, tuple(arguments))
        if key not in self._applied:
            self._applied[key] = self._bound(name, chosen, chosen.body, arguments)
        return self._applied[key]

    def _bound(self, name: str, chosen: Function, body: Lowered, arguments: Sequence[Expr]) -> Lowered:
        bound = {parameter.name: argument for parameter, argument in zip(chosen.parameters, arguments, strict=True)}
        label = f"{name}({', '.join(_label(argument) for argument in arguments)})"
        return Lowered(
            named(label, substitute(body.expr, bound, {})),
            _rebased(body.when_true, bound),
            _rebased(body.when_false, bound),
        )

    def hides(self, name: str) -> bool:
        """Whether a list element of this name would stand before something that every expression knows."""
        heads = {name.partition(".")[0] for name in self.world.constants}
        return name in self.vocabulary.roots or name in heads or name in _HEADS

    def words(self, type_: Type) -> AbstractSet[str] | None:
        """The closed set of texts a type allows, or None when it allows any."""
        if type_.kind == "place":
            return self.world.within.keys()
        if type_.kind != "enum":
            return None
        return self.world.words.get(type_.name) or frozenset(self.vocabulary.enums[type_.name])

    def places_within(self, region: str) -> frozenset[str]:
        """Every place that is the region or lies in it."""
        return self.world.within.get(region, frozenset())

    @staticmethod
    def is_date(text: str) -> bool:
        """Whether a text is a day written YYYY-MM-DD."""
        try:
            return datetime.date.fromisoformat(text).isoformat() == text
        except ValueError:
            return False

    def is_optional(self, read: Read) -> bool:
        """Whether a fact may be absent."""
        return not self.vocabulary.is_always_there(read.record.type.name, read.field)

    @staticmethod
    def shown(where: Sequence[str]) -> list[str]:
        """A path as an author wrote it: loop names without what tells loops apart."""
        return [name.partition("#")[0] for name in where]


def _most_specific(functions: Sequence[Function], types: Sequence[Type], vocabulary: Vocabulary) -> Function | None:
    """The definition that fits the arguments and names types nearest to theirs."""
    fitting = [function for function in functions if function.fits(types, vocabulary)]
    return min(
        fitting, key=lambda f: sum(map(vocabulary.distance, types, (p.type for p in f.parameters))), default=None
    )


def _overloads(name: str, functions: Sequence[Function], vocabulary: Vocabulary) -> list[FunctionType]:
    """The function for every combination of the records that its parameters take."""
    found: dict[tuple[str, ...], str] = {}
    for function in functions:
        for types in itertools.product(*(accepted(parameter.type, vocabulary) for parameter in function.parameters)):
            chosen = _most_specific(functions, types, vocabulary)
            assert chosen is not None
            found[tuple(cel_type(type_) for type_ in types)] = chosen.result
    return [
        FunctionType(name, f"{name}/{'/'.join(types)}".replace(".", "_"), types, result)
        for types, result in found.items()
    ]


def accepted(type_: Type, vocabulary: Vocabulary) -> list[Type]:
    """The types of what may be given for a parameter of a type."""
    if type_.kind != "record":
        return [type_]
    return [Type("record", name) for name in vocabulary.extending(type_.name)]


def weight(expr: Expr, memo: dict[Expr, tuple[int, int]]) -> tuple[int, int]:
    """Operations of the expression when written out in full, and how deep they nest."""
    if expr not in memo:
        parts = [weight(child, memo) for child in children(expr)]
        memo[expr] = (1 + sum(n for n, _ in parts), 1 + max((depth for _, depth in parts), default=0))
    return memo[expr]


def _label(argument: Expr) -> str:
    where = path(argument)
    if where is not None:
        return ".".join(Scope.shown(where))
    return str(argument.value) if isinstance(argument, Literal) else argument.type.kind


def _rebased(paths: Paths, bound: Mapping[str, Expr]) -> Paths:
    rebased = set()
    for where in paths:
        base = path(bound[where[0]]) if where[0] in bound else (where[0],)
        if base is not None:
            rebased.add((*base, *where[1:]))
    return frozenset(rebased)


_WORD = re.compile(r"\w+")
_HEADS = frozenset({"as_of", "action", "variables", "interpretation", "program", "calendar"})
_TEXTS = ("string", "string")
_BUILT_IN = (
    FunctionType("within", "within", _TEXTS, "bool", is_method=True),
    FunctionType("has_attribute", "has_attribute", ("string", *_TEXTS), "bool", is_method=True),
    FunctionType("within", "within_any", ("string", "list(string)"), "bool", is_method=True),
    FunctionType("date", "date", ("string",), "google.protobuf.Timestamp"),
    FunctionType("calendar.days_between", "days_between", ("google.protobuf.Timestamp",) * 2, "int"),
)
REFUSED_FUNCTIONS: Mapping[str, tuple[str, str | None]] = {
    "_/_": ("a division can fail", "multiply instead, or state the share as a fact"),
    "_%_": ("a remainder can fail", None),
    "_[_]": ("an index can fail", "say it with `exists` or `all`"),
    "-_": ("a negation can overflow", "write the number with its sign"),
    "matches": ("a pattern can fail to compile", "use `startsWith`, `endsWith` or `contains`"),
    **{
        name: (f"the conversion `{name}` can fail", None)
        for name in ("int", "uint", "double", "string", "bytes", "bool", "duration")
    },
    **{name: (f"`{name}` takes a type away from the checker", None) for name in ("type", "dyn")},
    "timestamp": ("the conversion `timestamp` can fail", "write a day as `date('2026-01-31')`"),
}
"""Calls of standard CEL that a total program has to do without: why, and what to do instead."""
