"""The reference evaluator as others know it."""

from engine.evaluators.evaluator import EvaluatorKind
from engine.evaluators.reference.evaluator import Reference
from engine.evaluators.reference.whole_text import SUPPORTED

KIND = EvaluatorKind(
    name="reference",
    summary="each condition, one at a time, by the official CEL runtime: a decision in milliseconds",
    make=Reference,
    operations=frozenset(SUPPORTED),
)
