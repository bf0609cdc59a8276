"""Rule sets as plain CEL Policy: one document each, which says which findings it makes, and what it cannot say.

A document comes to `optional.none()` when the rule set is not the law for the action on that day, else to a list with
one entry for each rule that applies: the list of its findings, `{rule, effect, section, message, at}`, one for each
element where the rule is about a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs
import yaml

from engine.cel_policy.plain_text import INDEX, PlainText, presence, text_literal
from engine.program.expressions import FALSE, TRUE, Read
from engine.program.finding import pointer
from engine.program.rule_set import Block, Item, Rule, RuleSet
from engine.vocabulary import Vocabulary

AT: Final = "at"
"""The key under which an element of a derived list says which facts of the request it stands for."""
_NOTHING: Final = "[]"
_NEVER: Final = "action == ''"
_Choice = dict[str, Any]


@attrs.frozen
class ExportedPolicy:
    """A document as text, and what of the rule set it leaves unsaid, a clause each."""

    name: str
    text: str
    unsaid: tuple[str, ...]


def export_rule_set(rule_set: RuleSet, vocabulary: Vocabulary) -> ExportedPolicy:
    """The rule set as a plain document over the variables of `configuration_of`."""
    cel = PlainText()
    writing = _Writing(cel)
    content = writing.block(rule_set.block, in_aggregate=False) or {"match": [{"output": _NOTHING}]}
    unsaid = tuple(_unsaid(rule_set, cel, vocabulary))
    document = {
        "name": rule_set.name,
        "description": rule_set.description,
        "rule": {
            **(
                {"variables": [{"name": name, "expression": value} for name, value in cel.variables.items()]}
                if cel.variables
                else {}
            ),
            "match": [{"condition": _applies(rule_set), "rule": content}],
        },
    }
    days = f"from {rule_set.effective_from}" + (f" to {rule_set.effective_until}" if rule_set.effective_until else "")
    head = [f"{rule_set.source}/{rule_set.section}, {days}", *(f"Not said here: {clause}." for clause in unsaid)]
    comments = "".join(f"# {line}\n" for line in head)
    return ExportedPolicy(rule_set.name, comments + as_yaml(document), unsaid)


def configuration_of(vocabulary: Vocabulary) -> dict[str, Any]:
    """The variables that exported documents mention, in the form of cel-policy's `config.yaml`."""
    record = {"type_name": "map", "params": [{"type_name": "string"}, {"type_name": "dyn"}]}
    return {
        "name": "ostiary",
        "extensions": [{"name": "two-var-comprehensions"}],
        "variables": [
            {"name": "action", "type_name": "string"},
            {"name": "as_of", "type_name": "string"},
            *({"name": name, **record} for name in vocabulary.facts),
            *({"name": name, "type_name": "list", "params": [record]} for name in vocabulary.derived),
        ],
    }


