"""`ostiary test`: passing, failing, none, and where a failure stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


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
