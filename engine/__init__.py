"""Ostiary's engine: policy files to a checked policy, requests to decisions. It knows no web, clock or terminal.

>>> from pathlib import Path
>>> from engine import Decider, load
>>> decider = Decider(load(Path("rules"), Path("jurisdictions")))
>>> facts = {"product": {"kind": "domain_registration"}, "customer": {"kind": "individual"}}
>>> decider.decide({"action": "account.open", "as_of": "2026-11-22", "facts": facts}).outcome
'allow'
"""

from engine.decision import Decider, Decision, RequestError, Violation
from engine.policy import OrderSummary, Policy, PolicyError, RuleSetSummary, load, load_files

__all__ = [
    "Decider",
    "Decision",
    "OrderSummary",
    "Policy",
    "PolicyError",
    "RequestError",
    "RuleSetSummary",
    "Violation",
    "load",
    "load_files",
]
