"""`ostiary test`: passing, failing, none, and where a failure stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

THOROUGH = """
when: {action: account.open, as_of: 2026-11-22}
tests:
  - name: nothing is known
    given: {}
    then: {outcome: hold, findings: [small.collection/email]}
  - name: everything is as it should be
    given: {customer: {name: Ada, emails: [ada@example.org], removed_as_unverified: false}}
    then: {outcome: allow, findings: []}
  - name: everything stands against it
    given: {customer: {name: Watched, removed_as_unverified: true}}
    then:
      outcome: deny
      findings: [small.collection/email, small.collection/failed, small.collection/watched]
"""

TESTS_OF_ONE = """
when: {action: account.open, as_of: 2026-11-22}
tests:
  - name: nothing is known
    given: {}
    then: {outcome: hold, findings: [small.collection/email, small.other/email]}
"""


@pytest.fixture
def failing(rules: Path, tmp_path: Path) -> Path:
    directory = tmp_path / "failing"
    shutil.copytree(rules, directory)
    tests = directory / "collection_test.yaml"
    tests.write_text(tests.read_text().replace("outcome: hold", "outcome: allow"))
    return directory


def test_passing(run: Callable) -> None:
    done = run("test")
    assert done.code == 0
    assert done.out == (
        "1 test: 1 passed, 0 failed\n"
        "2 rules that no passing test makes fire:\n"
        "  small.collection/failed\n"
        "  small.collection/watched\n"
        "1 rule that no passing test leaves quiet:\n"
        "  small.collection/email\n"
    )


def test_failing_tests_say_where_and_how(run: Callable, failing: Path) -> None:
    done = run("test", failing)
    assert done.code == 4
    assert f"{failing}/collection_test.yaml:4: an email address is missing\n" in done.out
    assert "outcome is hold, expected allow" in done.out
    assert "1 test: 0 passed, 1 failed" in done.out


def test_one_test_file(run: Callable, failing: Path) -> None:
    done = run("test", failing / "collection_test.yaml", "--format", "json")
    assert done.code == 4
    assert (done.json["passed"], done.json["failed"]) == (0, 1)
    (case,) = done.json["cases"]
    assert (case["line"], case["passed"], case["fired"]) == (4, False, ["small.collection/email"])


def test_no_tests_is_not_a_success(run: Callable, rules: Path) -> None:
    done = run("test", rules / "collection.yaml")
    assert (done.code, done.out) == (1, "")
    assert "no rule test" in done.err


def test_a_test_file_with_a_mistake(run: Callable, failing: Path) -> None:
    (failing / "collection_test.yaml").write_text("tests: 5\n")
    done = run("test", failing)
    assert done.code == 3
    assert "collection_test.yaml:1" in done.err


def test_mutants(run: Callable, rules: Path) -> None:
    done = run("test", "--mutants")
    assert done.code == 0
    assert "5 conditions: 0 made a difference both by holding and by failing\n" in done.out
    assert (
        f"  {rules}/collection.yaml:11  small.collection/email\n"
        "    !has(customer.emails)\n"
        "      has(customer.emails) -> false\n"
        f"  {rules}/collection.yaml:17  small.collection/failed\n"
    ) in done.out
    assert all(len(line) <= 100 for line in done.out.splitlines() if str(rules) not in line)


def test_tests_that_fail_prove_nothing(run: Callable, failing: Path) -> None:
    assert "13 changes to the rules: 0 noticed by a test (0.0 %)" in run("test", "--mutants", failing).out


def test_mutants_as_json(run: Callable) -> None:
    proof = run("test", "--mutants", "--format", "json").json["proof"]
    assert proof["conditions"] == {"total": 5, "decided_both_ways": 0}
    left = proof["survivors"]
    assert proof["mutants"]["total"] == proof["mutants"]["killed"] + len(left)
    assert {
        "owner": "small.collection/email",
        "line": 11,
        "change": "never",
        "after": "false",
        "decided": False,
    }.items() <= left[0].items()
    assert proof["unused_definitions"] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--strict"], 4), (["--strict", "--mutants"], 4), (["--mutants"], 0)],
)
def test_strict(run: Callable, arguments: list[str], code: int) -> None:
    assert run("test", *arguments).code == code


def test_strict_is_content_with_thorough_tests(run: Callable, rules: Path, tmp_path: Path) -> None:
    directory = tmp_path / "thorough"
    shutil.copytree(rules, directory)
    (directory / "collection_test.yaml").write_text(THOROUGH)
    done = run("test", "--strict", "--mutants", directory)
    assert (done.code, done.out.splitlines()[-1]) == (0, "13 changes to the rules: 13 noticed by a test (100 %)")


def test_mutants_of_the_rules_beside_a_test_file(run: Callable, rules: Path, tmp_path: Path) -> None:
    directory = tmp_path / "two"
    shutil.copytree(rules, directory)
    other = (directory / "collection.yaml").read_text().replace("small.collection", "small.other")
    (directory / "other.yaml").write_text(other.replace("message: ", "message: Once more. "))
    (directory / "collection_test.yaml").write_text(TESTS_OF_ONE)
    whole = run("test", "--mutants", "--format", "json", directory).json["proof"]["mutants"]["total"]
    done = run("test", "--mutants", "--format", "json", directory / "collection_test.yaml")
    assert done.json["proof"]["mutants"]["total"] == 13 < whole
    assert {survivor["owner"].partition("/")[0] for survivor in done.json["proof"]["survivors"]} == {"small.collection"}
