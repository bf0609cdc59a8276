"""Tests that stand beside rules: given facts, when asked, then this outcome."""

from engine.testing.run import CaseResult, TestReport, run_tests

__all__ = ["CaseResult", "TestReport", "run_tests"]
