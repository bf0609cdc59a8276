"""Rule files to rule sets: names, types, presence, reachability and the references to the law."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import attrs

from engine.language.diagnostic import Diagnostic, nearest, suggest
from engine.language.rule_file import EffectNode, ItemNode, RuleFile, RuleNode
from engine.language.source import Span, Text
from engine.program.clauses import clauses_of
from engine.program.definitions import add_variables, check_expression
from engine.program.expressions import TRUE, Element, Expr, Literal, Read, Root, children, path
from engine.program.rule_set import Block, Condition, Each, FactPath, Item, Rule, RuleSet
from engine.program.scope import Lowered, Paths, Scope
from engine.vocabulary.model import Type

_HAS = re.compile(r"(?<!!)\bhas\(\s*([\w.]+)\s*\)")
_VARIABLE = re.compile(r"\bvariables\.(\w+)")
_CALL = re.compile(r"\b(?!has\b)\w+\(")
ALWAYS = Condition(TRUE, ())


@attrs.frozen
class References:
    """What rule files may refer to beside facts: keys of the sources, and the texts of the provider's program.

    Either is None when it could not be read: then what refers to it is not at fault.
    """

    sources: Collection[str] | None
    terms: Mapping[str, tuple[str, ...]] | None


def check_rule_file(file: RuleFile, scope: Scope, references: References, diagnostics: list[Diagnostic]) -> RuleSet:
    """The checked rule set. It is only to be used when no diagnostic was added."""
    if references.sources is not None and file.authority.value and file.authority.value not in references.sources:
        message = f"there is no source `{file.authority.value[:60]}`"
        help_ = suggest(file.authority.value, references.sources, "sources known")
        diagnostics.append(Diagnostic("R208", message, file.authority.span, help_))
    checking = _Checking(file, references, diagnostics)
    return RuleSet(
        name=file.name.value,
        description=file.description,
        source=file.authority.value,
        section=file.section.value,
        effective_from=file.effective_from,
        effective_until=file.effective_until,
        actions=file.actions,
        file=file.source.name,
        block=checking.block(file.rule, scope, frozenset()),
    )


class _Checking:
    def __init__(self, file: RuleFile, references: References, diagnostics: list[Diagnostic]) -> None:
        self._file = file
        self._references = references
        self._diagnostics = diagnostics
        self._ids: dict[str, Span] = {}

    def block(self, node: RuleNode, scope: Scope, present: Paths | None) -> Block:
        if node.hides_names:
            scope = scope.excusing({"variables"})
        scope = add_variables(node.variables, scope, present, self._diagnostics)
        items: list[Item] = []
        closed: Span | None = None
        is_told = False
        for item in node.items:
            if closed is not None and not is_told:
                help_ = f"line {closed.line} always holds, and a `match` takes the first item that does"
                self._report("R211", "this item can never be reached", item.span, help_)
                is_told = True
            checked, after = self._item(item, scope, present, in_match=node.is_match)
            if node.is_match:
                present = None if present is None or after is None else present | after.when_false
                closed = closed or (item.span if _always_holds(item) else None)
            if checked is not None:
                items.append(checked)
        return Block(node.is_match, tuple(items))

    def _item(
        self, node: ItemNode, scope: Scope, present: Paths | None, *, in_match: bool
    ) -> tuple[Item | None, Lowered | None]:
        """The item, and what its condition tells about presence (None when the condition is at fault)."""
        each: Each | None = None
        if isinstance(node.outcome, EffectNode):
            if node.outcome.each is not None and in_match:
                help_ = "put it into an `aggregate`: a list may hold several that fulfil the condition"
                self._report("R203", "`for` stands in a `match`", node.outcome.each[0].span, help_)
            each, scope = self._each(node.outcome, scope)
        condition, told = (ALWAYS, None) if "" in scope.excused else self._condition(node, scope, present)
        if isinstance(node.outcome, RuleNode):
            below = _meant(node.condition, scope, present)
            if told is not None and present is not None:
                below = present | told.when_true
            block = self.block(node.outcome, scope, below)
            return (None if told is None else Item(condition, block)), told
        rule = self._rule(node.outcome, scope, each, condition.expr)
        return (None if rule is None or told is None else Item(condition, rule)), told

    def _condition(self, node: ItemNode, scope: Scope, present: Paths | None) -> tuple[Condition, Lowered | None]:
        if node.condition is None:
            return ALWAYS, None if node.is_broken else Lowered(TRUE)
        written = node.condition.value.strip()
        if written == "false":
            self._report("R211", "this item can never hold", node.condition.inside, "remove it")
        lowered, _ = check_expression(node.condition, scope, present, self._diagnostics, expected="bool")
        if lowered is None or written == "true":
            return ALWAYS, lowered
        return Condition(lowered.expr, clauses_of(node.condition, lowered)), lowered

    def _each(self, node: EffectNode, scope: Scope) -> tuple[Each | None, Scope]:
        """The list, and the scope with its element; where the list is at fault, with the name and nothing behind it."""
        names = node.for_names
        if names is None or any(scope.hides(name) for name in names):
            if node.each is not None:
                name = node.each[0]
                self._report("R205", f"`{name.value}` is the name of something else", name.span, "rename it")
            return None, scope.excusing({""})
        if not names:
            return None, scope
        unknown = scope.with_locals(dict.fromkeys(names))
        if node.each is None:
            return None, unknown
        name, where = node.each
        found = self._resolve(where, scope)
        if found is None:
            return None, unknown
        read, path_names = found
        element = read.type.element
        if element is None or element.kind != "record":
            help_ = "name a list such as `customer.beneficial_owners`"
            self._report("R311", f"`{where.value[:80]}` is not a list of records", where.span, help_)
            return None, unknown
        # Rules over one list under one name share their element, so that they can be evaluated in one pass.
        symbol = Element(f"{name.value}#{where.value}", element)
        assert isinstance(read, Read | Root)
        return Each(symbol, read, path_names), scope.with_locals({name.value: symbol})

    def _rule(self, node: EffectNode, scope: Scope, each: Each | None, condition: Expr) -> Rule | None:
        needs = [self._fact(need, scope, each) for need in node.needs]
        at = None if node.at is None else self._fact(node.at, scope, each)
        terms = self._terms(node)
        if node.id.value in self._ids:
            help_ = f"line {self._ids[node.id.value].line} has it already: ids are how findings are cited"
            self._report("R205", f"id `{node.id.value}` is used twice in this file", node.id.span, help_)
        elif node.id.value:
            self._ids[node.id.value] = node.id.span
        self._check_needs(node, scope, each)
        if any(need is None for need in needs) or (node.at is not None and at is None):
            return None
        wanted = tuple(need for need in needs if need is not None)
        return Rule(
            id=f"{self._file.name.value}/{node.id.value}",
            effect=node.effect.value,
            section=f"{self._file.authority.value}/{self._file.section_of(node)}",
            message=" ".join(node.message.value.split()),
            each=each,
            at=at or _points_at(wanted, each, condition),
            needs=wanted,
            terms=terms,
            span=node.id.span if node.id.value else self._file.name.span,
        )

    def _check_needs(self, node: EffectNode, scope: Scope, each: Each | None) -> None:
        # Of what no caller says, such as a measure, the element itself tells what is missing.
        asks_by_itself = each is not None and each.is_derived and _told(each.element.type, scope) is None
        if node.effect.value == "hold" and not node.asks and not asks_by_itself:
            help_ = "add `needs:` with the facts that would answer it, or use `review` or `deny`"
            self._report("R212", "a hold names nothing that could be supplied", node.effect.span, help_)
        if node.effect.value in {"allow", "restrict"} and node.needs:
            help_ = "leave them out: nothing has to be supplied for it to be allowed"
            self._report(
                "R203", f"`needs` say nothing under the effect `{node.effect.value}`", node.needs[0].span, help_
            )

    def _terms(self, node: EffectNode) -> tuple[str, ...]:
        if node.terms is None or self._references.terms is None:
            return ()
        if node.effect.value and node.effect.value != "restrict":
            self._report("R203", "`terms` go with the effect `restrict`", node.terms.span)
            return ()
        found = self._references.terms.get(node.terms.value)
        if found is None:
            help_ = suggest(node.terms.value, self._references.terms.keys(), "lists known")
            message = f"the provider's program has no list `{node.terms.value[:60]}`"
            self._report("R208", message, node.terms.span, help_)
        return found or ()

    def _fact(self, text: Text, scope: Scope, each: Each | None) -> FactPath | None:
        """A path to a fact that a caller can supply; None when it is none or cannot be told."""
        found = self._resolve(text, scope)
        if found is None:
            return None
        expr, names = found
        below = each is not None and names[0] in scope.locals
        type_: Type | None = expr.type
        if names[0] in scope.vocabulary.derived:
            type_ = None
        elif each is not None and each.is_derived and below:
            type_ = _told_part(each.element.type, names[1:], expr.type, scope)
        if type_ is None:
            help_ = "name a fact of the request; findings over what is derived point to theirs by themselves"
            self._report("R311", f"`{text.value[:80]}` is worked out, nobody supplies it", text.span, help_)
            return None
        return FactPath(names[1:] if below else names, type_, below_element=below)

    def _resolve(self, text: Text, scope: Scope) -> tuple[Expr, tuple[str, ...]] | None:
        """A dotted path to the fact it names, with its names as written."""
        head, *rest = text.value.split(".")
        roots = scope.vocabulary.roots
        if head not in scope.locals and head not in roots:
            if "" in scope.excused:
                return None
            known = [*roots, *scope.locals]
            span = text.span_at(0, max(1, len(head)))
            self._report(
                "R311", f"`{text.value[:80]}` is not a path to a fact", span, suggest(head, known, "begin with")
            )
            return None
        local = scope.locals.get(head)
        if head in scope.locals and local is None:
            return None
        expr: Expr = local if local is not None else Root(head, roots[head].type)
        offset = len(head) + 1
        for name in rest:
            fields = scope.vocabulary.records[expr.type.name].fields if expr.type.kind == "record" else {}
            if name not in fields:
                span = text.span_at(offset, max(1, len(name)))
                message = f"unknown field `{name[:60]}` in `{text.value[: max(offset - 1, 0)][-60:]}`"
                help_ = suggest(name, fields.keys(), "fields") if fields else "it has no fields: end the path before it"
                self._report("R311", message, span, help_)
                return None
            expr = Read(expr, name, fields[name].type)
            offset += len(name) + 1
        return expr, (head, *rest)

    def _report(self, code: str, message: str, span: Span, help_: str | None = None) -> None:
        self._diagnostics.append(Diagnostic(code, message, span, help_))


def _told(derived: Type, scope: Scope) -> Type | None:
    """The record that a caller says of an element of a derived list; None when it is derived throughout."""
    _, *above = scope.vocabulary.lineage(derived.name)
    return Type("record", above[0]) if above else None


def _told_part(derived: Type, names: Sequence[str], type_: Type, scope: Scope) -> Type | None:
    """The type of what a caller says at a path below such an element; None when the engine works it out."""
    told = _told(derived, scope)
    if told is None or not names:
        return told
    return type_ if names[0] in scope.vocabulary.records[told.name].fields else None


def _meant(condition: Text | None, scope: Scope, present: Paths | None) -> Paths | None:
    """What a guard that is at fault was meant to establish: reads below it are judged as if it did.

    None, for no judgement at all, when that cannot be told.
    """
    if condition is None or present is None or _CALL.search(condition.value):
        return None
    meant = set(present)
    for where in _HAS.findall(condition.value):
        path_meant = _nearest_path(where.split("."), scope)
        if path_meant is None:
            return None
        meant.add(path_meant)
    for name in _VARIABLE.findall(condition.value):
        known = name if name in scope.variables else nearest(name, scope.variables.keys())
        variable = None if known is None else scope.variables[known]
        if variable is None and known is not None:
            return None
        meant |= set() if variable is None else variable.when_true
    return frozenset(meant)


def _nearest_path(names: Sequence[str], scope: Scope) -> tuple[str, ...] | None:
    """The path to a fact that these names are, or are most likely meant to be."""
    roots = scope.vocabulary.roots
    head = nearest(names[0], roots.keys())
    found: list[str] = []
    type_ = None if head is None else roots[head].type
    for name in names[1:]:
        fields = scope.vocabulary.records[type_.name].fields if type_ is not None and type_.kind == "record" else {}
        field = nearest(name, fields.keys())
        if field is None:
            return None
        found.append(field)
        type_ = fields[field].type
    return None if head is None else (head, *found)


def _always_holds(node: ItemNode) -> bool:
    """Whether nothing after the item can be reached. A nested `match` without a condition lets the rest through."""
    if node.condition is not None and node.condition.value.strip() != "true":
        return False
    return isinstance(node.outcome, EffectNode) or not node.outcome.is_match


def _points_at(needs: Sequence[FactPath], each: Each | None, condition: Expr) -> FactPath:
    """What a finding is about when the rule does not say: what it needs, the element, or the first fact it reads."""
    if needs:
        return needs[0]
    if each is not None:
        return FactPath((), each.element.type, below_element=True)
    return _first_read(condition) or FactPath((), Type("object"))


def _first_read(expr: Expr) -> FactPath | None:
    if isinstance(expr, Literal):
        return None
    where = path(expr)
    if isinstance(expr, Read) and where is not None and "#" not in where[0]:
        return FactPath(where, expr.type)
    for child in children(expr):
        found = _first_read(child)
        if found is not None:
            return found
    return None
