"""The second opinion: the program as facts and rules, chained forward by durable-rules in a process of its own."""

from engine.evaluators.rete.evaluator import Rete
from engine.evaluators.rete.kind import KIND
from engine.evaluators.rete.process import Process

__all__ = ["KIND", "Process", "Rete"]
