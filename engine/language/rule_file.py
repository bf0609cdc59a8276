"""What a rule file says, as read: names not yet resolved, expressions not yet checked."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from engine.language.source import Source, Span, Text

EFFECTS = ("allow", "restrict", "hold", "review", "deny")
"""Effects from the mildest to the most severe; `allow` is a note that stands against nothing."""


@attrs.frozen
class VariableNode:
    """A named expression; None when what was written is no expression."""

    name: Text
    expression: Text | None


@attrs.frozen
class FunctionNode:
    """A named expression over typed parameters; empty and None when they are at fault."""

    name: Text
    parameters: tuple[tuple[Text, Text], ...]
    expression: Text | None


@attrs.frozen
class EffectNode:
    """What an item does when its condition holds.

    `for_names` are the names that `for` introduces, even when `each` is None because it is at fault; None when they
    cannot be told. `asks` tells whether `needs` was written, even when nothing came of it.
    """

    id: Text
    effect: Text
    message: Text
    section: Text | None
    each: tuple[Text, Text] | None
    for_names: tuple[str, ...] | None
    needs: tuple[Text, ...]
    asks: bool
    at: Text | None
    terms: Text | None


@attrs.frozen
class ItemNode:
    """One choice of a `match` or `aggregate`: a nested rule or an effect, under an optional condition.

    `is_broken` tells that there is a condition but nothing of it can be used.
    """

    condition: Text | None
    is_broken: bool
    outcome: RuleNode | EffectNode
    span: Span


@attrs.frozen
class RuleNode:
    """A block of choices: the first that holds (`match`), or all that hold (`aggregate`).

    `hides_names` tells that variables are missing from `variables` because of how they were written.
    """

    is_match: bool
    variables: tuple[VariableNode, ...]
    hides_names: bool
    items: tuple[ItemNode, ...]


@attrs.frozen
class RuleFile:
    """One rule set. `effective_until` is empty when it has no end; both days are inclusive."""

    source: Source
    name: Text
    description: str
    authority: Text
    section: Text
    effective_from: str
    effective_until: str
    actions: tuple[str, ...]
    uses: tuple[Text, ...]
    rule: RuleNode

    @property
    def effects(self) -> Iterator[EffectNode]:
        """Every finding of the file, in the order written."""
        return _effects(self.rule)

    def section_of(self, node: EffectNode) -> str:
        """The section a finding cites: its own, which may only add to that of the file."""
        own = "" if node.section is None else node.section.value
        return self.section.value + own if own.startswith("(") or not own else own


def _effects(rule: RuleNode) -> Iterator[EffectNode]:
    for item in rule.items:
        if isinstance(item.outcome, EffectNode):
            yield item.outcome
        else:
            yield from _effects(item.outcome)


@attrs.frozen
class DefinitionsFile:
    """Shared variables and functions. `name` is None when it is at fault; `hides_names` as in a rule."""

    source: Source
    name: Text | None
    uses: tuple[Text, ...]
    variables: tuple[VariableNode, ...]
    functions: tuple[FunctionNode, ...]
    hides_names: bool
