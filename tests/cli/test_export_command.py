"""`ostiary export --cel-policy`: folders that `ostiary conformance` runs, a stream, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml


@pytest.fixture
def requests(tmp_path: Path, ask: Callable) -> Path:
    file = tmp_path / "requests.ndjson"
    file.write_text("\n".join([ask(), ask(name="Watched", emails=["a@example.org"]), ask(removed_as_unverified=True)]))
    return file


def test_folders_that_conformance_runs(run: Callable, tmp_path: Path, requests: Path) -> None:
    directory = tmp_path / "out"
    done = run("export", "--cel-policy", directory, "--requests", requests)
    said = f"1 rule set as plain CEL Policy written to {directory}; what a document cannot say stands at its head\n"
    assert (done.code, done.out, done.err) == (0, said, "")
    folder = directory / "small.collection"
    assert sorted(path.name for path in folder.iterdir()) == ["config.yaml", "policy.yaml", "tests.yaml"]
    tests = yaml.safe_load((folder / "tests.yaml").read_text())["section"][0]["tests"]
    assert [[said["rule"] for rule in test["output"]["value"] for said in rule] for test in tests] == [
        ["small.collection/email"],
        ["small.collection/watched"],
        ["small.collection/email", "small.collection/failed"],
    ]
    ran = run("conformance", directory)
    assert ran.code == 0
    assert "CEL Policy, official runtime: 3 pass, 0 skip, 0 fail\n" in ran.out
    said = (folder / "tests.yaml").read_text()
    (folder / "tests.yaml").write_text(said.replace("/customer/emails", "/customer/phones"))
    assert run("conformance", directory).code == 4


def test_without_requests_there_are_no_tests(run: Callable, tmp_path: Path) -> None:
    assert run("export", "--cel-policy", tmp_path / "out").code == 0
    folder = tmp_path / "out" / "small.collection"
    assert sorted(path.name for path in folder.iterdir()) == ["config.yaml", "policy.yaml"]


@pytest.mark.parametrize("target", [(), ("-",)])
def test_a_stream_of_documents(run: Callable, target: tuple) -> None:
    done = run("export", "--cel-policy", *target)
    unsaid = "the facts that would answer 1 of its 3 rules (`needs`)"
    assert (done.code, done.err) == (0, f"small.collection: not said: {unsaid}\n")
    assert [line for line in done.out.splitlines() if line.startswith("# ")] == [
        "# config.yaml",
        "# small.collection/policy.yaml",
        "# TEST-1/1.2, from 2024-01-29",
        "# Not said here: the facts that would answer 1 of its 3 rules (`needs`).",
    ]
    config, policy = yaml.safe_load_all(done.out)
    assert [variable["name"] for variable in config["variables"]][:4] == ["action", "as_of", "provider", "product"]
    assert policy["name"] == "small.collection"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "say in which form: --cel-policy"),
        (("--cel-policy", "-", "--requests", __file__), "tests go into a directory: name one in place of `-`"),
        (("--cel-policy", "out", "--requests", "/nowhere"), "/nowhere"),
    ],
)
def test_wrong_usage(run: Callable, arguments: tuple, complaint: str) -> None:
    done = run("export", *arguments)
    assert (done.code, done.out) == (1, "")
    assert complaint in done.err


def test_a_directory_that_is_not_empty(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = run("export", "--cel-policy", tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "is not empty" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("{", "requests.ndjson:2: "), ('{"action": "nothing"}', "requests.ndjson:2: "), ("", "")],
)
def test_requests_that_cannot_be_decided(
    run: Callable, tmp_path: Path, ask: Callable, line: str, complaint: str
) -> None:
    (tmp_path / "requests.ndjson").write_text(f"{ask()}\n{line}" if line else "")
    done = run("export", "--cel-policy", tmp_path / "out", "--requests", tmp_path / "requests.ndjson")
    assert (done.code, done.out) == (1, "")
    assert f"requests.ndjson{complaint.removeprefix('requests.ndjson')}" in done.err
    assert not (tmp_path / "out").exists()


def test_rules_that_the_runtime_finds_too_deep(run: Callable, tmp_path: Path, rules: Path) -> None:
    shutil.copytree(rules, tmp_path / "rules")
    steps = [{"name": "f0", "parameters": {"p": "person"}, "expression": "has(p.name)"}]
    for n in range(20):
        meaning = f"has(p.phones) || !(has(p.emails) && deep.f{n}(p))"
        steps.append({"name": f"f{n + 1}", "parameters": {"p": "person"}, "expression": meaning})
    definitions = {"name": "definitions.deep", "functions": steps}
    (tmp_path / "rules" / "definitions").mkdir()
    (tmp_path / "rules" / "definitions" / "deep.yaml").write_text(yaml.safe_dump(definitions))
    file = tmp_path / "rules" / "collection.yaml"
    added = {"id": "deep", "for": {"o": "owners"}, "condition": "deep.f20(o)", "effect": "deny", "message": "Too deep."}
    content = yaml.safe_load(file.read_text())
    content["rule"]["aggregate"].append(added)
    file.write_text(yaml.safe_dump({**content, "uses": ["definitions.deep"]}))
    done = run("export", "--cel-policy", "--rules", tmp_path / "rules")
    assert (done.code, done.out) == (1, ""), done.err
    assert "rules/collection.yaml: this cannot be said as plain CEL Policy: small.collection/policy.yaml:" in done.err
    assert "recursion" in done.err


def test_rules_with_mistakes(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    done = run("export", "--cel-policy", "--rules", tmp_path / "rules")
    assert (done.code, done.out) == (3, "")
    assert "sources.yaml" in done.err
