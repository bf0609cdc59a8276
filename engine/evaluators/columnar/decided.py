"""A whole population decided: which profile each account has, and what each law answers to each profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import attrs
import ibis
import ibis.expr.types as ir

from engine.accounts.layout import ROW
from engine.evaluators.columnar.asking import Asking
from engine.evaluators.columnar.elements import ask_elements
from engine.evaluators.columnar.lowering import Lowering
from engine.evaluators.columnar.separating import Separating
from engine.evaluators.columnar.workplace import Workplace
from engine.program.expressions import Expr

PROFILE, ACCOUNTS_OF, FIRST = "profile", "accounts_of", "first_row"


@attrs.frozen(eq=False)
class Decided:
    """`accounts` has `row`, `profile` and the further columns asked for, a row an account. `answers` has `profile`,
    `accounts_of` (how many have it), `first_row` (the first that has it) and the answers of `Asking.answered`."""

    accounts: ir.Table
    answers: ir.Table


def decide(
    asking: Asking,
    workplace: Workplace,
    table: ir.Table,
    *,
    further: Mapping[str, Expr] = MappingProxyType({}),
    labels: Sequence[str] = (),
    places: frozenset[str] | None = None,
) -> Decided:
    """Put the laws to every account of a table.

    `further` are more columns that `accounts` is to have, and `labels` columns of the table that it keeps. `places` are
    all that occur in the population, where that is known.
    """
    name = f"laws{asking.first}"
    separating = Separating()
    wanted = {column: separating.separated(expr) for column, expr in further.items()}
    given = Lowering(table, asking.layout, places)
    lowering = ask_elements(asking.questions.loops, wanted.values(), workplace, given, name)
    profile = asking.profiles(lowering)
    more = {column: lowering.value(expr, {}) for column, expr in wanted.items()}
    selected = lowering.table.select(ROW, *labels, **more, **profile)
    asked = workplace.keep(f"{name}_asked", selected, "asking every account")
    profiles = workplace.keep(f"{name}_profiles", _numbered(asked, list(profile)), "finding who answers alike")
    answers = workplace.keep(f"{name}_answers", asking.answered(profiles).drop(*profile), "deciding")
    joined = asked.join(profiles.select(PROFILE, *profile), list(profile)).select(ROW, PROFILE, *labels, *further)
    accounts = workplace.keep(f"{name}_accounts", joined, "deciding every account")
    return Decided(accounts, answers)


def merged(one: Decided, other: Decided, workplace: Workplace, name: str) -> Decided:
    """Two decided populations of the same accounts as one: a profile is a profile of the one and one of the other.
    Further columns are those of the one.

    What is computed is kept under names that begin with `name`.
    """
    both = one.accounts.join(other.accounts.select(ROW, other=other.accounts[PROFILE]), ROW)
    both = workplace.keep(f"{name}_asked", both.rename(one=PROFILE), "deciding every account")
    profiles = workplace.keep(f"{name}_profiles", _numbered(both, ["one", "other"]), "finding who answers alike")
    answers = profiles.join(one.answers.drop(ACCOUNTS_OF, FIRST).rename(one=PROFILE), "one")
    answers = answers.join(other.answers.drop(ACCOUNTS_OF, FIRST).rename(other=PROFILE), "other").drop("one", "other")
    accounts = both.join(profiles.select(PROFILE, "one", "other"), ["one", "other"]).drop("one", "other")
    return Decided(
        workplace.keep(f"{name}_accounts", accounts, "deciding every account"),
        workplace.keep(f"{name}_answers", answers, "deciding"),
    )


def _numbered(table: ir.Table, profile: Sequence[str]) -> ir.Table:
    """The profiles of a table, each once and with a number."""
    grouped = table.group_by(list(profile)).aggregate(
        **{ACCOUNTS_OF: table.count(), FIRST: table[ROW].min()},
    )
    return grouped.mutate(**{PROFILE: ibis.row_number().over(order_by=grouped[FIRST])})
