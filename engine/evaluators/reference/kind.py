"""The reference evaluator as others know it."""

from engine.evaluators.evaluator import EvaluatorKind
from engine.evaluators.reference.evaluator import Reference
from engine.evaluators.reference.whole_text import SUPPORTED

KIND = EvaluatorKind(
    name="reference",
    make=Reference,
    operations=frozenset(SUPPORTED),
)
