"""`--rules` given again: the second directory is laid over the first, in every command that loads rules."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

TIGHTEN = "small.collection/email: deny\n"
OWN = """
name: own.phones
source: OWN
section: "3.1"
effective: {from: 2024-01-29}
actions: [account.open]
rule:
  match:
    - id: phone
      condition: "!has(customer.phones)"
      effect: hold
      needs: [customer.phones]
      message: A telephone number is missing.
"""
TESTS = """
when: {action: account.open, as_of: 2026-11-22}
tests:
  - name: an email address is missing, which weighs more here
    given: {customer: {name: Ada, phones: ["1"]}}
    then: {outcome: deny, findings: [small.collection/email]}
  - name: a telephone number is missing
    given: {customer: {name: Ada, emails: [ada@example.org]}}
    then: {outcome: hold, findings: [own.phones/phone]}
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    directory = tmp_path / "overlay"
    directory.mkdir()
    (directory / "sources.yaml").write_text("OWN: {title: Our own, status: internal_policy}\n")
    (directory / "tighten.yaml").write_text(TIGHTEN)
    (directory / "phones.yaml").write_text(OWN)
    (directory / "phones_test.yaml").write_text(TESTS)
    return directory


def test_both_are_checked_and_the_digest_is_that_of_both(run: Callable, rules: Path, overlay: Path) -> None:
    alone, both = run("check"), run("check", "--rules", rules, "--rules", overlay)
    assert both.out.startswith("no mistakes in 2 rule sets with 4 rules\npolicy sha256:")
    assert both.out.splitlines()[-1] != alone.out.splitlines()[-1]


def test_directories_in_the_environment(
    run: Callable, rules: Path, overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = run("check", "--rules", rules, "--rules", overlay)
    monkeypatch.setenv("OSTIARY_RULES", f"{rules}{os.pathsep}{overlay}")
    assert run("check").out == both.out
    assert run("check", "--rules", rules).out != both.out


@pytest.mark.parametrize("path", ["", "tighten.yaml", "phones.yaml"])
def test_a_path_in_an_overlay_is_judged_with_what_it_lies_over(
    run: Callable, rules: Path, overlay: Path, path: str
) -> None:
    both = ("--rules", rules, "--rules", overlay)
    assert run("check", overlay / path, *both).out.startswith("no mistakes in 2 rule sets")
    (overlay / "tighten.yaml").write_text("small.collection/failed: review\n")
    (overlay / "phones.yaml").write_text(OWN.replace("customer.phones", "customer.phnoes"))
    done = run("check", overlay / path, *both)
    assert (done.code, done.err) == (3, "")
    shown = {name for name in ("tighten.yaml", "phones.yaml") if f"{overlay}/{name}:" in done.out}
    assert shown == ({path} if path else {"tighten.yaml", "phones.yaml"})
    assert "^" in done.out


def test_the_tests_of_each_directory_are_asked_of_it_and_what_lies_below(
    run: Callable, rules: Path, overlay: Path
) -> None:
    done = run("test", "--rules", rules, "--rules", overlay)
    # The test of the base expects a hold where the overlay denies.
    assert (done.code, done.out.splitlines()[0]) == (0, "3 tests: 3 passed, 0 failed")
    assert "small.collection/failed" in done.out
    assert "own.phones/phone" not in done.out


def test_a_failing_test_of_an_overlay_is_shown_where_it_stands(run: Callable, rules: Path, overlay: Path) -> None:
    (overlay / "phones_test.yaml").write_text(TESTS.replace("outcome: deny", "outcome: hold"))
    done = run("test", overlay, "--rules", rules, "--rules", overlay)
    assert done.code == 4
    assert f"{overlay}/phones_test.yaml:4: an email address is missing, which weighs more here\n" in done.out
    assert done.out.endswith("2 tests: 1 passed, 1 failed\n")


def test_cases_of_the_base_are_not_replaced(run: Callable, rules: Path, overlay: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    for directory in (overlay, again):
        (directory / "cases.yaml").write_text("cases:\n  somebody: {customer: {name: Ada, phones: ['1']}}\n")
    (overlay / "phones_test.yaml").write_text(TESTS.replace('{customer: {name: Ada, phones: ["1"]}}', "somebody"))
    assert run("test", "--rules", rules, "--rules", overlay).code == 0
    done = run("test", "--rules", rules, "--rules", overlay, "--rules", again)
    assert (done.code, done.out) == (3, "")
    assert f"{again}/cases.yaml:2:3: a case `somebody` exists already below this overlay" in done.err


def test_decide_and_its_explanation(run: Callable, ask: Callable, rules: Path, overlay: Path) -> None:
    both = ("--rules", rules, "--rules", overlay)
    done = run("decide", "--explain", *both, given=ask(name="Ada"))
    assert done.code == 2
    assert done.out.startswith("DENY")
    assert f"{overlay}/phones.yaml:9" in done.out
    assert run("decide", given=ask(name="Ada")).out.startswith("HOLD")


def test_an_overlay_alone_is_told_what_it_lacks(run: Callable, overlay: Path) -> None:
    (overlay / "sources.yaml").unlink()
    done = run("check", overlay)
    assert done.code == 3
    assert "--rules BASE --rules OVERLAY" in done.out


def test_directories_that_share_files_are_refused(run: Callable, rules: Path, overlay: Path) -> None:
    inner = overlay / "inner"
    inner.mkdir()
    for given, at, words in (
        ((rules, overlay, overlay), overlay, "is given twice"),
        ((rules, rules), rules, "is given twice"),
        ((rules, overlay, overlay / "inner" / ".."), overlay, "is given twice"),
        ((rules, overlay, inner), inner, f"lies in {overlay}"),
        ((rules, inner, overlay), inner, f"lies in {overlay}"),
    ):
        done = run("check", *(part for directory in given for part in ("--rules", directory)))
        assert done.code == 3
        assert done.out.startswith(f"error[R101] {at}")
        assert words in done.out
        assert done.out.endswith("\n1 mistake\n")
