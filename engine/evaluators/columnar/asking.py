"""Several policies, each on a day, put to a table of cases at once: what they have in common is asked once."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import ibis
import ibis.expr.types as ir

from engine.accounts.layout import Layout
from engine.evaluators.columnar.answering import Answering
from engine.evaluators.columnar.firings import Law
from engine.evaluators.columnar.lowering import Lowering
from engine.evaluators.columnar.packing import packed
from engine.evaluators.columnar.profile import Questions, profile
from engine.language.rule_file import EFFECTS
from engine.program.expressions import Expr

NO_LAW_EFFECT = "review"
"""What it comes to when no rule set is about the action on the day: see `engine.decision.decider`."""


@attrs.frozen(eq=False)
class Asking:
    """The laws asked, and the questions they are made of. Their numbers begin with `first`.

    `of_elements` says whether it is asked for which elements of lists rules apply, too: see `with_elements`.
    """

    laws: Sequence[Law]
    layout: Layout
    first: int = 0
    of_elements: bool = False
    questions: Questions = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        questions = Questions()
        for law in self.laws:
            questions.add(_conditions(law))
            for firing in law.firings if self.of_elements else ():
                if firing.rule.each is not None and firing.loops:
                    each = firing.rule.each
                    questions.add_element_condition(each.over, each.element, firing.condition)
        object.__setattr__(self, "questions", questions)

    def profiles(self, cases: Lowering) -> dict[str, ir.Value]:
        """The columns of a case's profile, over a table in the columns of the layout."""
        return profile(self.questions, cases)

    def answered(self, profiles: ir.Table) -> ir.Table:
        """A table with profiles, and the answers of law n beside them.

        `q{n}_outcome` is the place of the outcome in `EFFECTS`, `q{n}_law` whether any rule set is about the case.
        `q{n}_f0` and on have a bit for each firing of the law, set where it applies, `q{n}_n0` and on one for each fact
        that the conditions of orders lack.
        """
        conditions = [condition for law in self.laws for condition in _conditions(law)]
        answering = Answering(profiles, self.questions, conditions)
        columns: dict[str, ir.Value] = {}
        for n, law in enumerate(self.laws, self.first):
            holding = [answering.truth(firing.holds) for firing in law.firings]
            is_in_force = answering.truth(law.is_in_force)
            columns[f"q{n}_outcome"] = _outcome(law, holding, is_in_force)
            columns[f"q{n}_law"] = is_in_force
            columns |= {f"q{n}_f{m}": word for m, word in enumerate(packed(holding))}
            lacking = [answering.truth(lack.holds) for lack in law.needs]
            columns |= {f"q{n}_n{m}": word for m, word in enumerate(packed(lacking) if lacking else ())}
        return answering.table.select(*profiles.columns, **columns)

    def with_elements(self, profiles: ir.Table) -> ir.Table:
        """Further, as `q{n}_e{m}`, for firing m over a list: for which elements it applies, if its guard holds."""
        looping = [
            (n, m, f) for n, law in enumerate(self.laws, self.first) for m, f in enumerate(law.firings) if f.loops
        ]
        if not looping:
            return profiles
        answering = Answering(profiles, self.questions, [])
        columns = {}
        for n, m, firing in looping:
            each = firing.rule.each
            assert each is not None
            columns[f"q{n}_e{m}"] = answering.elements(each.over, each.element, firing.condition)
        return answering.table.select(*profiles.columns, **columns)


def _conditions(law: Law) -> list[Expr]:
    return [
        law.is_in_force,
        *(firing.holds for firing in law.firings),
        *(lack.holds for lack in law.needs),
    ]


def _outcome(law: Law, holding: Sequence[ir.BooleanValue], is_in_force: ir.BooleanValue) -> ir.IntegerValue:
    """The most severe effect of what applies."""
    by_effect: dict[str, list[ir.BooleanValue]] = {}
    for firing, holds in zip(law.firings, holding, strict=True):
        by_effect.setdefault(firing.rule.effect, []).append(holds)
    by_effect.setdefault(NO_LAW_EFFECT, []).append(~is_in_force)
    outcome: ir.IntegerValue = ibis.literal(0, "int8")
    for place, effect in enumerate(EFFECTS[1:], 1):
        if effect in by_effect:
            outcome = ibis.ifelse(ibis.or_(*by_effect[effect]), ibis.literal(place, "int8"), outcome)
    return outcome
