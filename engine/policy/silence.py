"""Where the law speaks: the actions and days for which the base has rules.

Where it has none, a person decides. A rule set of an overlay that stood there alone would turn silence into consent.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from engine.language.diagnostic import Diagnostic
from engine.language.rule_file import RuleFile
from engine.policy.files import layer_of

_LAST = datetime.date.max.isoformat()


def refuse_where_silent(files: Iterable[tuple[str, RuleFile]], diagnostics: list[Diagnostic]) -> None:
    """Report each rule set of an overlay that is about an action on a day on which the base has no rule."""
    named = list(files)
    law = [file for name, file in named if layer_of(name) == 0]
    for name, file in named:
        alone = None if layer_of(name) == 0 else _outside(file, law)
        if alone is not None:
            message = f"no rule of the base is about `{alone[0]}` on {alone[1]}, so this overlay would decide alone"
            help_ = "narrow its `actions` or `effective`: where no rule speaks, a person decides"
            diagnostics.append(Diagnostic("R605", message, file.name.span, help_))


def _outside(file: RuleFile, law: Sequence[RuleFile]) -> tuple[str, str] | None:
    """An action and a day of the rule set for which no file of the law has a rule; None when there is none."""
    for action in file.actions:
        spoken = sorted((one.effective_from, one.effective_until or _LAST) for one in law if action in one.actions)
        day = _first_gap(file.effective_from, spoken)
        if day is not None and day <= (file.effective_until or _LAST):
            return action, day
    return None


def _first_gap(day: str, spoken: Iterable[tuple[str, str]]) -> str | None:
    """The first day from this one on that no period holds, given in order; both of its days belong to a period."""
    for since, until in spoken:
        if since > day:
            break
        if until == _LAST:
            return None
        if until >= day:
            day = (datetime.date.fromisoformat(until) + datetime.timedelta(days=1)).isoformat()
    return day
