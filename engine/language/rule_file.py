"""What a rule file says, as read: names not yet resolved, expressions not yet checked."""

from __future__ import annotations

import attrs

from engine.language.source import Source, Span, Text

EFFECTS = ("allow", "restrict", "hold", "review", "deny")
"""Effects from the mildest to the most severe; `allow` is a note that stands against nothing."""


@attrs.frozen
class VariableNode:
    """A named expression."""

    name: Text
    expression: Text


@attrs.frozen
class FunctionNode:
    """A named expression over typed parameters."""

    name: Text
    parameters: tuple[tuple[Text, Text], ...]
    expression: Text


@attrs.frozen
class EffectNode:
    """What an item does when its condition holds."""

    id: Text
    effect: Text
    message: Text
    section: Text | None
    each: tuple[Text, Text] | None
    needs: tuple[Text, ...]
    at: Text | None
    terms: Text | None


@attrs.frozen
class ItemNode:
    """One choice of a `match` or `aggregate`: a nested rule or an effect, under an optional condition."""

    condition: Text | None
    outcome: RuleNode | EffectNode
    span: Span


@attrs.frozen
class RuleNode:
    """A block of choices: the first that holds (`match`), or all that hold (`aggregate`)."""

    is_match: bool
    variables: tuple[VariableNode, ...]
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


@attrs.frozen
class DefinitionsFile:
    """Shared variables and functions."""

    source: Source
    name: Text
    uses: tuple[Text, ...]
    variables: tuple[VariableNode, ...]
    functions: tuple[FunctionNode, ...]
