"""An alternative in detail: its tables in words and its drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from api.report.answer import widest
from api.report.drawings import Drawings, draw
from api.report.examples import ToldExample, told
from api.report.places import Beside, placed
from api.report.tables import Impact, Run, changed_rules, impact_of, runs_of, thinned
from api.report.wording import Wording, weight
from engine.simulation.result import DIMENSIONS, Alternative, Evasion, Precision, RuleImpact

BESIDE = 15
"""Places beside the map that have a line of their own."""


@attrs.frozen
class Detail:
    """What the section on an alternative reads.

    `key` begins the ids of the section. `runs` are lines of the table of days, of `all_runs` that there are;
    `rules` are those that changed, `same_rules` counts the others; `beside` are places that stand beside the map,
    the most caught first, `beside_more` those for which there is no line, and `beside_untouched` those where nobody
    is caught; `malicious_share` is that among the labelled accounts that are caught, empty where it is not known.
    """

    key: str
    alternative: Alternative
    drawings: Drawings
    impacts: Sequence[Impact]
    runs: Sequence[Run]
    all_runs: int
    rules: Sequence[RuleImpact]
    same_rules: int
    beside: Sequence[Beside]
    beside_more: Sequence[Beside]
    beside_untouched: Sequence[str]
    examples: Sequence[ToldExample]
    widest: Evasion | None
    malicious_share: str


def detail_of(alternative: Alternative, number: int, words: Wording, labels: Mapping[str, str]) -> Detail:
    """The section of an alternative, the first of which has the number 1."""
    key = f"alternative-{number}"
    names = [*DIMENSIONS, *(name for name in alternative.impact if name not in DIMENSIONS)]
    impacts = [impact_of(name, alternative.impact[name], words) for name in names if alternative.impact.get(name)]
    where = placed(alternative.impact.get("place", ()))
    beside = sorted((place for place in where.beside if place.caught != 0), key=lambda place: -weight(place.caught))
    untouched = [place.label or place.code or "no place stated" for place in where.beside if place.caught == 0]
    runs = runs_of(alternative.timeline)
    rules = changed_rules(alternative.rules)
    return Detail(
        key=key,
        alternative=alternative,
        drawings=draw(alternative, impacts, where.caught, words, key),
        impacts=impacts,
        runs=thinned(runs),
        all_runs=len(runs),
        rules=rules,
        same_rules=len(alternative.rules) - len(rules),
        beside=beside[:BESIDE],
        beside_more=beside[BESIDE:],
        beside_untouched=untouched,
        examples=[told(example, labels) for example in alternative.examples],
        widest=widest(alternative),
        malicious_share=_malicious_share(alternative.precision, words),
    )


def _malicious_share(found: Precision | None, words: Wording) -> str:
    if found is None or found.malicious_caught is None or found.legitimate_caught is None:
        return ""
    return words.share(found.malicious_caught, found.malicious_caught + found.legitimate_caught)
