"""Tests that stand beside rules: given facts, when asked, then this outcome; and what those tests prove."""

from engine.testing.proof import Proof, Survivor
from engine.testing.run import CaseResult, TestReport, run_tests

__all__ = ["CaseResult", "Proof", "Survivor", "TestReport", "run_tests"]
