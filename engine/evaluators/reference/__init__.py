"""The yardstick: a program interpreted rule by rule, each condition evaluated by the official CEL runtime."""

from engine.evaluators.reference.evaluator import Reference
from engine.evaluators.reference.kind import KIND

__all__ = ["KIND", "Reference"]
