"""The evaluator of whole populations: a program as an expression of Ibis, for DuckDB or Spark."""

from engine.evaluators.columnar.kind import KIND

__all__ = ["KIND"]
