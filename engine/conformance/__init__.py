"""Conformance: the published suites of CEL and CEL Policy, run over this implementation and counted."""
