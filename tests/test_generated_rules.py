"""The rules that `bench/check.py` measures are rules, beside the shipped ones as in one directory."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.generated_rules import KINDS, write_rules
from bench.shipped import JURISDICTIONS, RULES
from engine import load


def test_generated_rules_load(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(RULES, rules)
    assert write_rules(rules / "generated", 3 * len(KINDS), len(KINDS)) == 3
    shipped = {rule_set.name for rule_set in load(RULES, JURISDICTIONS).rule_sets}
    added = [one for one in load(rules, JURISDICTIONS).rule_sets if one.name not in shipped]
    assert [len(rule_set.rules) for rule_set in added] == [len(KINDS)] * 3