def as_yaml(content: Any) -> str:  # noqa: ANN401 - plain data
    """Plain data as YAML, each value written out."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - PyYAML's signature
        return True

    def text(self, value: str) -> yaml.ScalarNode:
        """A text; expressions without the quotes that would double their own."""
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=">" if "'" in value else None)


_Dumper.add_representer(str, _Dumper.text)


@attrs.frozen
class _Writing:
    cel: PlainText

    def block(self, block: Block, *, in_aggregate: bool) -> _Choice | None:
        """The rule, None when it can say nothing under the switches as they are set."""
        return self._match(block, in_aggregate=in_aggregate) if block.is_match else self._aggregate(block)

    def _match(self, block: Block, *, in_aggregate: bool) -> _Choice | None:
        taken: list[tuple[Item, _Choice | None]] = []
        for item in block.choices:
            if item.condition.expr != FALSE:
                taken.append((item, self._outcome(item, in_aggregate=in_aggregate)))
            if item.condition.expr == TRUE:
                break
        while taken and taken[-1][1] is None:
            taken.pop()
        if not taken:
            return None
        # A choice that is taken and says nothing keeps the later ones from being taken. An aggregate around it would
        # have an empty list as an entry, and leaves out what comes to nothing.
        never = {"rule": {"match": [{"condition": _NEVER, "output": _NOTHING}]}}
        silent = never if in_aggregate else {"output": _NOTHING}
        choices = [self._under(item, outcome or silent) for item, outcome in taken]
        if not in_aggregate and taken[-1][0].condition.expr != TRUE:
            choices.append({"output": _NOTHING})
        return {"match": choices}

    def _aggregate(self, block: Block) -> _Choice | None:
        choices = []
        for item in block.items:
            if item.condition.expr == FALSE:
                continue
            if isinstance(item.outcome, Rule) and item.outcome.each is not None:
                choices.append(self._each(item, item.outcome))
            elif (outcome := self._outcome(item, in_aggregate=True)) is not None:
                choices.append(self._under(item, outcome))
        return {"aggregate": choices} if choices else None

    def _outcome(self, item: Item, *, in_aggregate: bool) -> _Choice | None:
        if isinstance(item.outcome, Block):
            rule = self.block(item.outcome, in_aggregate=in_aggregate)
            return None if rule is None else {"rule": rule}
        found = f"[{_finding(item.outcome, text_literal(pointer(item.outcome.at)))}]"
        return {"output": found if in_aggregate else f"[{found}]"}

    def _under(self, item: Item, outcome: _Choice) -> _Choice:
        if item.condition.expr == TRUE:
            return outcome
        return {"condition": self.cel.condition(item.condition.expr), **outcome}

    def _each(self, item: Item, rule: Rule) -> _Choice:
        """A rule about the elements of a list: it applies when one of them fulfils its condition."""
        each = rule.each
        assert each is not None
        over = self.cel.text(each.over)
        guards = presence(self.cel, each.over) if isinstance(each.over, Read) else []
        name = self.cel.enter(each.element)
        holds = None if item.condition.expr == TRUE else self.cel.condition(item.condition.expr)
        self.cel.leave(each.element)
        finding = _finding(rule, _element_pointer(rule, name))
        only = "" if holds is None else f"{holds}, "
        some = f"size({over}) > 0" if holds is None else f"{over}.exists({name}, {holds})"
        if each.is_derived:
            output = f"{over}.map({name}, {only}{finding})"
        else:
            output = f"{over}.transformList({INDEX}, {name}, {only}{finding})"
        return {"condition": " && ".join([*guards, some]), "output": output}


def _element_pointer(rule: Rule, name: str) -> str:
    each, tail = rule.each, pointer(rule.at)
    assert each is not None
    if not rule.at.below_element:
        return text_literal(tail)
    end = f" + {text_literal(tail)}" if tail else ""
    if each.is_derived:
        return f"string({name}.{AT}){end}"
    return f"{text_literal('/' + '/'.join(each.names) + '/')} + string({INDEX}){end}"


def _finding(rule: Rule, at: str) -> str:
    said = {"rule": rule.id, "effect": rule.effect, "section": rule.section, "message": rule.message}
    fields = [f"'{key}': {text_literal(value)}" for key, value in said.items()]
    return "{" + ", ".join([*fields, f"'{AT}': {at}"]) + "}"


def _applies(rule_set: RuleSet) -> str:
    actions = ", ".join(text_literal(action) for action in rule_set.actions)
    until = f" && as_of <= {text_literal(rule_set.effective_until)}" if rule_set.effective_until else ""
    return f"action in [{actions}] && as_of >= {text_literal(rule_set.effective_from)}{until}"


def _unsaid(rule_set: RuleSet, cel: PlainText, vocabulary: Vocabulary) -> Iterator[str]:
    rules = list(rule_set.rules)
    needs = sum(1 for rule in rules if rule.needs)
    terms = sum(1 for rule in rules if rule.terms)
    if needs:
        yield f"the facts that would answer {needs} of its {len(rules)} rules (`needs`)"
    if terms:
        yield f"what the restrictions of {terms} of its {len(rules)} rules consist of (`terms`)"
    if lists := sorted(cel.roots & vocabulary.derived.keys()):
        named = ", ".join(f"`{name}`" for name in lists)
        yield f"how {named} {'is' if len(lists) == 1 else 'are'} worked out, which comes before the rules are read"
