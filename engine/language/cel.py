"""CEL text to a checked expression, by the official implementation; its complaints become diagnostics.

The only module that imports the CEL library.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import attrs
from cel_expr_python import cel

from engine.language.checked_expr import read_checked_expr
from engine.language.diagnostic import Diagnostic, suggest
from engine.language.source import Text
from engine.vocabulary import Vocabulary, read_vocabulary
from engine.vocabulary.descriptors import PACKAGE, cel_type, descriptor_pool_of

MAX_EXPRESSION = 4096
"""Characters in one expression. The library's own limits (100,000 characters, 32 levels) stand behind it."""
UNKNOWN = "dyn"
"""The CEL type of a name whose own definition is at fault: it fits anywhere, so the mistake is reported once."""

_ERROR = re.compile(r"^(?:\w+: )?ERROR: <input>:(-?\d+):(-?\d+): (.*?)$", re.MULTILINE)
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_FIELD = re.compile(r"undefined field '([^']*)' not found in struct '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")
_OPERATORS = re.compile(r"\A(?:@in|_?(.+?)_|(.)_)\Z")


@attrs.frozen
class FunctionType:
    """One overload of a function. `is_method` when it is called on its first parameter."""

    name: str
    overload: str
    parameters: tuple[str, ...]
    result: str
    is_method: bool = False


@attrs.frozen
class Names:
    """What an expression may mention: variables (dotted names allowed) to their CEL type, and functions."""

    variables: Mapping[str, str]
    functions: tuple[FunctionType, ...]


@attrs.frozen(eq=False)
class Compiled:
    """A well-typed expression: its result type, its tree, the character offset and the reference of each node."""

    text: Text
    type: str
    root: Any
    positions: Mapping[int, int]
    references: Mapping[int, str]

    def offset(self, node_id: int) -> int:
        """Where in the expression a node stands."""
        return self.positions.get(node_id, 0)


class Checker:
    """Compiles expressions against one set of names."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._env = cel.NewEnv(
            descriptor_pool=_pool(),
            variables={name: _type(type_) for name, type_ in names.variables.items()},
            functions=_declarations(names.functions),
        )

    def compile(self, text: Text, diagnostics: list[Diagnostic]) -> Compiled | None:
        """The checked expression, or None with at least one diagnostic."""
        if len(text.value) > MAX_EXPRESSION:
            message = f"the expression has {len(text.value):,} characters, more than {MAX_EXPRESSION:,}"
            diagnostics.append(Diagnostic("R310", message, text.span, "name its parts with `variables`"))
            return None
        try:
            expression = self._env.compile(text.value)
        except RuntimeError as error:
            diagnostics.extend(self._complaints(text, str(error)))
            return None
        tree = read_checked_expr(expression.serialize())
        return Compiled(
            text=text,
            type=str(expression.return_type().name()).lower(),
            root=tree.expr,
            positions={entry.key: entry.value for entry in tree.source_info.positions},
            references={entry.key: entry.value.name for entry in tree.reference_map},
        )

    def _complaints(self, text: Text, raw: str) -> list[Diagnostic]:
        found = [
            self._complaint(text, int(line), int(column), message) for line, column, message in _ERROR.findall(raw)
        ]
        if not found or "recursion" in raw:
            message = (
                "the expression is nested too deep" if "recursion" in raw else raw.partition("[")[0].strip().lower()
            )
            return [Diagnostic("R310", message, text.span, "name its parts with `variables`")]
        # The parser recovers and complains again about the same slip: its first complaint is the mistake.
        syntax = [diagnostic for diagnostic in found if diagnostic.code == "R301"]
        return syntax[:1] or _joined(text, found, self._functions())

    def _complaint(self, text: Text, line: int, column: int, message: str) -> Diagnostic:
        offset = _offset(text.value, line, column)
        if match := _UNDECLARED.search(message):
            return self._undeclared(text, offset, match[1])
        if match := _FIELD.search(message):
            record = match[2].removeprefix(f"{PACKAGE}.")
            fields = read_vocabulary().records[record].fields
            span = text.span_at(offset + 1, len(match[1]))
            help_ = suggest(match[1], fields.keys(), f"fields of `{record}`")
            return Diagnostic("R303", f"unknown field `{match[1]}` in `{record}`", span, help_)
        if match := _OVERLOAD.search(message):
            return _no_overload(text, offset, match[1], match[2])
        if message.startswith("Syntax error"):
            return Diagnostic("R301", _syntax(message), text.span_at(offset), None)
        return Diagnostic("R304", message.replace("'", "`").replace(f"{PACKAGE}.", ""), text.span_at(offset), None)

    def _functions(self) -> frozenset[str]:
        return frozenset(function.name for function in self._names.functions)

    def _undeclared(self, text: Text, offset: int, name: str) -> Diagnostic:
        known = {*self._names.variables, *self._functions(), *_BUILT_IN}
        # The library puts the position of `a.b` at its dot and that of a call at its parenthesis.
        start = text.value.rfind(name, 0, offset + len(name) + 1)
        head = name.partition(".")[0]
        if start < 0:
            start = text.value.rfind(head, 0, offset + len(head))
        span = text.span_at(max(start, 0), len(name))
        siblings = {word for word in known if word.startswith(f"{head}.")} if "." in name else known
        return Diagnostic(
            "R302", f"undeclared name `{name}`", span, suggest(name, siblings or known, "names known here")
        )


_BUILT_IN = ("has", "size", "exists", "all", "exists_one", "startsWith", "endsWith", "contains")


@cache
def _pool() -> Any:  # noqa: ANN401 - handed to the library as it is
    return descriptor_pool_of(read_vocabulary())


def root_types(vocabulary: Vocabulary) -> dict[str, str]:
    """CEL types of the names every expression knows."""
    return {
        **{name: cel_type(field.type) for name, field in vocabulary.roots.items()},
        "as_of": "google.protobuf.Timestamp",
        "action": "string",
    }


# Each checker declares nearly the same names as the one before, and making a declaration costs more than using it.


@cache
def _type(name: str) -> cel.Type:
    if name.startswith("list("):
        return cel.Type.List(_type(name[5:-1]))
    return cel.Type(name)


@cache
def _declaration(name: str, overloads: tuple[FunctionType, ...]) -> Any:  # noqa: ANN401 - handed to the library as it is
    return cel.FunctionDecl(
        name,
        [
            cel.Overload(
                id=overload.overload,
                return_type=_type(overload.result),
                parameters=[_type(type_) for type_ in overload.parameters],
                is_member=overload.is_method,
            )
            for overload in overloads
        ],
    )


def _declarations(functions: Collection[FunctionType]) -> list[Any]:
    grouped: dict[str, list[FunctionType]] = {}
    for function in functions:
        grouped.setdefault(function.name, []).append(function)
    return [_declaration(name, tuple(overloads)) for name, overloads in grouped.items()]


def _offset(text: str, line: int, column: int) -> int:
    """Character offset of a 1-based line and column of the expression itself."""
    if line < 1:
        return 0
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return min(start + max(column, 1) - 1, len(text))


def _syntax(message: str) -> str:
    """The parser's complaint in plain words."""
    reason = message.removeprefix("Syntax error: ").partition(" expecting ")[0]
    if reason.startswith("missing "):
        return reason.replace("'<EOF>'", "the end of the expression").replace("'", "`")
    if "<EOF>" in reason:
        return "the expression ends where more is expected"
    word = reason.partition("'")[2].rpartition("'")[0][:40]
    return f"unexpected `{word}`" if word else reason.lower()


