"""The columnar evaluator as others know it."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from engine.evaluators.evaluator import Evaluator, EvaluatorKind
from engine.program.expressions import OPERATIONS
from engine.program.rule_set import RuleSet


def absence() -> str | None:
    """Why the evaluator cannot be used here; None when it can."""
    if any(importlib.util.find_spec(name) is None for name in ("ibis", "duckdb", "pyarrow")):
        return (
            "Ibis, DuckDB and PyArrow are not all installed; run `make setup-simulation` "
            "(or `pip install 'ostiary[simulation]'`)"
        )
    return None


def _make(rule_sets: Sequence[RuleSet]) -> Evaluator:
    from engine.evaluators.columnar.evaluator import Columnar  # noqa: PLC0415 - the kind is known where Ibis is not

    return Columnar(rule_sets)


KIND = EvaluatorKind(
    name="columnar",
    make=_make,
    operations=frozenset(OPERATIONS),
    absence=absence,
)
