"""`fixtures/invalid`: one file for each defect, and beside it everything that is said about it, carets and all.

A file is loaded as a rule set of its own name, beside the sources, switches and program of `small_rules`, unless its
first line says `# stands as <path>`. One that stands in `overlay/` is laid over them and a few rules, one in
`simulation/` is a simulation of them. After a change of messages, `pytest --update-golden` writes the `.expected` files
anew; a file that loads never gets one.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from small_rules import INTERPRETATIONS, PROGRAM, SOURCES

from engine import PolicyError, load
from engine.language.diagnostic import CODES, Diagnostic
from engine.language.rendering import render_text
from engine.simulation.job import read_job
from engine.simulation.policies import job_policies
from engine.testing import run_tests

INVALID = Path(__file__).resolve().parents[2] / "fixtures" / "invalid"
DOCS = Path(__file__).resolve().parents[2] / "docs"
CASES = sorted(path.stem for path in INVALID.glob("*.yaml"))
_STANDS = re.compile(rb"\A# stands as (\S+)\n")
_PLAIN_RULES = (
    "name: plain\nsource: SRC\nsection: '1.1'\neffective: {from: 2024-01-29}\nactions: [account.open]\n"
    "rule: {match: [{id: a, effect: allow, message: Yes.}]}\n"
)
_STRICT_RULES = (
    "name: base\nsource: SRC\nsection: '1.1'\neffective: {from: 2024-01-29}\nactions: [account.open]\n"
    "rule:\n  aggregate:\n    - {id: named, effect: deny, message: No.}\n"
    "    - {id: asked, condition: '!has(customer.name)', effect: hold, needs: [customer.name], message: Who are you?}\n"
)
_PLAIN_DEFINITIONS = "name: definitions.shared\nvariables: [{name: is_named, expression: has(customer.name)}]\n"


def lay_out(name: str, directory: Path) -> None:
    """A policy in which the file is all that is wrong."""
    content = (INVALID / f"{name}.yaml").read_bytes()
    stands = _STANDS.match(content)
    others = {
        "rules/sources.yaml": SOURCES,
        "rules/interpretations.yaml": INTERPRETATIONS,
        "rules/program.yaml": PROGRAM,
    }
    others["rules/plain.yaml"] = _PLAIN_RULES
    if stands and stands[1].startswith(b"overlay/"):
        others["rules/base.yaml"] = _STRICT_RULES
        others["rules/definitions/shared.yaml"] = _PLAIN_DEFINITIONS
    (directory / "jurisdictions" / "measures").mkdir(parents=True)
    for layer in ("rules", "overlay"):
        (directory / layer / "definitions").mkdir(parents=True)
    (directory / "simulation").mkdir()
    for path, text in others.items():
        (directory / path).write_text(text, "utf-8")
    (directory / (stands[1].decode() if stands else f"rules/{name}.yaml")).write_bytes(content)


def complaints(name: str, directory: Path) -> tuple[tuple[Diagnostic, ...], str]:
    """What is said about the file, as records and as text without the directory."""
    lay_out(name, directory)
    try:
        load([directory / "rules", directory / "overlay"], directory / "jurisdictions")
        run_tests([directory / "rules", directory / "overlay"], directory / "jurisdictions")
        for simulation in (directory / "simulation").iterdir():
            job_policies(read_job(simulation), (directory / "rules",), directory / "jurisdictions")
    except PolicyError as error:
        text = render_text(error.diagnostics, error.texts).replace(f"{directory}/", "")
        return error.diagnostics, re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE) + "\n"
    return (), ""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Diagnostic, ...]]:
    """Everything said about every file."""
    return {name: complaints(name, tmp_path_factory.mktemp("golden"))[0] for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_everything_said_is_as_expected(name: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    diagnostics, text = complaints(name, tmp_path)
    assert diagnostics, f"{name}.yaml is not invalid"
    expected = INVALID / f"{name}.expected"
    if pytestconfig.getoption("--update-golden"):
        expected.write_text(text, "utf-8")
    assert text == expected.read_text("utf-8")


def test_no_expectation_is_left_over() -> None:
    assert sorted(path.stem for path in INVALID.glob("*.expected")) == CASES


def test_every_code_is_produced(said: dict[str, tuple[Diagnostic, ...]]) -> None:
    produced = {diagnostic.code for diagnostics in said.values() for diagnostic in diagnostics}
    assert produced == set(CODES)


def test_messages_are_in_one_style(said: dict[str, tuple[Diagnostic, ...]]) -> None:
    """Lower case, no final period, nothing of Python, one line, and a help that says what to do."""
    python = re.compile(r"\b(?:str|int|float|bool|dict|tuple|NoneType|None|True|False|self|\w+Error|Text|Mapping)\b")
    for diagnostic in (d for diagnostics in said.values() for d in diagnostics):
        for words in (diagnostic.message, diagnostic.help):
            if words is None:
                continue
            outside = re.sub(r"`[^`]*`", "``", words)
            assert words[0] == "`" or words[0].islower() or words.startswith(("ISO", "CEL")), words
            assert not words.endswith("."), words
            assert "\n" not in words, words
            assert words.count("`") % 2 == 0, words
            assert not python.search(outside), words
        assert len(diagnostic.message) < 200, diagnostic.message


@pytest.mark.parametrize("name", CASES)
def test_the_caret_stands_under_the_place(name: str) -> None:
    for block in (INVALID / f"{name}.expected").read_text("utf-8").rstrip().split("\n\n"):
        head, *rest = block.split("\n")
        place = re.match(r"(?:error|warning)\[R\d{3}\] (\S+):(\d+):(\d+): ", head)
        assert place is not None, head
        drawn = [line for line in rest if re.match(r" +\| *[\t \u3000]*\^+$", line)]
        if drawn:
            shown = rest[0].partition(" | ")[2]
            under = drawn[0].partition("| ")[2]
            assert len(under.rstrip("^")) <= len(shown)


@cache
def sections() -> dict[str, str]:
    """The sections of docs/diagnostics.md by their headings."""
    page = (DOCS / "diagnostics.md").read_text("utf-8")
    parts = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    text = sections()[f"{code}: {CODES[code]}"]
    examples = re.findall(r"^```text\n(.*?)```", text, flags=re.MULTILINE | re.DOTALL)
    assert examples, f"{code} has no example"
    assert "**Mend it.**" in text
    golden = "".join((INVALID / f"{name}.expected").read_text("utf-8") for name in CASES)
    for example in examples:
        assert f"[{code}]" in example
        assert example in golden, f"the example of {code} is not what is said about any file in fixtures/invalid"


def test_nothing_else_is_explained() -> None:
    explained = {heading for heading in sections() if re.match(r"R\d", heading)}
    assert explained == {f"{code}: {meaning}" for code, meaning in CODES.items()}
