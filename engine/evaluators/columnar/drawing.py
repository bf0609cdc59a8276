"""A few accounts taken out of a table where it is: their number bounds memory, whatever that of all accounts."""

from __future__ import annotations

import random
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from engine.accounts.layout import ROW
from engine.evaluators.columnar.workplace import Workplace

_PRIME = 2**31 - 1
"""More than any row, and its square fits into 64 bits."""


def drawn(accounts: ir.Table, workplace: Workplace, *, seed: str, at_most: int) -> list[int]:
    """The rows of so many accounts, or of all, as they are drawn: the same for a seed, whatever computes.

    Rows are put in the order of a random linear function modulo a prime, and the first are taken: each row is as likely
    as any other (Carter and Wegman, 1979).
    """
    draw = random.Random(seed)  # noqa: S311 - one that can be repeated
    factor, shift = (ibis.literal(draw.randrange(least, _PRIME), "int64") for least in (1, 0))
    place = (accounts[ROW] * factor + shift) % ibis.literal(_PRIME, "int64")
    first = accounts.select(ROW, place=place).order_by("place").limit(at_most)
    return [row[ROW] for row in sorted(workplace.rows(first), key=lambda row: row["place"])]


def in_rows(accounts: ir.Table, rows: Sequence[int]) -> ir.Table:
    """The accounts in these rows. Joined: a condition would hold every account against each of the rows."""
    wanted = ibis.literal(list(rows), "array<int64>").unnest().name(ROW)
    return accounts.join(wanted.as_table(), ROW)
