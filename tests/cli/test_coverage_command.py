"""`ostiary coverage`: the table, a paragraph in full, the other forms, and what can be wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small_rules import PROGRAM

from api.settings import default_rules

ROOT = Path(__file__).resolve().parents[2]
LAW = """
TEST-1:
  "1.2":
    says: What is collected.
    terms:
      Customer: {says: Whoever asks for an account., facts: [customer.name]}
  1.2(a):
    says: Who is watched is for the authority to say.
    slip: The authority is not named.
    untranslatable: No fact says it.
    decides: The authority.
  1.2(b):
    says: Whoever was removed stays out.
  1.2(c):
    says: Records are kept for as long as the account is open, and for two years after that, in a form that can be read.
    duties: The provider keeps them for two years.
  1.2(d):
    says: So are copies.
    with: 1.2(c)
  1.2(e):
    says: The program says what follows.
    program: [unverified.pending]
  1.2(d)(1):
    says: Who watches copies is open, too.
    with: 1.2(a)
  1.2(f):
    says: Measures rest on findings.
    orders: [finding, target]
"""
SWITCHES = """
Q1:
  question: Who stays out?
  section: 1.2(b)
  options: {removed: Whoever was removed., nobody: Nobody.}
  chosen: removed
  reason: The text says so.
  date: 2026-01-01
"""


@pytest.fixture
def legal(rules: Path, tmp_path: Path) -> Path:
    directory = tmp_path / "legal"
    shutil.copytree(rules, directory)
    (directory / "law.yaml").write_text(LAW)
    (directory / "interpretations.yaml").write_text(SWITCHES)
    (directory / "program.yaml").write_text(PROGRAM)
    collection = directory / "collection.yaml"
    removed = "has(customer.removed_as_unverified) &&"
    collection.write_text(collection.read_text().replace(removed, f"interpretation.Q1 == 'removed' && {removed}"))
    return directory


TABLE = """\
Section                 What it says                          What answers it
────────────────────────────────────────────────────────────────────────────────────────────────────
1.2                     What is collected.                    2 rules, 1 test
  Customer              Whoever asks for an account.          fact customer.name
1.2(a)                  Who is watched is for the authority   decides: the authority; slip
                        to say.
1.2(b)                  Whoever was removed stays out.        1 rule, 0 tests; Q1
1.2(c)                  Records are kept for as long as the   duty
                        account is open, and for two years
                        after that, in a form that can be
                        read.
1.2(d)                  So are copies.                        as 1.2(c): duty
1.2(e)                  The program says what follows.        program value unverified.pending
1.2(d)(1)               Who watches copies is open, too.      as 1.2(a): untranslatable
1.2(f)                  Measures rest on findings.            2 order keys
────────────────────────────────────────────────────────────────────────────────────────────────────
8 paragraphs and 1 defined term, all with an entry: 2 by rules, 1 by facts, 1 by the program, 1 by
orders, 2 by duties, 2 untranslatable
"""

FULL = """\
TEST-1/1.2(b)
  Whoever was removed stays out.
  Switch          Q1  Who stays out?
                  removed: Whoever was removed.
  Rule            small.collection/failed  deny  legal/collection.yaml:15
                  The customer was removed before.
                  no test makes it fire

