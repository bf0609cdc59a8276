"""The conditions of the corpus, put to tables: all conditions of an entry and all its cases in one query."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from corpus_check import asked_of_corpus, elements_of
from matrix_corpus import Entry, entries
from small_rules import plain_policy

from bench.agreement.tabled import answers_to, asked
from engine.accounts.layout import Layout
from engine.evaluators.columnar.asking import Asking
from engine.evaluators.columnar.decoding import findings_of
from engine.evaluators.columnar.duck import table
from engine.evaluators.columnar.firings import law_of
from engine.evaluators.columnar.lowering import Lowering

_ELEMENT = "element"
_VOCABULARY = plain_policy().vocabulary
LAYOUT = Layout(_VOCABULARY, tuple(_VOCABULARY.derived), exact=False)


def first_mistake_over_tables() -> str | None:
    """The first condition that comes out wrong, alone in its program or as a function; None when all are right."""
    for entry in entries():
        if entry.conditions:
            for mistake in (*_alone(entry), *_as_functions(entry)):
                return f"{entry.name}: {mistake}"
    return None


def _alone(entry: Entry) -> Iterator[str]:
    """What is wrong with conditions as programs of their own."""
    cases = asked_of_corpus()[entry.name]
    laws = [law_of((single,), None) for _, _, single in entry.conditions]
    rows = asked(Asking(laws, LAYOUT, of_elements=True), [one.case for one in cases], [one.derived for one in cases])
    for one, row in zip(cases, rows, strict=True):
        finds = entry.cases[one.number].expected["finds"]
        for n, (id_, _, _) in enumerate(entry.conditions):
            found = findings_of(laws[n], n, row, one.derived)
            wanted = None if finds is None else [name for name in finds if name.partition("@")[0] == id_]
            if (found is None) is not (wanted is None) or len(found or ()) != len(wanted or ()):
                yield f"{id_} alone gives {found} on {one.case}"


def _as_functions(entry: Entry) -> Iterator[str]:
    """What is wrong with conditions as functions, of the elements of the entry's list where it has one."""
    rows, wanted = [], []
    (rule, *_) = [rule for _, _, single in entry.conditions for rule in single.rules]
    for one in asked_of_corpus()[entry.name]:
        finds, case = entry.cases[one.number].expected["finds"], one.case
        for at, elements in elements_of(rule, case.facts) if finds is not None else ():
            row = LAYOUT.row(len(rows), case.action, case.facts, one.derived, as_of=case.as_of)
            if rule.each is not None:
                row[_ELEMENT] = LAYOUT.stored(*elements, rule.each.element.type)
            rows.append(row)
            wanted.append([f"{id_}{at}" in finds for id_, _, _ in entry.conditions])
    schema = LAYOUT.schema
    if rule.each is not None:
        schema = schema.append(pa.field(_ELEMENT, LAYOUT.arrow(rule.each.element.type)))
    given = table("cases", schema)
    tests = {}
    for n, (_, expr, single) in enumerate(entry.conditions):
        (each,) = (rule.each for rule in single.rules)
        of_element = {} if each is None else {each.element.key: given[_ELEMENT]}
        tests[f"c{n}"] = Lowering(given, LAYOUT).test(expr, of_element)
    answers = answers_to(given.select("row", **tests).order_by("row"), pa.Table.from_pylist(rows, schema=schema))
    for row, answer, right in zip(rows, answers, wanted, strict=True):
        for n, (id_, _, _) in enumerate(entry.conditions):
            if answer[f"c{n}"] is not right[n]:
                yield f"the condition {id_} is {answer[f'c{n}']} on {row}"
