"""What a simulation found: counts of accounts, and a few of them as examples. Everything a report shows is in here.

A count of accounts is exact, unless small cells were suppressed: then it is None where it would be less than the
threshold and more than nothing, or where such a count could be worked out from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from engine.decision.severity import is_allowed
from engine.population.generate import GENERATED

Count = int | None
"""A number of accounts; None where a small cell is suppressed."""

DIMENSIONS = ("place", "product", "reseller", "tier", "owner_link", "account_age")
"""What impact is told by: where the customer is located, the kind of product, the reseller's id and tier, where owners
are located, and the years since the account was opened."""
OWNERS = "/owners"
"""Where facts of whoever counts as an owner stand among `Demand`s, listed as an owner or found among the holders."""


@attrs.frozen
class OrderText:
    """An order of a candidate that the baseline does not have; `text` is its file as written, days are ISO text."""

    id: str
    kind: str
    target: Mapping[str, str]
    issued_on: str
    binding_on: str
    lapses_after: str
    finding: str
    text: str


@attrs.frozen
class Shift:
    """How many accounts have one outcome under the baseline and another (or the same) under the candidate."""

    before: str
    after: str
    accounts: Count

    @property
    def kind(self) -> str:
        """What it is to the customer: `same`, `caught`, `released`, or `other`, allowed or not as before."""
        if self.before == self.after:
            return "same"
        was, is_ = is_allowed(self.before), is_allowed(self.after)
        return "other" if was == is_ else "caught" if was else "released"


@attrs.frozen
class Day:
    """The two policies on one day. `caught` are allowed before and not after, `released` the other way round."""

    date: str
    shifts: Sequence[Shift]
    changed: Count
    caught: Count
    released: Count

    @property
    def allowed_before(self) -> Count:
        """How many are allowed under the baseline, whom alone a candidate can catch; None where a part is not told."""
        parts = [shift.accounts for shift in self.shifts if is_allowed(shift.before)]
        told = [part for part in parts if part is not None]
        return sum(told) if len(told) == len(parts) else None


@attrs.frozen
class Cell:
    """The accounts of one value of a dimension, such as those located in one place. `label` is the value in words."""

    value: str
    label: str
    accounts: Count
    changed: Count
    caught: Count


@attrs.frozen
class RuleImpact:
    """How many accounts a rule has a finding on, before and after; `order` where it rests on one, else empty."""

    rule: str
    order: str
    effect: str
    section: str
    message: str
    before: Count
    after: Count


@attrs.frozen
class Demand:
    """A fact that accounts are asked for: its pointer with `*` for a list's index (see `OWNERS`), what it is, and how
    many are asked."""

    at: str
    about: str
    before: Count
    after: Count


@attrs.frozen
class Term:
    """A restriction under which accounts are allowed, and how many."""

    rule: str
    order: str
    term: str
    before: Count
    after: Count


@attrs.frozen
class Bite:
    """When a candidate changes something: between `from_` and `until`, ISO days, on `days` days.

    A day that was decided stands for those up to the next one; `is_exact` says whether nothing can change between them.
    """

    from_: str
    until: str
    days: int
    account_days: Count
    is_exact: bool


@attrs.frozen
class Example:
    """An account whose outcome changes, with both decisions as the API gives them and the reasons in lines of text.

    `facts` are those of the account, without names, addresses and whatever else identifies somebody. `accounts` have
    the same change of outcome for the same reasons: the same findings come and go.
    """

    row: int
    before: str
    after: str
    accounts: Count
    facts: Mapping[str, Any]
    decisions: tuple[Mapping[str, Any], Mapping[str, Any]]
    reasons: Sequence[str]


@attrs.frozen
class Evasion:
    """A way around the candidate: of `tried` accounts that it catches and that could go this way, `evaded` are allowed
    afterwards. `malicious` are those of the evaded that are labelled so, None without labels. `sample` is the number of
    accounts drawn among those caught, 0 when all were looked at."""

    id: str
    about: str
    tried: Count
    evaded: Count
    malicious: Count
    sample: int = 0


@attrs.frozen
class Precision:
    """With labels: how many of each kind there are, and how many of them are caught."""

    malicious: Count
    malicious_caught: Count
    legitimate: Count
    legitimate_caught: Count


@attrs.frozen
class Factor:
    """A factor of 7.307(b)(3) or (4): its section, its words in short, and what the data shows, None when nothing."""

    section: str
    about: str
    shown: str | None


@attrs.frozen
class Alternative:
    """A candidate held against the baseline. `no_effect` says why nothing changed, None where something did.

    `timeline` holds a Day for each date; `main` is the one of them on which impact, rules, demands, restrictions,
    examples, evasion, precision and factors were looked at.
    """

    id: str
    title: str
    about: str
    digest: str
    orders: Sequence[OrderText]
    changes: Sequence[str]
    no_effect: str | None
    main: Day
    timeline: Sequence[Day]
    bite: Bite | None
    impact: Mapping[str, Sequence[Cell]]
    rules: Sequence[RuleImpact]
    demands: Sequence[Demand]
    restrictions: Sequence[Term]
    examples: Sequence[Example]
    evasion: Sequence[Evasion]
    precision: Precision | None
    factors: Sequence[Factor]


@attrs.frozen
class PopulationSummary:
    """The population that was asked; `source` says what it was made of, `left_out` what did not fit."""

    digest: str
    accounts: int
    actions: Mapping[str, Count]
    malicious: Count
    legitimate: Count
    left_out: Count
    source: Mapping[str, Any]

    @property
    def is_made_up(self) -> bool:
        """Whether its accounts were generated, so that nothing counted of them is about anybody."""
        return self.source.get("kind") == GENERATED


@attrs.frozen
class SimulationResult:
    """A simulation, run. `digest` is that of the job, which names it; `job` is the job's file as written; `command`
    runs it again; `suppressed_below` is the threshold of small cells, 0 when none are suppressed; `rechecked` accounts
    were decided anew one by one by another evaluator, without difference."""

    name: str
    title: str
    about: str
    digest: str
    job: str
    command: str
    version: str
    legal_status: str
    engine: str
    suppressed_below: int
    rechecked: int
    population: PopulationSummary
    baseline: str
    baseline_title: str
    alternatives: Sequence[Alternative]

    @property
    def document(self) -> dict[str, Any]:
        """The result as JSON: the names of the classes' fields, `from` for `from_`."""
        document: dict[str, Any] = _document(attrs.asdict(self))
        return document


def _document(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, dict):
        return {name.rstrip("_"): _document(inner) for name, inner in value.items()}
    return [_document(inner) for inner in value] if isinstance(value, list | tuple) else value
