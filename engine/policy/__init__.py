"""Directories of rules and jurisdictions to one checked, identified policy."""

from engine.policy.load import load, load_files
from engine.policy.policy import OrderSummary, Policy, PolicyError, RuleSetSummary

__all__ = ["OrderSummary", "Policy", "PolicyError", "RuleSetSummary", "load", "load_files"]
