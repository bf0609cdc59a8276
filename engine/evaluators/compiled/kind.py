"""The compiled evaluator as others know it."""

from engine.evaluators.compiled.evaluator import Compiled
from engine.evaluators.compiled.python_text import SUPPORTED
from engine.evaluators.evaluator import EvaluatorKind

KIND = EvaluatorKind(
    name="compiled",
    make=Compiled,
    operations=frozenset(SUPPORTED),
)