1 paragraph, of 9 in all: 1 by rules
"""


def test_the_table(run: Callable, legal: Path) -> None:
    done = run("coverage", "--rules", legal)
    assert (done.code, done.err) == (0, "")
    assert done.out == TABLE


def test_a_paragraph_in_full_with_paths_as_one_would_type_them(
    run: Callable, legal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(legal.parent)
    done = run("coverage", "1.2(b)", "--rules", legal)
    assert (done.code, done.out) == (0, FULL)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("TEST-1/1.2(a)", ["Slip", "Untranslatable", "Decides         The authority."]),
        ("1.2(d)", ["Answered as     1.2(c)", "Duty            The provider keeps them for two years."]),
        ("1.2(e)", ["Program         unverified.pending: restrict"]),
        ("1.2(f)", ["Order keys      finding, target"]),
        ("customer", ["TEST-1/1.2  Customer", "Facts           customer.name"]),
        ("1.2", ["- an email address is missing", "collection_test.yaml:4", "TEST-1/1.2(f)", "8 paragraphs"]),
    ],
)
def test_everything_that_answers_is_shown(run: Callable, legal: Path, asked: str, shown: list[str]) -> None:
    done = run("coverage", asked, "--rules", legal)
    assert [line for line in shown if line not in done.out] == []
    assert all(len(line) <= 100 or str(legal) in line for line in done.out.splitlines())


def test_as_json(run: Callable, legal: Path) -> None:
    document = run("coverage", "1.2", "--format", "json", "--rules", legal).json
    first, term, untranslatable, *_ = document["paragraphs"]
    assert document["summary"]["by duties"] == 2
    assert [rule["id"] for rule in first["rules"]] == ["small.collection/email", "small.collection/watched"]
    assert first["rules"][0]["tests"] == ["an email address is missing"]
    assert (first["rules"][0]["line"], first["tests"][0]["line"]) == (10, 4)
    assert (term["term"], term["facts"]) == ("Customer", ["customer.name"])
    assert (untranslatable["decides"], untranslatable["slip"]) == ("The authority.", "The authority is not named.")
    assert document["paragraphs"][6]["program"] == {"unverified.pending": "restrict"}


def test_as_markdown(run: Callable, legal: Path) -> None:
    lines = run("coverage", "--format", "markdown", "--rules", legal).out.splitlines()
    assert "## 1.2: What is collected" in lines
    assert "| *Customer* | Whoever asks for an account. | Facts: `customer.name` |  |  |" in lines
    assert "| 1.2(b) | Whoever was removed stays out. | Rules: `small.collection/failed` | 0 | Q1 |" in lines
    assert "| 1.2(d) | So are copies. | As 1.2(c) |  |  |" in lines


def test_a_second_source_is_told_apart(run: Callable, legal: Path) -> None:
    for name, more in (
        ("sources.yaml", "TEST-2: {title: Another, status: in_force}\n"),
        ("law.yaml", 'TEST-2: {"1.2": {says: Other., duties: None.}}\n'),
    ):
        (legal / name).write_text((legal / name).read_text() + more)
    assert "\n\nTEST-2\n1.2  " in run("coverage", "--rules", legal).out
    assert "\n## TEST-2/1.2: Other\n" in run("coverage", "--format", "markdown", "--rules", legal).out
    assert "TEST-2/1.2\n  Other.\n" in run("coverage", "TEST-2/1.2", "--rules", legal).out


def test_failing_tests_are_not_counted(run: Callable, legal: Path) -> None:
    tests = legal / "collection_test.yaml"
    tests.write_text(tests.read_text().replace("outcome: hold", "outcome: allow"))
    done = run("coverage", "1.2", "--rules", legal)
    assert done.code == 0
    assert "1 rule test failed" in done.err
    assert "- an email address" not in done.out


@pytest.mark.parametrize(
    ("asked", "help_"),
    [
        ("1.2(z)", "`1.2` has `(a)`, `(b)`"),
        ("1.2(b)(1)", "`1.2(b)` has no paragraphs below it"),
        ("TEST-1/1.3", "did you mean `1.2`?"),
        ("Custommer", "did you mean `Customer`?"),
    ],
)
def test_a_paragraph_that_is_not_there(run: Callable, legal: Path, asked: str, help_: str) -> None:
    done = run("coverage", asked, "--rules", legal)
    assert (done.code, done.out) == (1, "")
    assert f"there is no paragraph or term `{asked}`" in done.err
    assert help_ in done.err


def test_rules_without_a_law(run: Callable) -> None:
    done = run("coverage")
    assert (done.code, done.out) == (1, "")
    assert "law.yaml" in done.err


def test_a_law_with_a_gap(run: Callable, legal: Path) -> None:
    law = legal / "law.yaml"
    law.write_text(law.read_text() + "  1.2(g): {says: Nothing answers this.}\n")
    done = run("coverage", "--rules", legal)
    assert (done.code, done.out) == (3, "")
    assert "nothing answers `1.2(g)`" in done.err


def test_the_page_in_the_documentation_is_that_of_the_shipped_rules(run: Callable) -> None:
    """`make coverage` writes it anew."""
    done = run("coverage", "--format", "markdown", "--rules", default_rules())
    assert done.out == (ROOT / "docs" / "coverage.md").read_text("utf-8")
