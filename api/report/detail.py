"""An alternative in detail: its tables in words and its drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from api.report.answer import widest
from api.report.drawings import Drawings, draw
from api.report.examples import Examples, examples_in_words
from api.report.places import Beside, placed
from api.report.tables import (
    Asked,
    Impact,
    Run,
    changed_demands,
    changed_rules,
    changed_terms,
    impact_of,
    runs_of,
    thinned,
)
from api.report.wording import Wording, weight
from engine.simulation.dimensions import DIRECT
from engine.simulation.result import DIMENSIONS, Alternative, Cell, Evasion, Precision, RuleImpact, Term

DEMANDS = 6
"""Facts asked for that have a line of their own."""
BESIDE = 15
"""Places beside the map that are named with their number."""


@attrs.frozen
class Detail:
    """What the section on an alternative reads.

    `key` begins the ids of the section. `runs` are lines of the table of days, of `all_runs` that there are. `rules`,
    `demands` and `terms` are those that changed, the most changed first; `same_rules`, `more_demands` and `same_terms`
    count the others, and `few_rules` those that apply to few accounts before and after. `beside` are places that stand
    beside the map, the most caught first, `beside_more` counts the others where somebody is caught, and
    `beside_untouched` are those where nobody is. `direct` are the accounts without a reseller. `ways` are ways around
    that somebody could try, `closed` those that nobody could; `drawn` is the number of accounts drawn to try them, 0
    when all were. `malicious_share` is that among the labelled accounts that are caught, empty where it is not known.
    """

    key: str
    alternative: Alternative
    order_ids: Sequence[str]
    drawings: Drawings
    impacts: Sequence[Impact]
    runs: Sequence[Run]
    all_runs: int
    rules: Sequence[RuleImpact]
    same_rules: int
    few_rules: int
    demands: Sequence[Asked]
    more_demands: int
    terms: Sequence[Term]
    same_terms: int
    beside: Sequence[Beside]
    beside_more: int
    beside_untouched: Sequence[str]
    direct: Cell | None
    ways: Sequence[Evasion]
    closed: Sequence[Evasion]
    drawn: int
    examples: Examples
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
    rules, terms = changed_rules(alternative.rules), changed_terms(alternative.restrictions)
    demands = changed_demands(alternative.demands, words)
    return Detail(
        key=key,
        alternative=alternative,
        order_ids=[order.id for order in alternative.orders],
        drawings=draw(alternative, impacts, where.caught, words, key),
        impacts=impacts,
        runs=thinned(runs),
        all_runs=len(runs),
        rules=rules,
        same_rules=sum(one.before == one.after is not None for one in alternative.rules),
        few_rules=sum(one.before is one.after is None for one in alternative.rules),
        demands=demands if len(demands) <= DEMANDS + 1 else demands[:DEMANDS],
        more_demands=0 if len(demands) <= DEMANDS + 1 else len(demands) - DEMANDS,
        terms=terms,
        same_terms=sum(one.before == one.after is not None for one in alternative.restrictions),
        beside=beside[:BESIDE],
        beside_more=len(beside[BESIDE:]),
        beside_untouched=untouched,
        direct=next((cell for cell in alternative.impact.get("reseller", ()) if cell.value == DIRECT), None),
        ways=[way for way in alternative.evasion if way.tried != 0],
        closed=[way for way in alternative.evasion if way.tried == 0],
        drawn=max((way.sample for way in alternative.evasion), default=0),
        examples=examples_in_words(alternative, labels),
        widest=widest(alternative),
        malicious_share=_malicious_share(alternative.precision, words),
    )


def _malicious_share(found: Precision | None, words: Wording) -> str:
    if found is None or found.malicious_caught is None or found.legitimate_caught is None:
        return ""
    return words.share(found.malicious_caught, found.malicious_caught + found.legitimate_caught)
