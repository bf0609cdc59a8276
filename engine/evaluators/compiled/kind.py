"""The compiled evaluator as others know it."""

from engine.evaluators.compiled.evaluator import Compiled
from engine.evaluators.compiled.python_text import SUPPORTED
from engine.evaluators.evaluator import EvaluatorKind

KIND = EvaluatorKind(
    name="compiled",
    summary="one generated Python function for each action and body of law: a decision in microseconds",
    make=Compiled,
    operations=frozenset(SUPPORTED),
)
