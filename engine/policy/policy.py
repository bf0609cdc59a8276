"""A loaded policy: the program, the orders, and the identity of everything that can change a decision."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import rfc8785

from engine.language.diagnostic import Diagnostic
from engine.language.rendering import render_text
from engine.law.paragraphs import Law
from engine.measures.attributes import attributes_of
from engine.measures.order import Order
from engine.measures.places import Places
from engine.program.rule_set import RuleSet
from engine.program.scope import World
from engine.vocabulary import Vocabulary


class PolicyError(ValueError):
    """The files do not make a policy. `diagnostics` say why; `texts` maps each file shown in them to its text."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], texts: Mapping[str, str]) -> None:
        super().__init__(render_text(diagnostics, texts))
        self.diagnostics = diagnostics
        self.texts = texts


@attrs.frozen
class RuleSetSummary:
    """A rule set for those who want to know what is loaded; `rules` are the ids of its rules."""

    name: str
    description: str
    source: str
    section: str
    effective_from: str
    effective_until: str | None
    actions: tuple[str, ...]
    file: str
    rules: tuple[str, ...]


@attrs.frozen
class OrderSummary:
    """A special measure and its clocks, days as ISO text.

    `attributes` are what is recorded of the jurisdiction it targets, `unknown` where nothing is.
    """

    id: str
    kind: str
    target: Mapping[str, str]
    issued_on: str
    binding_on: str
    lapses_after: str
    attributes: Mapping[str, str]
    file: str


@attrs.frozen(eq=False, slots=False)
class Policy:
    """What decides.

    `identity` is everything that can change a decision, `document` its canonical form, which `digest` names. `files`
    are the texts of every file read, below `rules/` and `jurisdictions/`: `load_files` makes the same policy of them
    again, overrides aside. `warnings` are mistakes that keep nothing from working. `world` is what the expressions of
    further orders may mention. `law` is the text of the law for those who ask what answers it; it decides nothing.
    """

    program: tuple[RuleSet, ...]
    orders: tuple[Order, ...]
    places: Places
    vocabulary: Vocabulary
    statuses: Mapping[str, str]
    world: World
    law: Law
    identity: Mapping[str, Any]
    files: Mapping[str, str]
    warnings: tuple[Diagnostic, ...] = ()

    @cached_property
    def document(self) -> bytes:
        """The RFC 8785 canonical form of `identity`."""
        return rfc8785.dumps(dict(self.identity))

    @cached_property
    def digest(self) -> str:
        """The identity of the policy: `sha256:` and the hash of `document`."""
        return "sha256:" + hashlib.sha256(self.document).hexdigest()

    @property
    def legal_status(self) -> str:
        """The status of the sources in use: one word, or several joined by commas when they differ."""
        used = {self.statuses[rule_set.source] for rule_set in self.program if rule_set.source in self.statuses}
        return ", ".join(sorted(used or set(self.statuses.values())))

    def reading(self, switch: str, default: str) -> str:
        """The chosen option of an interpretation switch; the default where no such switch is declared."""
        return self.world.reading(switch, default)

    @property
    def readings(self) -> dict[str, str]:
        """The chosen option of every interpretation switch, by its name."""
        prefix = "interpretation."
        return {
            name.removeprefix(prefix): self.reading(name.removeprefix(prefix), "")
            for name in sorted(self.world.constants)
            if name.startswith(prefix)
        }

    @property
    def rule_sets(self) -> tuple[RuleSetSummary, ...]:
        """The rule sets, summarised."""
        return tuple(
            RuleSetSummary(
                name=rule_set.name,
                description=rule_set.description,
                source=rule_set.source,
                section=rule_set.section,
                effective_from=rule_set.effective_from,
                effective_until=rule_set.effective_until or None,
                actions=rule_set.actions,
                file=rule_set.file,
                rules=tuple(rule.id for rule in rule_set.rules),
            )
            for rule_set in self.program
        )

    @property
    def order_summaries(self) -> tuple[OrderSummary, ...]:
        """The orders, summarised."""
        return tuple(
            OrderSummary(
                id=order.id,
                kind=order.kind,
                target={order.target_kind: order.target},
                issued_on=order.issued_on,
                binding_on=order.binding_on,
                lapses_after=order.last_day,
                attributes=attributes_of(order.target, self.world.attributes)
                if order.target_kind == "jurisdiction"
                else {},
                file=order.file,
            )
            for order in self.orders
        )
