"""A whole population decided: which profile each account has, and what each law answers to each profile."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import ibis
import ibis.expr.types as ir

from engine.evaluators.columnar.asking import Asking
from engine.evaluators.columnar.workplace import Workplace

ROW, PROFILE, ACCOUNTS_OF, FIRST = "row", "profile", "accounts_of", "first_row"


@attrs.frozen(eq=False)
class Decided:
    """`accounts` has `row`, `profile` and the further columns asked for, a row an account. `answers` has `profile`,
    `accounts_of` (how many have it), `first_row` (the first that has it) and the answers of `Asking.answered`."""

    accounts: ir.Table
    answers: ir.Table


def decide(
    asking: Asking,
    workplace: Workplace,
    further: Mapping[str, ir.Value],
    places: frozenset[str] | None = None,
    prefix: str = "",
) -> Decided:
    """Put the laws to every account of the workplace's population.

    `further` are columns over `workplace.accounts` that `accounts` is to have. `places` are all that occur in the
    population, where that is known. `prefix` tells the tables apart from those of another pass.
    """
    table = workplace.accounts
    profile = asking.profiles(table, places)
    asked = workplace.keep(f"{prefix}asked", table.select(ROW, **profile, **further), "asking every account")
    grouped = asked.group_by(list(profile)).aggregate(
        **{ACCOUNTS_OF: asked.count(), FIRST: asked[ROW].min()},
    )
    numbered = grouped.mutate(**{PROFILE: ibis.row_number().over(order_by=grouped[FIRST])})
    profiles = workplace.keep(f"{prefix}profiles", numbered, "finding who answers alike")
    answered = asking.answered(profiles).drop(*profile)
    answers = workplace.keep(f"{prefix}answers", answered, "deciding")
    joined = asked.join(profiles.select(PROFILE, *profile), list(profile))
    accounts = workplace.keep(f"{prefix}decided", joined.select(ROW, PROFILE, *further), "deciding every account")
    return Decided(accounts, answers)
