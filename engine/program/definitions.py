"""Definitions files to scopes: each variable and function is checked once, on its own, and inlined where it is used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs

from engine.language.cel import UNKNOWN
from engine.language.complaints import plain_type
from engine.language.diagnostic import Diagnostic, nearest, suggest
from engine.language.rule_file import DefinitionsFile, FunctionNode, VariableNode
from engine.language.source import Text
from engine.program.clauses import clauses_of
from engine.program.expressions import Parameter
from engine.program.lower import lower
from engine.program.scope import MAX_DEPTH, MAX_NODES, Definition, Function, Lowered, Paths, Scope, World, accepted
from engine.vocabulary.descriptors import cel_type
from engine.vocabulary.model import SCALARS, Type, Vocabulary

MAX_FORMS = 256
"""Combinations of records for which one function is declared to the CEL checker."""
_RENAME = "rename one of the two"
_PARAMETER_SCALARS = SCALARS - {"object", "instant"}


def check_expression(
    text: Text,
    scope: Scope,
    present: Paths | None,
    diagnostics: list[Diagnostic],
    expected: str | None = None,
) -> tuple[Lowered | None, str]:
    """The expression and its CEL type; (None, "dyn") when something is wrong with it or with what it rests on."""
    lowered = _checked(text, scope, present, diagnostics, expected)
    # Whatever is wrong has been said by now, here or where the fault lies: no rule is dropped in silence.
    assert lowered is not None or diagnostics
    return (None, UNKNOWN) if lowered is None else (lowered, cel_type(lowered.expr.type))


def _checked(
    text: Text, scope: Scope, present: Paths | None, diagnostics: list[Diagnostic], expected: str | None
) -> Lowered | None:
    compiled = scope.checker(text.value).compile(text, diagnostics)
    if compiled is None:
        return None
    if expected is not None and compiled.type not in {expected, UNKNOWN}:
        message = f"a condition is true or false, but this is {plain_type(compiled.type)}"
        help_ = "compare it with something, or test it with `has()`"
        diagnostics.append(Diagnostic("R307", message, text.inside, help_))
        return None
    lowered = lower(compiled, scope, present, diagnostics)
    if lowered is None:
        return None
    nodes, depth = scope.world.weight(lowered.expr)
    if nodes > MAX_NODES or depth > MAX_DEPTH:
        message = f"written out in full the expression has {nodes:,} operations, nested {depth} deep"
        help_ = f"the limits are {MAX_NODES:,} and {MAX_DEPTH}: use fewer definitions of definitions"
        diagnostics.append(Diagnostic("R310", message, text.inside, help_))
        return None
    return lowered


def add_variables(
    nodes: Sequence[VariableNode], scope: Scope, present: Paths | None, diagnostics: list[Diagnostic]
) -> Scope:
    """The scope with variables, each of which may use those before it."""
    for node in nodes:
        name = node.name.value
        if name in scope.variables:
            message = f"variable `{name}` is defined already where this one would be visible"
            diagnostics.append(Diagnostic("R205", message, node.name.span, "rename it"))
            continue
        lowered, type_ = _variable(node, scope, present, diagnostics)
        scope = scope.with_variable(name, lowered, type_)
        if lowered is not None:
            named = scope.name(f"variables.{name}")
            assert named is not None
            assert node.expression is not None
            # A variable that only renames another is explained by what it renames.
            if named.expr != lowered.expr:
                scope.world.origins.setdefault(named.expr, clauses_of(node.expression, lowered))
                scope.world.definitions.append(Definition(f"variables.{name}", (), lowered.expr, node.expression))
    return scope


def _variable(
    node: VariableNode, scope: Scope, present: Paths | None, diagnostics: list[Diagnostic]
) -> tuple[Lowered | None, str]:
    if node.expression is None:
        return None, UNKNOWN
    lowered, type_ = check_expression(node.expression, scope, present, diagnostics)
    if lowered is not None and lowered.expr.type.kind in {"list", "record"}:
        message = f"variable `{node.name.value}` is a {lowered.expr.type.kind}, not a value"
        diagnostics.append(Diagnostic("R307", message, node.expression.inside, "name the path where it is needed"))
        return None, UNKNOWN
    return lowered, type_


@attrs.frozen
class Exports:
    """What a definitions file gives to those that use it; `excused` are names it would give but for a fault in it."""

    variables: Mapping[str, tuple[Lowered | None, str]] = attrs.Factory(dict)
    functions: Mapping[str, tuple[Function, ...]] = attrs.Factory(dict)
    excused: frozenset[str] = frozenset()


class Library:
    """All definitions files by name; checks each once, when it is first used.

    `is_complete` tells that no file of definitions is missing here because it could not be read.
    """

    def __init__(
        self,
        files: Sequence[DefinitionsFile],
        world: World,
        diagnostics: list[Diagnostic],
        *,
        is_complete: bool = True,
    ) -> None:
        self._files: dict[str, DefinitionsFile] = {}
        self._checked: dict[str, Exports] = {}
        self._scopes: dict[tuple[str, ...], Scope] = {}
        self._open: list[str] = []
        self._world = world
        self._diagnostics = diagnostics
        self._is_complete = is_complete and all(file.name is not None for file in files)
        for number, file in enumerate(files):
            name = file.name.value if file.name is not None else f" {number}"
            if name in self._files:
                message = f"definitions `{name}` exist already in {self._files[name].source.name}"
                assert file.name is not None
                self._report("R205", message, file.name, _RENAME)
            else:
                self._files[name] = file

    def check_all(self) -> None:
        """Check the files that nobody uses, too."""
        for name in self._files:
            self._check(name)

    def scope(self, uses: Sequence[Text]) -> Scope:
        """What a file that uses these definitions sees; the same one for the same names, as its checkers are costly."""
        names = tuple(use.value for use in uses)
        if names not in self._scopes or not self._checked.keys() >= set(names):
            self._scopes[names] = self._scope(uses)
        return self._scopes[names]

    def _scope(self, uses: Sequence[Text]) -> Scope:
        scope = Scope(self._world)
        for use in uses:
            exports = self._used(use)
            scope = scope.excusing(exports.excused)
            for name, (lowered, type_) in exports.variables.items():
                if name in scope.variables and scope.variables[name] is not lowered:
                    self._report("R205", f"`{use.value}` and another file in `uses` both define `{name}`", use, _RENAME)
                scope = scope.with_variable(name, lowered, type_)
            for name, functions in exports.functions.items():
                if scope.functions.get(name, functions) is not functions:
                    self._report("R205", f"`{use.value}` and another file in `uses` both define `{name}`", use, _RENAME)
            scope = scope.with_functions(exports.functions)
        return scope

    def _used(self, use: Text) -> Exports:
        """What a name in `uses` gives; of a misspelt one, what the file that was likely meant gives."""
        name = use.value
        if name not in self._files:
            if not self._is_complete:
                return Exports(excused=frozenset({"variables", _prefix(name)}))
            help_ = suggest(name, self._files.keys(), "definitions known")
            self._report("R208", f"there are no definitions `{name[:60]}`", use, help_)
            meant = nearest(name, self._files.keys())
            if meant is None:
                return Exports(excused=frozenset({_prefix(name)}))
            name = meant
        if name in self._open:
            chain = " uses ".join(f"`{step}`" for step in [*self._open[self._open.index(name) :], name])
            self._report("R312", chain, use, "break the circle")
            file = self._files[name]
            variables = {f"variables.{node.name.value}" for node in file.variables}
            return Exports(excused=frozenset({_prefix(name), *variables}))
        return self._check(name)

    def _check(self, name: str) -> Exports:
        if name not in self._checked:
            self._open.append(name)
            self._checked[name] = self._exports(name, self._files[name])
            self._open.pop()
        return self._checked[name]

    def _exports(self, name: str, file: DefinitionsFile) -> Exports:
        scope = self.scope(file.uses)
        hidden = {"variables", _prefix(name)} if file.hides_names else set()
        scope = scope.excusing(hidden)
        # Functions before variables: a variable may use its own file's functions, not the other way round.
        functions, broken = self._functions(_prefix(name), file, scope)
        scope = scope.with_functions(functions).excusing(broken)
        own = [node for node in file.variables if node.name.value not in scope.variables]
        scope = add_variables(file.variables, scope, frozenset(), self._diagnostics)
        variables = {
            node.name.value: (scope.variables[node.name.value], scope.variable_types[node.name.value]) for node in own
        }
        return Exports(variables, functions, frozenset(hidden) | broken)

    def _functions(
        self, prefix: str, file: DefinitionsFile, scope: Scope
    ) -> tuple[dict[str, tuple[Function, ...]], frozenset[str]]:
        """The functions by their full names, and the names of those that cannot be called because they are at fault."""
        found: dict[str, tuple[Function, ...]] = {}
        broken: set[str] = set()
        for node in file.functions:
            name = f"{prefix}.{node.name.value}"
            function = self._function(node, scope.with_functions(found).excusing(broken))
            if function is not None and function.body is not None and node.expression is not None:
                definition = Definition(name, function.parameters, function.body.expr, node.expression)
                self._world.definitions.append(definition)
            if function is None:
                broken.add(name)
                continue
            same = [other for other in found.get(name, ()) if _signature(other) == _signature(function)]
            if same:
                message = f"function `{node.name.value}` is defined twice for the same types"
                self._report("R205", message, node.name, "remove one of the two")
                continue
            found[name] = (*found.get(name, ()), function)
        return found, frozenset(broken)

    def _function(self, node: FunctionNode, scope: Scope) -> Function | None:
        """The function; without a body when that is at fault, None when its parameters are."""
        parameters: list[Parameter | None] = [self._parameter(name, type_) for name, type_ in node.parameters]
        usable = tuple(parameter for parameter in parameters if parameter is not None)
        forms = math.prod(len(accepted(parameter.type, self._world.vocabulary)) for parameter in usable)
        if forms > MAX_FORMS:
            message = f"function `{node.name.value}` would have {forms:,} forms, one for each choice of records"
            help_ = f"the limit is {MAX_FORMS}: take fewer records, or more specific ones"
            self._report("R310", message, node.name, help_)
            return None
        locals_ = {name.value: parameter for (name, _), parameter in zip(node.parameters, parameters, strict=True)}
        inside = scope.with_locals(locals_)
        if not node.parameters:
            inside = inside.excusing({""})
        body, result = None, UNKNOWN
        if node.expression is not None:
            body, result = check_expression(node.expression, inside, frozenset(), self._diagnostics)
        if body is not None and body.expr.type.kind in {"list", "record"}:
            message = f"function `{node.name.value}` gives a {body.expr.type.kind}, not a value"
            assert node.expression is not None
            self._report("R307", message, node.expression, "name the path where it is needed")
            body, result = None, UNKNOWN
        return Function(usable, body, result) if node.parameters and len(usable) == len(parameters) else None

    def _parameter(self, name: Text, type_text: Text) -> Parameter | None:
        vocabulary = self._world.vocabulary
        type_ = _parameter_type(type_text.value, vocabulary)
        if type_ is None:
            known = {*vocabulary.records, *vocabulary.enums, *_PARAMETER_SCALARS}
            help_ = suggest(type_text.value, known, "types known")
            self._report("R204", f"`{type_text.value[:60]}` is not a type", type_text, help_)
            return None
        if Scope(self._world).hides(name.value):
            self._report("R205", f"parameter `{name.value}` has the name of something else", name, "rename it")
            return None
        return Parameter(name.value, type_)

    def _report(self, code: str, message: str, text: Text, help_: str | None = None) -> None:
        self._diagnostics.append(Diagnostic(code, message, text.span, help_))


def _prefix(name: str) -> str:
    """What stands before the functions of a file: the last part of its name."""
    return name.rpartition(".")[2]


def _signature(function: Function) -> tuple[str, ...]:
    return tuple(cel_type(parameter.type) for parameter in function.parameters)


def _parameter_type(words: str, vocabulary: Vocabulary) -> Type | None:
    if words in vocabulary.records:
        return Type("record", words)
    if words in vocabulary.enums:
        return Type("enum", words)
    return Type(words) if words in _PARAMETER_SCALARS else None
