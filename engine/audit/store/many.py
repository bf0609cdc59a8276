"""Queries for any number of values, in the SQL that both databases share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.audit.store.protocol import Session

_Value = TypeVar("_Value", str, bytes)
_MOST = 500


def rows_in(session: Session, query: str, values: Iterable[_Value]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query whose `{}` takes a list of marks, run for as many values at a time as SQLite allows."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), _MOST):
        some = wanted[start : start + _MOST]
        yield from session.execute(query.format(",".join("?" * len(some))), some)
