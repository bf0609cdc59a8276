"""Documents to checked policies: names, types, agreement of outputs, reachability (README of cel-policy).

Messages are those that the conformance suite of CEL Policy asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from engine.cel_policy.cel_types import BOOL, DYN, STRING, CelType, list_of
from engine.cel_policy.checked import CheckedChoice, CheckedPolicy, CheckedRule, CheckedVariable, Expression
from engine.cel_policy.compiling import compile_expression
from engine.cel_policy.configuration import Configuration
from engine.cel_policy.document import CelPolicyError, PolicyDocument, Problem, RuleBlock
from engine.language.source import Span, Text

_QUALIFIED: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")
_RESULT: Final = "rule.result"

Scope = Mapping[str, CheckedVariable]
"""The variables that may be mentioned at one place, by name."""


def check_policy(document: PolicyDocument, configuration: Configuration) -> CheckedPolicy:
    """The checked policy, or CelPolicyError with every mistake. Imports are those of the document."""
    checking = _Checking(configuration)
    imports = tuple(checking.imports(document.imports))
    checking.configuration = Configuration(configuration.content, configuration.meanings, imports)
    rule = checking.rule(document.rule, {}, in_aggregate=False)
    for invariant in document.invariants:
        for text in (*invariant.assumed, *invariant.asserted):
            checking.about_result(text, rule)
    if checking.problems:
        raise CelPolicyError(checking.problems)
    return CheckedPolicy(document.name, rule, checking.configuration)


class _Checking:
    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.problems: list[Problem] = []

    def imports(self, texts: tuple[Text, ...]) -> Iterator[str]:
        for text in texts:
            name = text.value.strip()
            if _QUALIFIED.match(name):
                yield name
            else:
                message = f"invalid qualified name: {name}, wanted name of the form 'qualified.name'"
                self._report(message, text.span)

    def rule(self, block: RuleBlock, scope: Scope, *, in_aggregate: bool) -> CheckedRule:
        if in_aggregate and not block.is_match:
            self._report("nested aggregate rules are not allowed", block.span)
        scope = self._variables(block, scope)
        choices: list[CheckedChoice] = []
        types: list[tuple[CelType, Span]] = []
        for choice in block.choices:
            condition = None if choice.condition is None else self._condition(choice.condition, scope)
            if condition is not None and condition.constant is False and not block.is_match:
                self._report("condition is always false", condition.text.inside)
            if choice.explanation is not None:
                self._typed(choice.explanation, scope, STRING, "explanation must produce a string output")
            outcome: Expression | CheckedRule | None
            if isinstance(choice.outcome, RuleBlock):
                outcome = self.rule(choice.outcome, scope, in_aggregate=in_aggregate or not block.is_match)
            else:
                outcome = self._expression(choice.outcome, scope)
            if outcome is not None:
                types.append((outcome.type, choice.span))
                holds = condition is None and choice.condition is None
                is_certain = holds or (condition is not None and condition.constant is True)
                choices.append(CheckedChoice(None if is_certain else condition, outcome, choice.span))
        result = self._agreed(types)
        if block.is_match:
            self._reachable(choices)
        return CheckedRule(block.is_match, tuple(choices), result if block.is_match else list_of(result))

    def about_result(self, text: Text, rule: CheckedRule) -> None:
        """An expression of an invariant: a truth value that may speak of the policy's result."""
        type_ = CelType("optional_type", (rule.type,)) if rule.is_optional else rule.type
        try:
            made = compile_expression(text, self.configuration, {}, {_RESULT: type_})
        except CelPolicyError as error:
            self.problems.extend(error.problems)
            return
        if made.type != BOOL:
            self._report(f"an invariant must produce a boolean output, got: {made.type}", text.inside)

    def _variables(self, block: RuleBlock, scope: Scope) -> Scope:
        own: dict[str, CheckedVariable] = {}
        for variable in block.variables:
            name = variable.name.value
            expression = self._expression(variable.expression, {**scope, **own})
            if name in own:
                message = f"invalid variable declaration: overlapping identifier for name 'variables.{name}'"
                self._report(message, variable.name.span)
            else:
                # One that is at fault fits anywhere, so that its mistake is reported once.
                own[name] = CheckedVariable(name, expression, DYN if expression is None else expression.type)
        return {**scope, **own}

    def _condition(self, text: Text, scope: Scope) -> Expression | None:
        return self._typed(text, scope, BOOL, "condition must produce a boolean output")

    def _typed(self, text: Text, scope: Scope, wanted: CelType, otherwise: str) -> Expression | None:
        made = self._expression(text, scope)
        if made is not None and made.type != wanted:
            self._report(f"{otherwise}, got: {made.type}", text.inside)
            return None
        return made

    def _expression(self, text: Text, scope: Scope) -> Expression | None:
        try:
            return compile_expression(text, self.configuration, scope)
        except CelPolicyError as error:
            self.problems.extend(error.problems)
            return None

    def _agreed(self, types: list[tuple[CelType, Span]]) -> CelType:
        """The type of all outcomes; each is held against the one before it."""
        for (before, _), (type_, span) in pairwise(types):
            if not type_.agrees_with(before):
                message = (
                    f"incompatible output types: block has output type {type_}, but previous outputs have type {before}"
                )
                self._report(message, span)
        return types[0][0] if types else DYN

    def _reachable(self, choices: list[CheckedChoice]) -> None:
        """Nothing stands after a choice that is taken whatever the input is."""
        for choice in choices[:-1]:
            if choice.is_exhaustive:
                what = "rule" if isinstance(choice.outcome, CheckedRule) else "match"
                self._report(f"{what} creates unreachable outputs", choice.span)

    def _report(self, message: str, span: Span) -> None:
        self.problems.append(Problem(message, span))
