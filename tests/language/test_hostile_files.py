"""Files made to exhaust the reader are refused in bounded time and memory, by a process that lives on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine import PolicyError, load

ROOT = Path(__file__).resolve().parents[2]

HEAD = """\
name: hostile
source: T
section: "1.1"
effective: {from: 2024-01-29}
actions: [account.open]
rule:
  aggregate:
    - {id: a, effect: deny, message: No., condition: "%s"}
"""
DOUBLING = "".join(f"    - {{name: v{n + 1}, expression: 'variables.v{n} != variables.v{n}'}}\n" for n in range(60))
FILES = {
    "aliases": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "flow nesting": "[" * 10_000,
    "mapping nesting": "{a: " * 10_000,
    "block nesting": "- " * 10_000,
    "key nesting": "? " * 10_000,
    "a million deep": "[" * 1_000_000,
    "a megabyte of text": "name: " + "x" * 1_000_000,
    "two megabytes": "name: x\n" * 250_000,
    "many nodes": "a: [" + "1," * 300_000 + "1]",
    "an unclosed quote": "name: 'x\n" * 50_000,
    "parentheses": HEAD % ("(" * 10_000 + "true" + ")" * 10_000),
    "lists": HEAD % ("[" * 2_000 + "]" * 2_000),
    "a megabyte of CEL": HEAD % ("true && " * 100_000 + "true"),
    "sums": HEAD % ("1+" * 2_000 + "1 == 1"),
    "ternaries": HEAD % ("true ? true : " * 250 + "true"),
    "negations": HEAD % ("!" * 4_001 + "1"),
    "doubling variables": HEAD.replace(
        "  aggregate:", "  variables:\n    - {name: v0, expression: has(customer.name)}\n" + DOUBLING + "  aggregate:"
    )
    % "variables.v60",
    "control characters": "name: \x07\n",
}
LOAD = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
from engine import PolicyError, load
for name in sys.argv[2:]:
    try:
        load(Path(name), Path(sys.argv[1]))
    except PolicyError as error:
        print(name, len(error.diagnostics))
    else:
        print(name, "loaded")
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one process of bounded memory says of each file."""
    directories = {}
    for name, text in FILES.items():
        directory = tmp_path_factory.mktemp("hostile")
        (directory / "sources.yaml").write_text("T: {title: A rule, status: proposed_not_in_force}\n")
        (directory / "hostile.yaml").write_text(text, "utf-8")
        directories[str(directory)] = name
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(ROOT / "jurisdictions"), *directories],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {directories[line.split()[0]]: line.split()[1] for line in done.stdout.splitlines()}


@pytest.mark.parametrize("name", FILES)
def test_hostile_file_is_refused_with_a_few_words(name: str, answers: dict[str, str]) -> None:
    assert answers[name] != "loaded"
    assert 1 <= int(answers[name]) <= 70


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_bytes(b"T: {title: \xff, status: x}\n")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load(tmp_path, ROOT / "jurisdictions")
