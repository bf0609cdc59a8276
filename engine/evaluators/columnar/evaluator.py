"""The columnar evaluator asked about one case at a time: a table of one row. For comparing, not for serving."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from itertools import count

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from engine.accounts.layout import Layout
from engine.evaluators.columnar.asking import Asking
from engine.evaluators.columnar.decoding import findings_of
from engine.evaluators.columnar.duck import connect, table
from engine.evaluators.columnar.firings import law_of
from engine.evaluators.columnar.lowering import Lowering
from engine.evaluators.columnar.one_row import CASES, OneRow
from engine.evaluators.evaluator import Facts, Holds
from engine.program.expressions import Element, Expr
from engine.program.finding import Finding
from engine.program.rule_set import RuleSet
from engine.vocabulary import read_vocabulary
from engine.vocabulary.derived import DerivedLists

_ELEMENT = "element"


class Columnar:
    """Evaluates rule sets over tables. Safe to share between threads, which wait for each other."""

    def __init__(self, rule_sets: Sequence[RuleSet]) -> None:
        self._layout = _layout()
        self._law = law_of(rule_sets, None)
        self._asking = Asking([self._law], self._layout, of_elements=True)
        self._findings: OneRow | None = None
        self._connection = _database().cursor()
        self._numbers = count()
        self._lock = threading.Lock()

    def findings(self, action: str, as_of: str, facts: Facts, derived: DerivedLists) -> list[Finding] | None:
        """The rules that apply, in file order; None when no rule set for the action is in force that day."""
        row = self._layout.row(0, action, facts, derived, as_of=as_of)
        with self._lock:
            if self._findings is None:
                self._findings = self._query(_cases(), self._layout.schema, self._answers)
            answers = self._findings.ask(row)
        return findings_of(self._law, 0, answers, derived)

    def expression(self, expr: Expr, element: Element | None = None) -> Holds:
        """An expression as a function of facts, day, action and derived lists, and of the element it is about."""
        cases, schema = _cases(), self._layout.schema
        if element is not None:
            schema = schema.append(pa.field(_ELEMENT, self._layout.arrow(element.type)))
            cases = table(CASES, schema)

        def answer(cases: ir.Table) -> ir.Table:
            elements = {} if element is None else {element.key: cases[_ELEMENT]}
            return cases.select(holds=Lowering(cases, self._layout).test(expr, elements))

        with self._lock:
            query = self._query(cases, schema, answer)

        def holds(facts: Facts, as_of: str, action: str, derived: DerivedLists, about: object = None) -> bool:
            row = self._layout.row(0, action, facts, derived, as_of=as_of)
            if element is not None:
                row[_ELEMENT] = self._layout.stored(about, element.type)
            with self._lock:
                return bool(query.ask(row)["holds"])

        return holds

    def _answers(self, cases: ir.Table) -> ir.Table:
        profiles = cases.select(**self._asking.profiles(Lowering(cases, self._layout)))
        return self._asking.with_elements(self._asking.answered(profiles))

    def _query(self, cases: ir.Table, schema: pa.Schema, answer: Callable[[ir.Table], ir.Table]) -> OneRow:
        return OneRow(self._connection, next(self._numbers), cases, schema, answer)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """In memory, for all of this process: opening one takes longer than a question."""
    return connect(threads=1)


@cache
def _layout() -> Layout:
    vocabulary = read_vocabulary()
    return Layout(vocabulary, tuple(vocabulary.derived), exact=False)


@cache
def _cases() -> ir.Table:
    return table(CASES, _layout().schema)
