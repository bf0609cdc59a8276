"""YAML to plain CEL Policy documents: every key is known, and every misfit is reported where it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import attrs

from engine.cel_policy.document import CelPolicyError, Choice, Invariant, PolicyDocument, Problem, RuleBlock, Variable
from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import read_document
from engine.language.source import Source, Span, Text
from engine.language.yaml_nodes import Mapping, Node, Sequence, compose
from engine.vocabulary.explain import Shape

_TOP = ("name", "description", "imports", "rule", "verification")
_RULE = ("id", "description", "variables", "match", "aggregate")
_CHOICE = {"match": ("condition", "explanation", "output", "rule"), "aggregate": ("condition", "output", "rule")}
_KUBERNETES = "ValidatingAdmissionPolicy"


def read_policy(source: Source) -> PolicyDocument:
    """The document that a file holds, or CelPolicyError with all that keeps it from being one.

    A `ValidatingAdmissionPolicy` of Kubernetes, whose validations are choices written the other way round, is read
    as the document that it amounts to.
    """
    reading = _Reading(source)
    document = reading.document(read_yaml(source))
    if reading.problems or document is None:
        raise CelPolicyError(reading.problems)
    return document


def read_yaml(source: Source) -> Node:
    """The nodes of a YAML file, or CelPolicyError."""
    diagnostics: list[Diagnostic] = []
    node = compose(source, diagnostics)
    if diagnostics or node is None:
        raise CelPolicyError([Problem(_said(found), found.span) for found in diagnostics])
    return node


def read_shaped(source: Source, shape: Shape) -> dict[str, Any]:
    """The content of a YAML file of that shape, which is a mapping's; CelPolicyError says where it does not fit."""
    diagnostics: list[Diagnostic] = []
    document = read_document(source, read_yaml(source), shape, "R203", diagnostics)
    if document is None:
        raise CelPolicyError([Problem(_said(found), found.span) for found in diagnostics])
    content: dict[str, Any] = document.plain
    return content


def _said(diagnostic: Diagnostic) -> str:
    return diagnostic.message + (f"; {diagnostic.help}" if diagnostic.help else "")


