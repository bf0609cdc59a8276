"""The deciding evaluator: a program becomes one generated Python function for each action and body of law."""

from engine.evaluators.compiled.evaluator import Compiled, compile_expression

__all__ = ["Compiled", "compile_expression"]
