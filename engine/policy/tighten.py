"""`tighten.yaml` of an overlay: rules below it are given a stricter effect, and nothing else about them changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import Document
from engine.language.rule_file import EFFECTS
from engine.policy.files import layer_of
from engine.program.rule_set import Block, Item, Rule, RuleSet


def tighten(
    rule_sets: Sequence[RuleSet], layer: int, document: Document, diagnostics: list[Diagnostic]
) -> tuple[RuleSet, ...]:
    """The rule sets with the effects that the overlay of this layer asks for, where they are no milder."""
    below = {
        rule.id: rule for rule_set in rule_sets if (layer_of(rule_set.file) or 0) < layer for rule in rule_set.rules
    }
    changed: dict[str, Rule] = {}
    for name, asked in document.plain.items():
        effect, message = (asked, None) if isinstance(asked, str) else (asked["effect"], asked.get("message"))
        if name not in below:
            told = f"there is no rule `{name[:80]}` below this overlay"
            help_ = suggest(name, below.keys(), "rules known")
            diagnostics.append(Diagnostic("R208", told, document.span(name, key=True), help_))
            continue
        rule = below[name]
        fault = _fault(rule, effect)
        if fault is None:
            changed[name] = attrs.evolve(rule, effect=effect, message=" ".join((message or rule.message).split()))
            continue
        span = document.span(name) if isinstance(asked, str) else document.span(name, "effect")
        diagnostics.append(Diagnostic(*fault[:2], span, fault[2]))
    return tuple(attrs.evolve(rule_set, block=_with(rule_set.block, changed)) for rule_set in rule_sets)


def _fault(rule: Rule, effect: str) -> tuple[str, str, str] | None:
    """Code, message and help when the rule cannot have the effect."""
    if EFFECTS.index(effect) < EFFECTS.index(rule.effect):
        listed = ", ".join(f"`{word}`" for word in EFFECTS)
        told = f"`{effect}` would be milder than `{rule.effect}`, the effect of `{rule.id}`"
        return "R603", told, f"an overlay only tightens: from mild to strict the effects are {listed}"
    if effect == "hold" and rule.effect != "hold" and not rule.needs:
        told = f"`{rule.id}` names nothing that could be supplied, so a hold would never end"
        return "R604", told, "give it `review` or `deny`"
    return None


def _with(block: Block, changed: Mapping[str, Rule]) -> Block:
    """The block with these rules in the place of those of the same id."""
    if not changed:
        return block
    return Block(block.is_match, tuple(_item(item, changed) for item in block.items))


def _item(item: Item, changed: Mapping[str, Rule]) -> Item:
    outcome: Any = item.outcome
    new = changed.get(outcome.id, outcome) if isinstance(outcome, Rule) else _with(outcome, changed)
    return attrs.evolve(item, outcome=new)