class _Reading:
    def __init__(self, source: Source) -> None:
        self._source = source
        self.problems: list[Problem] = []

    def document(self, node: Node) -> PolicyDocument | None:
        if not isinstance(node, Mapping):
            self._report("a policy is a mapping", node.span)
            return None
        kind = node.get("kind")
        if isinstance(kind, Text) and kind.value == _KUBERNETES:
            return self._kubernetes(node)
        self._known(node, _TOP, "a policy")
        name = self._text(node, "name")
        if name is None:
            self._report("a policy has a `name`", node.span)
        rule = node.get("rule")
        if rule is None:
            self._report("a policy has a `rule`", node.span)
            return None
        block = self._rule(rule)
        if block is None:
            return None
        imports = [self._text(entry, "name") for entry in self._mappings(node, "imports", ("name",))]
        return PolicyDocument(
            name="" if name is None else name.value,
            imports=tuple(text for text in imports if text is not None),
            rule=block,
            invariants=self._invariants(node),
        )

    def _rule(self, node: Node) -> RuleBlock | None:
        if not isinstance(node, Mapping):
            self._report("a rule is a mapping", node.span)
            return None
        self._known(node, _RULE, "a rule")
        kinds = [key for key in ("match", "aggregate") if node.get(key) is not None]
        if len(kinds) != 1:
            self._report("a rule has either a `match` or an `aggregate`", node.span)
            return None
        id_ = self._text(node, "id")
        variables = self._variables(node)
        choices = [self._choice(choice) for choice in self._mappings(node, kinds[0], _CHOICE[kinds[0]])]
        if not choices:
            self._report(f"`{kinds[0]}` has at least one choice", node.span)
        return RuleBlock(
            id="" if id_ is None else id_.value,
            variables=variables,
            is_match=kinds[0] == "match",
            choices=tuple(choice for choice in choices if choice is not None),
            span=node.span,
        )

    def _variables(self, node: Mapping) -> tuple[Variable, ...]:
        found = []
        for entry in self._mappings(node, "variables", ("name", "expression", "description", "display_name")):
            name, expression = self._text(entry, "name"), self._text(entry, "expression")
            if name is None or expression is None:
                self._report("a variable has a `name` and an `expression`", entry.span)
            else:
                found.append(Variable(name, expression))
        return tuple(found)

    def _choice(self, node: Mapping) -> Choice | None:
        output, nested = self._text(node, "output"), node.get("rule")
        if (output is None) == (nested is None):
            self._report("either `output` or `rule` may be set but not both, and one of them must be", node.span)
            return None
        outcome = self._rule(nested) if nested is not None else output
        if outcome is None:
            return None
        return Choice(self._text(node, "condition"), outcome, self._text(node, "explanation"), node.span)

    def _invariants(self, node: Mapping) -> tuple[Invariant, ...]:
        verification = node.get("verification")
        if verification is None:
            return ()
        if not isinstance(verification, Mapping):
            self._report("`verification` is a mapping", verification.span)
            return ()
        self._known(verification, ("invariants",), "`verification`")
        found = []
        for entry in self._mappings(verification, "invariants", ("id", "description", "assume", "assert")):
            id_, asserted = self._text(entry, "id"), self._texts(entry, "assert")
            if id_ is None or not asserted:
                self._report("an invariant has an `id` and what it asserts", entry.span)
            else:
                found.append(Invariant(id_.value, self._texts(entry, "assume"), asserted))
        return tuple(found)

    def _kubernetes(self, node: Mapping) -> PolicyDocument | None:
        """Each validation that does not hold gives its message: the first one counts."""
        name, spec = self._text(node, "name"), node.get("spec")
        if not isinstance(spec, Mapping):
            self._report(f"a {_KUBERNETES} has a `spec`", node.span)
            return None
        choices = []
        for entry in self._mappings(spec, "validations", ("expression", "messageExpression", "message", "reason")):
            expression, output = self._text(entry, "expression"), self._text(entry, "messageExpression")
            if expression is None or output is None:
                self._report("a validation has an `expression` and a `messageExpression`", entry.span)
                continue
            # The places of an expression that is turned round are those of what was typed.
            turned = attrs.evolve(expression, value=f"!({expression.value}\n)")
            choices.append(Choice(turned, output, None, entry.span))
        block = RuleBlock("", self._variables(spec), is_match=True, choices=tuple(choices), span=spec.span)
        return PolicyDocument("" if name is None else name.value, (), block)

    # -- fields

    def _known(self, node: Mapping, known: Collection[str], what: str) -> None:
        for key, _ in node.entries:
            if key.value not in known:
                help_ = suggest(key.value, known)
                self._report(f"unknown key `{key.value[:60]}` in {what}" + (f"; {help_}" if help_ else ""), key.span)

    def _text(self, node: Mapping, key: str) -> Text | None:
        value = node.get(key)
        if value is None or isinstance(value, Text):
            return value
        self._report(f"`{key}` is a text", value.span)
        return None

    def _texts(self, node: Mapping, key: str) -> tuple[Text, ...]:
        value = node.get(key)
        items = value.items if isinstance(value, Sequence) else ()
        if value is not None and (not items or not all(isinstance(item, Text) for item in items)):
            self._report(f"`{key}` is a list of texts", value.span)
        return tuple(item for item in items if isinstance(item, Text))

    def _mappings(self, node: Mapping, key: str, known: Collection[str]) -> Iterator[Mapping]:
        value = node.get(key)
        if value is None:
            return
        if not isinstance(value, Sequence):
            self._report(f"`{key}` is a list", value.span)
            return
        for item in value.items:
            if isinstance(item, Mapping):
                self._known(item, known, f"an entry of `{key}`")
                yield item
            else:
                self._report(f"an entry of `{key}` is a mapping", item.span)

    def _report(self, message: str, span: Span) -> None:
        self.problems.append(Problem(message, span))
