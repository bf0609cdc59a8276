"""`ostiary population generate`: what it writes, says and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from api.cli.population_generate import population_generate
from api.settings import default_rules

DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
FIXTURES = Path(__file__).parents[2] / "fixtures"
GENERATE = ("population", "generate", "--as-of", "2026-12-01")


def test_a_population_is_written_and_summed_up(run: Callable, tmp_path: Path) -> None:
    done = run(*GENERATE, "--accounts", 3000, "--seed", 4, "--rules", default_rules(), tmp_path / "made")
    assert (done.code, done.err) == (0, "")
    manifest = json.loads((tmp_path / "made" / "population.json").read_text())
    assert manifest["source"]["seed"] == 4
    assert manifest["source"]["malicious_share"] == 0.02
    lines = done.out.splitlines()
    assert lines[0] == f"{tmp_path / 'made'}: 3,000 accounts"
    assert lines[1].split() == ["digest", manifest["digest"]]
    assert {"by place", "by kind", "by product", "by reseller", "by label"} <= set(lines)
    assert f"{manifest['actions']['account.maintain']:,}" in done.out
    assert run("population", "describe", tmp_path / "made").out == done.out


def test_the_same_again_replaces_it_with_the_same(run: Callable, tmp_path: Path) -> None:
    arguments = (*GENERATE, "--accounts", 100, "--malicious-share", 0.5, tmp_path / "made")
    assert run(*arguments).out == run(*arguments).out


def test_distributions_of_ones_own(run: Callable, tmp_path: Path) -> None:
    own = FIXTURES / "populations" / "fiction.yaml"
    done = run(
        *GENERATE,
        "--accounts",
        500,
        "--distributions",
        own,
        "--jurisdictions",
        FIXTURES / "jurisdictions",
        tmp_path / "m",
    )
    assert done.code == 0
    assert "X-FREEDONIA" in done.out


def test_mistakes_of_the_file_are_shown_with_their_lines(run: Callable, tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("places:\n  US: 1\n  XX: 1\nowner: {}\n")
    done = run(*GENERATE, "--accounts", 5, "--distributions", own, tmp_path / "made")
    assert (done.code, done.out) == (1, "")
    assert f"{own}:4:1: `owner` is not a known key" in done.err
    assert "1 mistake" in done.err
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("written", "said"), [(b"\xff\xfe", "the file is not UTF-8"), (b"", "the file is empty"), (b"- 1", "not an object")]
)
def test_a_file_that_holds_no_distributions(run: Callable, tmp_path: Path, written: bytes, said: str) -> None:
    own = tmp_path / "mine.yaml"
    own.write_bytes(written)
    done = run(*GENERATE, "--accounts", 5, "--distributions", own, tmp_path / "made")
    assert done.code == 1
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_folder_of_something_else_stays_as_it_is(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear Ada")
    done = run(*GENERATE, "--accounts", 5, tmp_path / "letters")
    assert done.code == 1
    assert "the folder holds something that is no population" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    # A limit on the size of files is as good as a full disk: 2 MiB.
    command = f"ulimit -f 4096; {sys.executable} -m api {' '.join(GENERATE)} --accounts 60000 {tmp_path}/made"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the population cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("--accounts", "0"),
        ("--accounts", "many"),
        ("--accounts", "5", "--seed", "-1"),
        ("--accounts", "5", "--malicious-share", "2"),
        ("--accounts", "5", "--malicious-share", "nan"),
        ("--accounts", "5", "--as-of", "tomorrow"),
        ("--accounts", "5", "--as-of", "0001-01-01"),
        ("--accounts", "5", "--as-of", "9999-12-31"),
        ("--accounts", "5", "--distributions", "/nowhere.yaml"),
    ],
)
def test_wrong_usage_writes_nothing(run: Callable, tmp_path: Path, wrong: tuple[str, ...]) -> None:
    done = run(*GENERATE, *wrong, tmp_path / "made")
    assert (done.code, done.out) == (1, "")
    assert "Error: " in done.err
    assert not (tmp_path / "made").exists()


def test_it_is_documented() -> None:
    assert "## `ostiary population generate`" in DOCS
    for parameter in population_generate.params:
        if isinstance(parameter, click.Option):
            assert f"`{parameter.opts[0]}" in DOCS, parameter.opts
            assert parameter.help


@pytest.mark.parametrize(
    ("option", "number", "says"),
    [
        ("--accounts", "0", "give a whole number from 1 to 1000000000"),
        ("--accounts", "10000000000", "give a whole number from 1 to 1000000000"),
        ("--accounts", "1e6", "give a whole number from 1 to 1000000000"),
        ("--accounts", "9" * 5000, "give a whole number from 1 to 1000000000"),
        # The manifest is JSON under RFC 8785, which keeps no larger one.
        ("--seed", str(2**53), "give a whole number from 0 to 9007199254740991"),
        ("--seed", "-1", "give a whole number from 0 to 9007199254740991"),
        ("--as-of", "9999-12-31", "give a day from 1990-01-01 to 2999-12-31"),
        ("--as-of", "0001-01-01", "give a day from 1990-01-01 to 2999-12-31"),
    ],
)
def test_numbers_and_days_that_are_too_large(
    run: Callable, tmp_path: Path, option: str, number: str, says: str
) -> None:
    asked = {"--accounts": "5", "--as-of": "2026-12-01", option: number}
    done = run("population", "generate", *(word for pair in asked.items() for word in pair), tmp_path / "made")
    assert (done.code, done.out) == (1, "")
    assert f"Invalid value for '{option}': {says}" in done.err
    assert len(done.err) < 500
    assert not (tmp_path / "made").exists()


def test_the_largest_seed_makes_accounts(run: Callable, tmp_path: Path) -> None:
    assert run(*GENERATE, "--accounts", 5, "--seed", 2**53 - 1, tmp_path / "made").code == 0
