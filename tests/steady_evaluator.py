"""An evaluator that always agrees with the compiled one. Registered by tests alone."""

from __future__ import annotations

from engine.evaluators.compiled import KIND as COMPILED
from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import EvaluatorKind

KIND = EvaluatorKind(name="steady", make=Compiled, operations=COMPILED.operations)