def _joined(text: Text, found: list[Diagnostic], functions: frozenset[str]) -> list[Diagnostic]:
    """The same list, where two complaints about the halves of `persons.is_foreing(...)` are one about the whole."""
    joined: list[Diagnostic] = []
    for diagnostic in found:
        last = joined[-1] if joined else None
        if last is not None and last.code == diagnostic.code == "R302":
            start, end = last.span.column, diagnostic.span.column + diagnostic.span.length
            name = f"{last.message.split('`')[1]}.{diagnostic.message.split('`')[1]}"
            if last.span.line == diagnostic.span.line and end - start == len(name) and f"{name}(" in text.value:
                namespace = {known for known in functions if known.startswith(name.partition(".")[0] + ".")}
                help_ = suggest(name, namespace or functions, "functions known here")
                span = attrs.evolve(last.span, length=len(name))
                joined[-1] = Diagnostic("R302", f"undeclared function `{name}`", span, help_)
                continue
        joined.append(diagnostic)
    return joined


def _no_overload(text: Text, offset: int, function: str, arguments: str) -> Diagnostic:
    types = [_plain(type_) for type_ in re.split(r", (?![^(]*\))", arguments)]
    operator = _OPERATORS.match(function)
    if function == "@in" or operator is not None:
        name = "in" if function == "@in" else (function.strip("_@") if function != "!_" else "!")
        message = f"`{name}` does not take {' and '.join(types)}"
    else:
        name = function
        message = f"`{name}` does not take {', '.join(types)}"
    help_ = "write the number with a decimal point, such as `25.0`" if {"double", "int"} <= set(types) else None
    return Diagnostic("R304", message, text.span_at(offset, len(name)), help_)


def _plain(type_: str) -> str:
    short = type_.replace(f"{PACKAGE}.", "").replace("google.protobuf.Timestamp", "date").replace("timestamp", "date")
    return f"a {short}" if short[0] not in "aeiou" and short not in {"double", "int"} else short
