"""The deciding evaluator: a program becomes one generated Python function for each action and body of law."""

from engine.evaluators.compiled.evaluator import Compiled
from engine.evaluators.compiled.kind import KIND

__all__ = ["KIND", "Compiled"]
