"""The contender `population`: requests as the rows of a table, decided as a simulation decides a population.

The policy's orders are written out into its conditions, and each request is decided by the law of the day in its row
and, where many are of one day, by the law as it stands on that day. What is counted without being decoded, outcomes
and the facts that orders lack, must be what the decision says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from bench.agreement.contenders import Answer, answer_of
from engine import Decider, Policy
from engine.accounts.layout import Layout
from engine.decision.decider import Case
from engine.evaluators.columnar.asking import Asking
from engine.evaluators.columnar.decoding import findings_of
from engine.evaluators.columnar.duck import connect, sql, table
from engine.evaluators.columnar.firings import Law, law_of
from engine.evaluators.columnar.lowering import Lowering
from engine.evaluators.columnar.packing import BITS
from engine.evaluators.columnar.touches import touches_of
from engine.evaluators.columnar.unrolling import AS_OF
from engine.language.rule_file import EFFECTS
from engine.simulation.asked import law_on
from engine.vocabulary.derived import DerivedLists

_DAYS = 2
"""For how many days the law is asked as it stands on them, beside the law of the day in each row."""
Row = Mapping[str, Any]
Query = Callable[[ir.Table, pa.Table], list[dict[str, Any]]]
"""Gives the rows of a query over a table `cases`."""


class Tabled:
    """A policy put to tables of requests, which `query` asks; DuckDB unless another is given."""

    def __init__(self, policy: Policy, query: Query | None = None) -> None:
        self._policy = policy
        self._query = query or answers_to
        self._decider = Decider(policy)
        # Not exact: what no population can keep is decided all the same, as others decide it.
        self._layout = Layout(policy.vocabulary, exact=False)
        self._whenever = law_of(policy.program, touches_of(policy.orders, policy.vocabulary, AS_OF))

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """The decision."""
        return self.answers([request])[0]

    def answers(self, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The decisions on requests that stand in one table."""
        cases = [self._decider.case(request) for request in requests]
        lists = [self._decider.derived(case) for case in cases]
        days = [day for day, _ in Counter(case.as_of for case in cases).most_common(_DAYS)]
        try:
            laws = [self._whenever, *(law_on(self._policy, day) for day in days)]
            rows = asked(Asking(laws, self._layout, of_elements=True), cases, lists, self._query)
            return [
                self._answer(case, derived, row, {0: laws[0]} | {n: laws[n] for n in _numbers(days, case)})
                for case, derived, row in zip(cases, lists, rows, strict=True)
            ]
        except Exception as error:  # noqa: BLE001 - whatever it is, the others did not fail
            return [Answer(failure=f"{type(error).__name__}: {error}")] * len(cases)

    def _answer(self, case: Case, derived: DerivedLists, row: Row, laws: Mapping[int, Law]) -> Answer:
        answers = [self._answer_by(number, law, case, derived, row) for number, law in laws.items()]
        failed = [answer for answer in answers if answer.failure]
        if not failed and len({answer.document for answer in answers}) > 1:
            return Answer(failure=f"the law of {case.as_of} and that of the day in the row: {answers}")
        return (failed or answers)[0]

    def _answer_by(self, number: int, law: Law, case: Case, derived: DerivedLists, row: Row) -> Answer:
        found = findings_of(law, number, row, derived)
        decision = self._decider.decision(case, [self._decider.no_law] if found is None else found, "authoritative")
        counted = EFFECTS[row[f"q{number}_outcome"]]
        if counted != decision.outcome:
            return Answer(failure=f"{counted} is counted where the findings come to {decision.outcome}")
        for measure in derived["measures"]:
            lacking = {lack.need.at for lack in _lacking(number, law, row) if lack.order == measure.order}
            if lacking != {at for at, _ in measure.needs}:
                return Answer(failure=f"order {measure.order} lacks {measure.needs}, and {sorted(lacking)} are counted")
        return answer_of(decision)


def asked(
    asking: Asking, cases: Sequence[Case], lists: Sequence[DerivedLists], query: Query | None = None
) -> list[dict[str, Any]]:
    """What the laws answer to each case, by the columns of `Asking.answered` and `Asking.with_elements`."""
    rows = [
        asking.layout.sparse_row(number, case.action, case.facts, derived, as_of=case.as_of)
        for number, (case, derived) in enumerate(zip(cases, lists, strict=True))
    ]
    given = table("cases", asking.layout.schema)
    profiles = given.select("row", **asking.profiles(Lowering(given, asking.layout)))
    answers = asking.with_elements(asking.answered(profiles)).order_by("row")
    return (query or answers_to)(answers, pa.Table.from_pylist(rows, schema=asking.layout.schema))


def answers_to(query: ir.Table, cases: pa.Table) -> list[dict[str, Any]]:
    """The rows of a query over a table `cases`."""
    with connect(threads=1) as connection:
        connection.register("cases", cases)
        answered = connection.execute(sql(query))
        names = [name for name, *_ in answered.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answered.fetchall()]


def _numbers(days: Sequence[str], case: Case) -> list[int]:
    return [days.index(case.as_of) + 1] if case.as_of in days else []


def _lacking(number: int, law: Law, row: Row) -> Iterator[Any]:
    for place, lack in enumerate(law.needs):
        if row[f"q{number}_n{place // BITS}"] >> place % BITS & 1:
            yield lack
