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

    `sources` is None when they could not be read: then what refers to them is not at fault.
    """

    sources: Collection[str] | None
    terms: Mapping[str, tuple[str, ...]]


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
        scope = add_variables(node.variables, scope, present, self._diagnostics)
        items: list[Item] = []
        closed: Span | None = None
        for item in node.items:
            if closed is not None:
                help_ = f"line {closed.line} always holds, and a `match` takes the first item that does"
                self._report("R211", "this item can never be reached", item.span, help_)
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
        condition, told = ALWAYS, Lowered(TRUE)
        if node.condition is not None:
            if node.condition.value.strip() == "false":
                self._report("R211", "this item can never hold", node.condition.span, "remove it")
            lowered, _ = check_expression(node.condition, scope, present, self._diagnostics, expected="bool")
            if lowered is None:
                if isinstance(node.outcome, RuleNode):
                    self.block(node.outcome, scope, _meant(node.condition, scope, present))
                else:
                    self._rule(node.outcome, scope, each, TRUE)
                return None, None
            told = lowered
            if node.condition.value.strip() != "true":
                condition = Condition(lowered.expr, clauses_of(node.condition, lowered))
        if isinstance(node.outcome, RuleNode):
            below = None if present is None else present | told.when_true
            return Item(condition, self.block(node.outcome, scope, below)), told
        rule = self._rule(node.outcome, scope, each, condition.expr)
        return (None if rule is None else Item(condition, rule)), told

    def _each(self, node: EffectNode, scope: Scope) -> tuple[Each | None, Scope]:
        if node.each is None:
            return None, scope
        name, where = node.each
        if name.value in scope.vocabulary.roots or name.value in {"as_of", "action", "variables"}:
            self._report("R205", f"`{name.value}` is the name of something else", name.span, "rename it")
            return None, scope
        found = self._resolve(where, scope)
        if found is None:
            return None, scope
        read, names = found
        element = read.type.element
        if element is None or element.kind != "record":
            help_ = "name a list such as `customer.beneficial_owners`"
            self._report("R311", f"`{where.value}` is not a list of records", where.span, help_)
            return None, scope
        # Rules over one list under one name share their element, so that they can be evaluated in one pass.
        symbol = Element(f"{name.value}#{where.value}", element)
        assert isinstance(read, Read | Root)
        return Each(symbol, read, names), scope.with_locals({name.value: symbol})  # type: ignore[arg-type]  # Root: derived

    def _rule(self, node: EffectNode, scope: Scope, each: Each | None, condition: Expr) -> Rule | None:
        needs = [self._fact(need, scope, each) for need in node.needs]
        at = None if node.at is None else self._fact(node.at, scope, each)
        terms = self._terms(node)
        if node.id.value in self._ids:
            help_ = f"line {self._ids[node.id.value].line} has it already: ids are how findings are cited"
            self._report("R205", f"id `{node.id.value}` is used twice in this file", node.id.span, help_)
        elif node.id.value:
            self._ids[node.id.value] = node.id.span
        about_measures = each is not None and each.names == ("measures",)
        if node.effect.value == "hold" and not node.needs and not about_measures:
            help_ = "add `needs:` with the facts that would answer it, or use `review` or `deny`"
            self._report("R212", "a hold names nothing that could be supplied", node.effect.span, help_)
        if any(need is None for need in needs) or (node.at is not None and at is None):
            return None
        wanted = tuple(need for need in needs if need is not None)
        return Rule(
            id=f"{self._file.name.value}/{node.id.value}",
            effect=node.effect.value,
            section=self._section(node),
            message=" ".join(node.message.value.split()),
            each=each,
            at=at or _points_at(wanted, each, condition),
            needs=wanted,
            terms=terms,
            span=node.id.span if node.id.value else self._file.name.span,
        )

    def _section(self, node: EffectNode) -> str:
        base, own = self._file.section.value, "" if node.section is None else node.section.value
        if node.section is not None and own.startswith("(") and base.startswith("("):
            self._report("R207", "neither this section nor the rule set's is complete", node.section.span)
        return f"{self._file.authority.value}/{base + own if own.startswith('(') or not own else own}"

    def _terms(self, node: EffectNode) -> tuple[str, ...]:
        if node.terms is None:
            return ()
        if node.effect.value and node.effect.value != "restrict":
            self._report("R203", "`terms` go with the effect `restrict`", node.terms.span)
        found = self._references.terms.get(node.terms.value)
        if found is None:
            help_ = suggest(node.terms.value, self._references.terms.keys(), "lists known")
            message = f"the provider's program has no list `{node.terms.value[:60]}`"
            self._report("R208", message, node.terms.span, help_)
        return found or ()

    def _fact(self, text: Text, scope: Scope, each: Each | None) -> FactPath | None:
        found = self._resolve(text, scope)
        if found is None:
            return None
        read, names = found
        below = each is not None and (path(read) or ("",))[0] == each.element.key
        if below and each is not None and each.names == ("measures",):
            self._report(
                "R311", f"`{text.value[:80]}` is no fact a caller can supply", text.span, "name a fact of the case"
            )
            return None
        return FactPath(names[1:] if below else names, read.type, below_element=below)

    def _resolve(self, text: Text, scope: Scope) -> tuple[Expr, tuple[str, ...]] | None:
        """A dotted path to the fact it names."""
        head, *rest = text.value.split(".")
        local = scope.locals.get(head)
        roots = scope.vocabulary.roots
        if local is None and head not in roots:
            known = [*roots, *scope.locals]
            span = text.span_at(0, max(1, len(head)))
            self._report(
                "R311", f"`{text.value[:80]}` is not a path to a fact", span, suggest(head, known, "begin with")
            )
            return None
        expr: Expr = local if local is not None else Root(head, roots[head].type)
        offset = len(head) + 1
        for name in rest:
            fields = scope.vocabulary.records[expr.type.name].fields if expr.type.kind == "record" else {}
            if name not in fields:
                span = text.span_at(offset, max(1, len(name)))
                message = f"unknown field `{name[:60]}` in `{text.value[: max(offset - 1, 0)]}`"
                help_ = suggest(name, fields.keys(), "fields") if fields else "it has no fields: end the path before it"
                self._report("R311", message, span, help_)
                return None
            expr = Read(expr, name, fields[name].type)
            offset += len(name) + 1
        return expr, (head, *rest)

    def _report(self, code: str, message: str, span: Span, help_: str | None = None) -> None:
        self._diagnostics.append(Diagnostic(code, message, span, help_))


def _meant(condition: Text, scope: Scope, present: Paths | None) -> Paths | None:
    """What a guard that is at fault was meant to establish: reads below it are judged as if it did.

    None, for no judgement at all, when that cannot be told.
    """
    if present is None or _CALL.search(condition.value):
        return None
    meant = set(present) | {tuple(where.split(".")) for where in _HAS.findall(condition.value)}
    for name in _VARIABLE.findall(condition.value):
        known = name if name in scope.variables else nearest(name, scope.variables.keys())
        variable = None if known is None else scope.variables[known]
        if variable is None and known is not None:
            return None
        meant |= set() if variable is None else variable.when_true
    return frozenset(meant)


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
