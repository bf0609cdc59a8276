"""The rete evaluator as others know it."""

from __future__ import annotations

import importlib.util
import sys

from engine.evaluators.evaluator import EvaluatorKind
from engine.evaluators.rete.atoms import SUPPORTED
from engine.evaluators.rete.evaluator import Rete

_FIRST_WITHOUT = (3, 13)


def absence() -> str | None:
    """Why the evaluator cannot be used here; None when it can."""
    if sys.version_info >= _FIRST_WITHOUT:
        python = ".".join(map(str, sys.version_info[:2]))
        return f"durable-rules cannot be imported on Python {python}; use Python 3.11 or 3.12, or another evaluator"
    if importlib.util.find_spec("durable_rules_engine") is None:
        return "durable-rules is not installed; `pip install durable-rules==2.0.28` needs a C compiler"
    return None


KIND = EvaluatorKind(
    name="rete",
    make=Rete,
    operations=SUPPORTED,
    absence=absence,
)
