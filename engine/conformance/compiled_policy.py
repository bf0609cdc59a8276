"""A plain document as a rule set of ours: each output becomes a rule, and the compiled evaluator says which apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.cel_policy.configuration import Configuration
from engine.cel_policy.document import PolicyDocument, RuleBlock
from engine.cel_policy.evaluate import NOTHING
from engine.conformance.language_subset import (
    DAY,
    Declared,
    NotInLanguageError,
    compile_plain,
    declare,
    evaluate_plain,
    require,
    split,
)
from engine.evaluators.compiled import Compiled
from engine.language.source import Text
from engine.program.check import ALWAYS
from engine.program.expressions import TRUE
from engine.program.rule_set import Block, Clause, Condition, FactPath, Item, Rule, RuleSet
from engine.program.scope import Lowered, Scope
from engine.vocabulary.model import Type

_ACTION: Final = "evaluate"


class CompiledPolicy:
    """A document that stays within our language; making one raises NotInLanguageError for any other."""

    def __init__(self, document: PolicyDocument, configuration: Configuration) -> None:
        declared = declare({name: str(type_) for name, type_ in configuration.variables.items()})
        if document.rule.is_match and any(not block.is_match for block in _blocks(document.rule)):
            # No finding of ours tells whether nothing was chosen, or an aggregate to which nothing applied.
            raise NotInLanguageError("an aggregate in a match")
        self._variables = declared.variables
        building = _Building(declared)
        self._is_list = not document.rule.is_match
        self._rule_set = RuleSet(
            name=document.name,
            description="",
            source="",
            section="",
            effective_from=DAY,
            effective_until=DAY,
            actions=(_ACTION,),
            file="",
            block=building.block(document.rule, declared.scope),
        )
        self._outputs = building.outputs
        self._evaluator = Compiled([self._rule_set])

    def evaluate(self, inputs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the document says
        """What `evaluate_policy` makes of the same document. Raises UnfitValueError for inputs that do not fit."""
        for variable in self._variables:
            require(variable, inputs)
        facts, lists = split(inputs)
        findings = self._evaluator.findings(_ACTION, DAY, facts, lists) or []
        values = [evaluate_plain(self._outputs[finding.rule.id], inputs) for finding in findings]
        return values if self._is_list else values[0] if values else NOTHING


class _Building:
    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self.outputs: dict[str, Lowered] = {}

    def block(self, block: RuleBlock, scope: Scope) -> Block:
        for variable in block.variables:
            lowered, type_ = self._expression(variable.expression, scope)
            scope = scope.with_variable(variable.name.value, lowered, type_)
        items = []
        for choice in block.choices:
            condition = ALWAYS if choice.condition is None else self._condition(choice.condition, scope)
            if isinstance(choice.outcome, RuleBlock):
                items.append(Item(condition, self.block(choice.outcome, scope)))
            else:
                items.append(Item(condition, self._rule(choice.outcome, scope)))
        return Block(block.is_match, tuple(items))

    def _condition(self, text: Text, scope: Scope) -> Condition:
        lowered, _ = self._expression(text, scope)
        if lowered.expr == TRUE:
            return ALWAYS
        return Condition(lowered.expr, (Clause(text, 0, len(text.value), lowered.expr),))

    def _rule(self, output: Text, scope: Scope) -> Rule:
        id_ = str(len(self.outputs))
        self.outputs[id_], _ = self._expression(output, scope)
        return Rule(
            id=id_,
            effect="allow",
            section="",
            message="",
            each=None,
            at=FactPath((), Type("object")),
            needs=(),
            terms=(),
            span=output.span,
        )

    def _expression(self, text: Text, scope: Scope) -> tuple[Lowered, str]:
        self._declared.refuse_foreign(text.value)
        return compile_plain(text.value, scope)


def _blocks(block: RuleBlock) -> Iterator[RuleBlock]:
    yield block
    for choice in block.choices:
        if isinstance(choice.outcome, RuleBlock):
            yield from _blocks(choice.outcome)
