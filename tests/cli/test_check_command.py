"""`ostiary check`: where mistakes are shown, in which form, and when all is well."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

WRONG = """
name: small.extra
description: A rule set with one mistake
source: TEST-1
section: "1.2"
effective: {from: 2024-01-29}
actions: [account.open]
rule:
  aggregate:
    - id: a
      condition: "!has(customer.emials)"
      effect: hold
      needs: [customer.emails]
      message: An email address is missing.
"""


@pytest.fixture
def damaged(rules: Path, tmp_path: Path) -> Path:
    """Rules with one mistake in a file of their own."""
    directory = tmp_path / "damaged"
    shutil.copytree(rules, directory)
    (directory / "extra.yaml").write_text(WRONG)
    return directory


def test_no_mistakes(run: Callable) -> None:
    done = run("check")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("no mistakes in 1 rule set with 3 rules\npolicy sha256:")


@pytest.mark.parametrize("named_by", ["path", "option", "environment"])
def test_a_directory_of_rules(run: Callable, damaged: Path, monkeypatch: pytest.MonkeyPatch, named_by: str) -> None:
    monkeypatch.setenv("OSTIARY_RULES", str(damaged if named_by == "environment" else damaged.parent))
    arguments = {"path": (damaged,), "option": ("--rules", damaged), "environment": ()}[named_by]
    done = run("check", *arguments)
    assert (done.code, done.err) == (3, "")
    assert f"{damaged}/extra.yaml:11:" in done.out
    assert "^^^^^^" in done.out
    assert "did you mean `emails`?" in done.out
    assert done.out.endswith("\n\n1 mistake\n")


def test_one_file_in_its_place(run: Callable, damaged: Path) -> None:
    (damaged / "collection.yaml").write_text((damaged / "collection.yaml").read_text().replace("hold", "held"))
    assert run("check", damaged).out.endswith("\n2 mistakes\n")
    for name in ("extra.yaml", "collection.yaml"):
        done = run("check", damaged / name)
        assert done.code == 3
        assert done.out.count("error[") == 1
        assert f"{damaged}/{name}:" in done.out


def test_a_file_from_elsewhere_is_checked_as_if_added(run: Callable, tmp_path: Path) -> None:
    file = tmp_path / "extra.yaml"
    file.write_text(WRONG)
    done = run("check", file)
    assert done.code == 3
    assert f"{file}:11:" in done.out
    file.write_text(WRONG.replace("emials", "emails"))
    assert run("check", file).out.startswith("no mistakes in 2 rule sets with 4 rules\n")
    file.write_bytes(b"name: \xff")
    unreadable = run("check", file)
    assert (unreadable.code, "not UTF-8" in unreadable.out) == (3, True)


def test_a_copy_of_a_rule_set_is_checked_in_its_place(run: Callable, rules: Path, tmp_path: Path) -> None:
    text = next(text for path in rules.glob("*.yaml") if "name: small.collection" in (text := path.read_text("utf-8")))
    copy = tmp_path / "edited.yaml"
    copy.write_text(text.replace("customer.name ==", "customer.nmae =="))
    done = run("check", copy)
    assert (done.code, done.out.splitlines()[-1]) == (3, "1 mistake")
    assert "did you mean `name`?" in done.out


def test_json_and_sarif_are_the_same_mistakes(run: Callable, damaged: Path) -> None:
    as_json = run("check", damaged, "--format", "json")
    assert as_json.code == 3
    (mistake,) = as_json.json
    assert mistake["span"]["line"] == 11
    run_of_tool = run("check", damaged, "--format", "sarif").json["runs"][0]
    (result,) = run_of_tool["results"]
    assert result["ruleId"] == mistake["code"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 11
    assert run("check", "--format", "json").json == []
    assert run("check", "--format", "sarif").json["runs"][0]["results"] == []


def test_a_directory_without_sources_says_so(run: Callable, tmp_path: Path) -> None:
    done = run("check", tmp_path)
    assert done.code == 3
    assert "sources.yaml" in done.out


@pytest.mark.parametrize("command", ["decide", "test", "serve"])
def test_other_commands_show_mistakes_on_standard_error(run: Callable, damaged: Path, command: str) -> None:
    arguments = ("--port", "0") if command == "serve" else ()
    done = run(command, "--rules", damaged, *arguments, given=json.dumps({}))
    assert (done.code, done.out) == (3, "")
    assert f"{damaged}/extra.yaml:11:" in done.err
