"""Small suites in the forms of the published ones, in words of our own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from engine.conformance.results import Case

LAMPS = """
# proto-file: cel/expr/conformance/test/simple.proto
name: "lamps"
section {
  name: "light"
  test { name: "on" expr: "watts > 3 && watts in [5, 7]" value { bool_value: true }
    type_env { name: "watts" ident { type { primitive: INT64 } } }
    bindings { key: "watts" value { value { int64_value: 7 } } } }
  test { name: "colour" expr: "'am' + 'ber'" value { string_value: "amber" } }
}
"""
WRONG = LAMPS.replace("bool_value: true", "bool_value: false")

CONFIG = {"name": "lamps", "variables": [{"name": "watts", "type_name": "int"}]}
POLICY = {
    "name": "lamps",
    "rule": {
        "match": [{"condition": "watts > 10", "output": "'bright'"}, {"condition": "watts > 0", "output": "'dim'"}]
    },
}
BRIGHT = {"name": "bright", "input": {"watts": {"value": 60}}, "output": {"value": "bright"}}
DARK = {"name": "dark", "input": {"watts": {"expr": "1 - 1"}}, "output": {"expr": "optional.none()"}}


def one_section(*tests: Mapping[str, Any]) -> dict[str, Any]:
    """A `tests.yaml` with one section."""
    return {"section": [{"name": "s", "tests": list(tests)}]}


def write_expressions(directory: Path, **texts: str) -> Path:
    """A checkout with the expression suite, one file for each text."""
    folder = directory / "tests" / "simple" / "testdata"
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / f"{name}.textproto").write_text(text)
    return directory


def write_folder(directory: Path, **files: Any) -> Path:
    """A folder of the policy suite: `policy`, `config` and `tests`, as plain data or as text."""
    directory.mkdir(parents=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        (directory / f"{name}.yaml").write_text(text)
    return directory


def write_policies(directory: Path) -> Path:
    """A checkout with the policy suite: one document with its tests, and one that must be refused."""
    root = directory / "conformance" / "testdata"
    write_folder(root / "lamps", policy=POLICY, config=CONFIG, tests=one_section(BRIGHT, DARK))
    broken = {"name": "broken", "rule": {"match": [{"output": "volts"}]}}
    refusal = one_section({"name": "undeclared", "output": {"error_set": ["undeclared reference to 'volts'"]}})
    write_folder(root / "compile_errors" / "volts", policy=broken, tests=refusal)
    return directory


def verdicts(cases: tuple[Case, ...]) -> list[tuple[str, str, str]]:
    """Name, verdict and reason of each case."""
    return [(case.name, case.verdict, case.reason) for case in cases]
