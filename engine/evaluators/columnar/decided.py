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
from engine.evaluators.columnar.few_texts import Texts, few_texts, in_words, numbered
from engine.evaluators.columnar.functions import hash64
from engine.evaluators.columnar.separating import Separating
from engine.evaluators.columnar.workplace import Accounts, Workplace
from engine.program.expressions import Expr

PROFILE, ACCOUNTS_OF, FIRST = "profile", "accounts_of", "first_row"
_DROPPED = 1
"""Bits of a hash that are not in the number of a profile: the one that would be its sign."""


@attrs.frozen(eq=False)
class Decided:
    """`accounts` has `row`, `profile` and the further columns asked for, a row an account. `answers` has `profile`,
    `accounts_of` (how many have it), `first_row` (the first that has it) and the answers of `Asking.answered`.

    A column of `accounts` that `texts` names holds numbers of texts, which are their places there: see `in_words`.
    """

    accounts: ir.Table
    answers: ir.Table
    texts: Mapping[str, Texts]

    @property
    def in_words(self) -> ir.Table:
        """The accounts with their texts."""
        return self.accounts.mutate(
            **{name: in_words(self.accounts[name], texts) for name, texts in self.texts.items()}
        )


def decide(
    asking: Asking,
    workplace: Workplace,
    accounts: Accounts,
    *,
    further: Mapping[str, Expr] = MappingProxyType({}),
    labels: Sequence[str] = (),
) -> Decided:
    """Put the laws to every account of a population.

    `further` are columns that `Decided.accounts` is to have besides, and `labels` columns of the population to keep.
    """
    name = f"laws{asking.first}"
    separating = Separating()
    wanted = {column: separating.separated(expr) for column, expr in further.items()}
    lowering = ask_elements(asking.questions.loops, wanted.values(), accounts, workplace, name)
    profile = asking.profiles(lowering)
    listed = {column: few_texts(expr, asking.layout.vocabulary) for column, expr in wanted.items()}
    texts = {column: few for column, few in listed.items() if few}
    more = {
        column: numbered(expr, texts[column], lowering) if column in texts else lowering.value(expr, {})
        for column, expr in wanted.items()
    }
    asked = lowering.table.select(ROW, *labels, **more, **profile)
    told = _told_apart(asked, list(profile), workplace, name, "asking every account")
    answers = workplace.keep(f"{name}_answers", asking.answered(told.profiles).drop(*profile), "deciding")
    return Decided(told.accounts.select(ROW, PROFILE, *labels, *further), answers, texts)


def merged(one: Decided, other: Decided, workplace: Workplace, name: str) -> Decided:
    """Two decided populations of the same accounts as one: a profile is a profile of the one and one of the other.
    Further columns are those of the one.

    What is computed is kept under names that begin with `name`.
    """
    both = one.accounts.join(other.accounts.select(ROW, other=other.accounts[PROFILE]), ROW).rename(one=PROFILE)
    told = _told_apart(both, ["one", "other"], workplace, name, "deciding every account")
    answers = told.profiles.join(one.answers.drop(ACCOUNTS_OF, FIRST).rename(one=PROFILE), "one")
    answers = answers.join(other.answers.drop(ACCOUNTS_OF, FIRST).rename(other=PROFILE), "other")
    return Decided(
        told.accounts.drop("one", "other"),
        workplace.keep(f"{name}_answers", answers.drop("one", "other"), "deciding"),
        one.texts,
    )


@attrs.frozen(eq=False)
class _ToldApart:
    """Accounts with the number of their profile, and the profiles, each once."""

    accounts: ir.Table
    profiles: ir.Table


def _told_apart(accounts: ir.Table, profile: Sequence[str], workplace: Workplace, name: str, what: str) -> _ToldApart:
    """Number the profiles of a table of accounts, which is computed and kept with the numbers.

    A number is a hash, so that each account has its own without being looked up among the others. Should two profiles
    have the same, which a million have once in ten million times, the number is the first row that has the profile.
    """
    columns = {column: accounts[column] for column in profile}
    # What DuckDB makes of zeros alone is 0, be they one or, in a list, many or none: so something else comes first. And
    # it goes on from list to list as from element to element: so their sizes tell where each ends.
    sizes = {f"{name}#": lists.length() for name, lists in columns.items() if isinstance(lists, ir.ArrayValue)}
    values = {"begin": ibis.literal(1, "int64"), **sizes, **columns}
    number = (hash64(ibis.struct(values)) >> _DROPPED).cast("int64")
    told = _numbered(accounts.mutate(**{PROFILE: number}), profile, workplace, name, what)
    if told is None:
        first = accounts[ROW].min().over(ibis.window(group_by=list(profile)))
        told = _numbered(accounts.mutate(**{PROFILE: first}), profile, workplace, f"{name}_by_row", what)
    assert told is not None
    return told


def _numbered(
    numbered: ir.Table, profile: Sequence[str], workplace: Workplace, name: str, what: str
) -> _ToldApart | None:
    """Accounts and profiles by these numbers; None where two profiles have the same."""
    kept = workplace.keep(f"{name}_asked", numbered, what)
    grouped = kept.group_by([*profile, PROFILE]).aggregate(**{ACCOUNTS_OF: kept.count(), FIRST: kept[ROW].min()})
    profiles = workplace.keep(f"{name}_profiles", grouped, "finding who answers alike")
    (found,) = workplace.rows(profiles.aggregate(rows=profiles.count(), numbers=profiles[PROFILE].nunique()))
    return _ToldApart(kept, profiles) if found["rows"] == found["numbers"] else None
