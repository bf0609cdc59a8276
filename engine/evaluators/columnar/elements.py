"""Loops put to the elements of lists, each element a row of its own: faster by far than loops in place.

As accounts have profiles, so have elements: what the loops ask of one is packed, and only what differs is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis.expr.types as ir

from engine.accounts.layout import ROW
from engine.evaluators.columnar.answering import Answering
from engine.evaluators.columnar.lowering import Lowering
from engine.evaluators.columnar.packing import bit, packed
from engine.evaluators.columnar.profile import Questions
from engine.evaluators.columnar.separating import ELEMENT, is_separate
from engine.evaluators.columnar.single_facts import packed_tests
from engine.evaluators.columnar.workplace import Accounts, Workplace
from engine.program.expressions import Expr, Quantify, all_within, path

_WORTH_IT = 6
"""Loops over one list. Fewer are asked in place: to take a list apart and to put the answers together costs as much."""


def ask_elements(
    loops: Mapping[Expr, Iterable[Expr]],
    further: Iterable[Expr],
    accounts: Accounts,
    workplace: Workplace,
    name: str,
) -> Lowering:
    """Ask loops over accounts, list by list: their table has the answers beside it then.

    `loops` are given by their lists; those in the expressions of `further` are asked, too. `name` tells tables apart
    from others that are kept.
    """
    table, known, words = accounts.table, dict[Expr, ir.Value](), dict[Expr, list[ir.IntegerValue]]()
    columns: dict[Expr, list[str]] = {}
    wanted = _by_list(loops, further)
    for n, (over, asked) in enumerate(wanted.items()):
        found = _answers(over, asked, accounts, workplace, f"{name}_elements{n}")
        renamed = {f"loops{n}_{word}": word for word in found.columns if word != ROW}
        table = table.left_join(found.rename(**renamed, **{f"row{n}": ROW}), [(ROW, f"row{n}")])
        columns[over] = list(renamed)
    for over, asked in wanted.items():
        words[over] = [table[column].fill_null(0) for column in columns[over]]
        known |= {loop: bit(words[over], number) for number, loop in enumerate(asked)}
    return Lowering(table, accounts.layout, accounts.places, known, words)


def _by_list(loops: Mapping[Expr, Iterable[Expr]], further: Iterable[Expr]) -> dict[Expr, list[Quantify]]:
    """The loops worth it, by their lists: those of `further` after the others."""
    found: dict[Expr, dict[Expr, None]] = {over: dict.fromkeys(asked) for over, asked in loops.items()}
    for expr in all_within(further):
        if isinstance(expr, Quantify) and is_separate(expr):
            found.setdefault(expr.over, {})[expr] = None
    return {
        over: [loop for loop in asked if isinstance(loop, Quantify)]
        for over, asked in found.items()
        if len(asked) >= _WORTH_IT
    }


def _answers(over: Expr, loops: Sequence[Quantify], accounts: Accounts, workplace: Workplace, name: str) -> ir.Table:
    """For each account whose list has elements, a bit for each loop, set where one of them fulfils it."""
    bodies = [loop.body for loop in loops]
    questions = Questions()
    questions.add(bodies)
    rows, element = _elements(over, accounts)
    words = packed_tests(list(questions.tests), Lowering(rows, accounts.layout, accounts.places), {ELEMENT: element})
    asked = workplace.keep(name, rows.select(ROW, **{f"w{n}": word for n, word in enumerate(words)}), "asking of lists")
    profile = [column for column in asked.columns if column != ROW]
    answering = Answering(asked.select(*profile).distinct(), questions, bodies)
    bits = packed([answering.truth(body) for body in bodies])
    kinds = answering.table.select(*profile, **{f"b{n}": word for n, word in enumerate(bits)})
    joined = asked.join(kinds, profile)
    return joined.group_by(ROW).aggregate(**{f"b{n}": joined[f"b{n}"].bit_or() for n in range(len(bits))})


def _elements(over: Expr, accounts: Accounts) -> tuple[ir.Table, Any]:
    """A table with the elements of a list, and what has their fields: the table itself, or a column of it."""
    names = path(over)
    rows = accounts.elements.get(".".join(names)) if names else None
    if rows is not None:
        return rows, rows
    lists = Lowering(accounts.table, accounts.layout).value(over, {})
    rows = accounts.table.filter(lists.notnull()).select(ROW, element=lists.unnest())
    return rows, rows.element
