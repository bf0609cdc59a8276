"""Definitions files to scopes: each variable and function is checked once, on its own, and inlined where it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.language.cel import UNKNOWN
from engine.language.diagnostic import Diagnostic, suggest
from engine.language.rule_file import DefinitionsFile, FunctionNode, VariableNode
from engine.language.source import Text
from engine.program.clauses import clauses_of
from engine.program.expressions import Parameter
from engine.program.lower import lower
from engine.program.scope import MAX_DEPTH, MAX_NODES, Function, Lowered, Paths, Scope, World
from engine.vocabulary.descriptors import cel_type
from engine.vocabulary.model import SCALARS, Type, Vocabulary


def check_expression(
    text: Text,
    scope: Scope,
    present: Paths | None,
    diagnostics: list[Diagnostic],
    expected: str | None = None,
) -> tuple[Lowered | None, str]:
    """The expression and its CEL type; (None, "dyn") with diagnostics when something is wrong with it."""
    compiled = scope.checker().compile(text, diagnostics)
    if compiled is None:
        return None, UNKNOWN
    if expected is not None and compiled.type not in {expected, UNKNOWN}:
        message = f"a condition is true or false, but this is of type {compiled.type}"
        diagnostics.append(Diagnostic("R307", message, text.span, "compare it with something, or test it with `has()`"))
        return None, UNKNOWN
    lowered = lower(compiled, scope, present, diagnostics)
    if lowered is None:
        return None, UNKNOWN
    nodes, depth = scope.world.weight(lowered.expr)
    if nodes > MAX_NODES or depth > MAX_DEPTH:
        message = f"written out in full the expression has {nodes:,} operations, nested {depth} deep"
        help_ = f"the limits are {MAX_NODES:,} and {MAX_DEPTH}: use fewer definitions of definitions"
        diagnostics.append(Diagnostic("R310", message, text.span, help_))
        return None, UNKNOWN
    return lowered, cel_type(lowered.expr.type)


def add_variables(
    nodes: Sequence[VariableNode], scope: Scope, present: Paths | None, diagnostics: list[Diagnostic]
) -> Scope:
    """The scope with variables, each of which may use those before it."""
    for node in nodes:
        lowered, type_ = check_expression(node.expression, scope, present, diagnostics)
        if lowered is not None and lowered.expr.type.kind in {"list", "record"}:
            help_ = "name the path where it is needed"
            message = f"variable `{node.name.value}` is a {lowered.expr.type.kind}, not a value"
            diagnostics.append(Diagnostic("R307", message, node.expression.span, help_))
            lowered, type_ = None, UNKNOWN
        scope = scope.with_variable(node.name.value, lowered, type_)
        if lowered is not None:
            named = scope.name(f"variables.{node.name.value}")
            assert named is not None
            # A variable that only renames another is explained by what it renames.
            if named.expr != lowered.expr:
                scope.world.origins.setdefault(named.expr, clauses_of(node.expression, lowered))
    return scope


class Library:
    """All definitions files by name; checks each once, when it is first used."""

    def __init__(self, files: Sequence[DefinitionsFile], world: World, diagnostics: list[Diagnostic]) -> None:
        self._files: dict[str, DefinitionsFile] = {}
        self._checked: dict[str, tuple[Scope, frozenset[str], frozenset[str]]] = {}
        self._open: list[str] = []
        self._world = world
        self._diagnostics = diagnostics
        for file in files:
            if file.name.value in self._files:
                message = f"definitions `{file.name.value}` exist already in {self._files[file.name.value].source.name}"
                diagnostics.append(Diagnostic("R205", message, file.name.span, "rename one of the two"))
            else:
                self._files[file.name.value] = file

    def check_all(self) -> None:
        """Check the files that nobody uses, too."""
        for name, file in self._files.items():
            self._check(name, file.name)

    def scope(self, uses: Sequence[Text]) -> Scope:
        """The scope of a file that uses these definitions."""
        scope = Scope(self._world)
        for use in uses:
            checked = self._check(use.value, use)
            if checked is None:
                continue
            theirs, variables, functions = checked
            for name in sorted(variables):
                if name in scope.variables and scope.variables[name] is not theirs.variables[name]:
                    message = f"`{use.value}` and another file in `uses` both define `{name}`"
                    self._diagnostics.append(Diagnostic("R205", message, use.span, "rename one of the two"))
                scope = scope.with_variable(name, theirs.variables[name], theirs.variable_types[name])
            scope = scope.with_functions({name: theirs.functions[name] for name in functions})
        return scope

    def _check(self, name: str, use: Text) -> tuple[Scope, frozenset[str], frozenset[str]] | None:
        if name in self._checked:
            return self._checked[name]
        if name not in self._files:
            help_ = suggest(name, self._files.keys(), "definitions known")
            self._diagnostics.append(Diagnostic("R208", f"there are no definitions `{name[:60]}`", use.span, help_))
            return None
        if name in self._open:
            chain = " uses ".join(f"`{step}`" for step in [*self._open[self._open.index(name) :], name])
            self._diagnostics.append(Diagnostic("R312", chain, use.span, "break the circle"))
            return None
        self._open.append(name)
        file = self._files[name]
        scope = self.scope(file.uses)
        # Functions before variables: a variable may use its own file's functions, not the other way round.
        functions = self._functions(file, scope)
        scope = scope.with_functions(functions)
        own = [node for node in file.variables if not self._is_taken(node, scope)]
        scope = add_variables(own, scope, frozenset(), self._diagnostics)
        self._open.pop()
        self._checked[name] = (scope, frozenset(node.name.value for node in own), frozenset(functions))
        return self._checked[name]

    def _is_taken(self, node: VariableNode, scope: Scope) -> bool:
        if node.name.value not in scope.variables:
            return False
        message = f"variable `{node.name.value}` is defined already by a file in `uses`"
        self._diagnostics.append(Diagnostic("R205", message, node.name.span, "rename it"))
        return True

    def _functions(self, file: DefinitionsFile, scope: Scope) -> Mapping[str, tuple[Function, ...]]:
        prefix = file.name.value.rpartition(".")[2]
        found: dict[str, tuple[Function, ...]] = {}
        for node in file.functions:
            name = f"{prefix}.{node.name.value}"
            function = self._function(node, scope.with_functions(found))
            if function is None:
                continue
            same = [other for other in found.get(name, ()) if _types(other) == _types(function)]
            if same:
                message = f"function `{node.name.value}` is defined twice for the same types"
                self._diagnostics.append(Diagnostic("R205", message, node.name.span, "remove one of the two"))
                continue
            found[name] = (*found.get(name, ()), function)
        return found

    def _function(self, node: FunctionNode, scope: Scope) -> Function | None:
        parameters = []
        for name, type_text in node.parameters:
            type_ = _parameter_type(type_text.value, self._world.vocabulary)
            if type_ is None:
                known = {*self._world.vocabulary.records, *self._world.vocabulary.enums, *SCALARS}
                help_ = suggest(type_text.value, known, "types known")
                self._diagnostics.append(
                    Diagnostic("R204", f"`{type_text.value[:60]}` is not a type", type_text.span, help_)
                )
                return None
            if name.value in self._world.vocabulary.roots:
                message = f"parameter `{name.value}` has the name of a part of the facts"
                self._diagnostics.append(Diagnostic("R205", message, name.span, "rename it"))
                return None
            parameters.append(Parameter(name.value, type_))
        inside = scope.with_locals({parameter.name: parameter for parameter in parameters})
        body, result = check_expression(node.expression, inside, frozenset(), self._diagnostics)
        return Function(tuple(parameters), body, result)


def _types(function: Function) -> tuple[Type, ...]:
    return tuple(parameter.type for parameter in function.parameters)


def _parameter_type(words: str, vocabulary: Vocabulary) -> Type | None:
    if words in vocabulary.records:
        return Type("record", words)
    if words in vocabulary.enums:
        return Type("enum", words)
    return Type(words) if words in SCALARS - {"object"} else None
