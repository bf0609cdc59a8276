"""No two rules say the same: whoever is shown a message can tell which rule speaks."""

from __future__ import annotations

from collections.abc import Iterable

from engine.language.diagnostic import Diagnostic
from engine.language.rule_file import EffectNode, RuleFile


def refuse_equal_messages(files: Iterable[RuleFile], diagnostics: list[Diagnostic]) -> None:
    """Report each message that an earlier rule has already, unless the two are never in force on one day."""
    said: dict[str, list[tuple[RuleFile, EffectNode]]] = {}
    for file in files:
        for effect in file.effects:
            words = " ".join(effect.message.value.split()).casefold()
            if not words:
                continue
            earlier = next((one for one in said.get(words, ()) if _overlap(one[0], file)), None)
            said.setdefault(words, []).append((file, effect))
            # Of two rules with one id it has been said already that one is too many.
            if earlier is not None and _id(*earlier) != _id(file, effect):
                message = f"`{_id(file, effect)}` says the same as `{_id(*earlier)}`"
                help_ = "say what this rule is about and the other is not"
                diagnostics.append(Diagnostic("R213", message, effect.message.span, help_))


def _id(file: RuleFile, effect: EffectNode) -> str:
    return f"{file.name.value}/{effect.id.value}"


def _overlap(one: RuleFile, other: RuleFile) -> bool:
    """Whether some day is in both periods of effect; the empty `effective_until` is no end."""
    return (not other.effective_until or one.effective_from <= other.effective_until) and (
        not one.effective_until or other.effective_from <= one.effective_until
    )
