"""A request to a decision: outcome, findings, what is needed, and why."""

from engine.decision.decider import Decider
from engine.decision.decision import Decision
from engine.decision.request import RequestError, Violation

__all__ = ["Decider", "Decision", "RequestError", "Violation"]
