"""An evaluator that no machine has. Registered by tests alone."""

from __future__ import annotations

from engine.evaluators.compiled import KIND as COMPILED
from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import EvaluatorKind

KIND = EvaluatorKind(
    name="nowhere",
    make=Compiled,
    operations=COMPILED.operations,
    absence=lambda: "it needs a library that is not installed",
)
