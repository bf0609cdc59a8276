"""Programs and requests drawn at random: every evaluator of the registry decides the same, and so does the rules' text.

`python -m bench.agree` does the same at length.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import pytest
from seeded_bugs import Bug, with_bug
from small_rules import DAY, item, rule_set

from bench import agree
from bench.agreement.base import base_files
from bench.agreement.contenders import Contender, Deciding, absences, contender, known
from bench.agreement.examine import Tally, examine
from bench.agreement.facts import Facts
from bench.agreement.programs import random_program
from bench.agreement.sample import draw, texts
from bench.agreement.shrink import shrunk
from bench.agreement.words import VOCABULARY
from engine import Policy
from engine.evaluators.registry import EVALUATORS, FOR_POPULATIONS
from engine.program.expressions import OPERATIONS

SEED = 5
PROGRAMS = 40
CASES = 25
BATCHES = 4


@pytest.mark.parametrize("batch", range(BATCHES))
def test_same_decisions(batch: int) -> None:
    assert absences(known()) == {}
    # One request at a time takes those long that are for populations, and `population` asks them about all.
    names = [name for name in known() if batch == 0 or name not in FOR_POPULATIONS]
    total = Tally()
    for program in range(batch, PROGRAMS, BATCHES):
        total.add(examine(SEED, program, range(CASES), names))
    assert total.splits == []
    assert total.refused == []
    assert total.cases == PROGRAMS // BATCHES * CASES
    assert {operation.__name__ for operation in OPERATIONS} - set(total.operations) <= {"Arithmetic", "TextTest"}
    assert {"allow", "deny", "review"} <= set(total.outcomes)


def test_the_same_is_drawn_again() -> None:
    one, other = draw(3, 4), draw(3, 4)
    assert texts(one.files) == texts(other.files)
    assert one.policy.digest == other.policy.digest
    assert [one.request(n) for n in (2, 0)] == [other.request(n) for n in (2, 0)]
    assert one.request(0) != one.request(1)
    assert texts(one.files) != texts(draw(4, 4).files)


def test_every_fact_of_the_vocabulary_is_drawn() -> None:
    """In programs and in requests."""
    spoken: set[str] = set()
    said: set[str] = set()
    for number in range(200):
        program = random_program(Random(number))
        spoken |= set(re.findall(r"\w+", json.dumps(program.files)))
        facts = Facts(program)
        for case in range(10):
            said |= _keys(facts.request(Random(case))["facts"])
    fields = {name for record in VOCABULARY.records.values() for name in record.fields}
    derived = {"listed", "reaches_quarter", "resolved_pct", "problem", "target", "state", "ground", "conditions"}
    assert fields - spoken == set()
    assert fields - derived - said == set()


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for one in value.values() for key in _keys(one))}
    return {key for one in value for key in _keys(one)} if isinstance(value, list) else set()


def test_a_disagreement_is_made_small(tmp_path: Path) -> None:
    """With an evaluator that takes an empty list for one that is there."""
    bug = Bug("an empty list", "python_text.py", 'return f"bool({read})"', 'return f"({read} is not None)"')
    named = item("a", "has(customer.name) || has(product.kind)")
    mailed = item("b", "has(customer.kind) && (has(customer.emails) == true)")
    files = {**base_files(Random(0)), "rules/small.yaml": rule_set(named, mailed)}
    facts = {"customer": {"kind": "entity", "name": "x", "emails": [], "phones": ["1"]}, "product": {"kind": "cdn"}}
    request = {"action": "account.open", "as_of": DAY, "facts": facts}
    with with_bug(bug, tmp_path) as kind:

        def make(name: str, policy: Policy) -> Contender:
            return Deciding(policy, kind.make(policy.program)) if name == "other" else contender(name, policy)

        small = shrunk(files, request, ("compiled", "other"), make)
        stopped = shrunk(files, request, ("compiled", "other"), make, attempts=2)
        unparted = shrunk(files, {**request, "facts": {}}, ("compiled", "other"), make)
    assert small is not None
    assert unparted is None
    assert stopped is not None
    assert small.is_smallest
    assert not stopped.is_smallest
    assert small.request["facts"] == {"customer": {"emails": []}}
    assert small.files["rules/small.yaml"]["rule"] == {
        "aggregate": [{**mailed, "condition": "has(customer.emails) == true"}]
    }
    assert [answer.outcome for answer in small.answers] == ["allow", "deny"]


def test_the_command_on_an_evaluator_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the registry has can be named."""
    command = ["--cases", "30", "--programs", "3", "--seed", "3", "--processes", "1", "--evaluators", "compiled,wrong"]
    with with_bug(Bug("a match falls through", "generate.py", '"elif" if n else "if"', '"if"'), tmp_path) as kind:
        monkeypatch.setitem(EVALUATORS, "wrong", kind.make.__module__.partition(".")[0])
        status = agree.main([*command, "--attempts", "10"])
        said = capsys.readouterr().out
        drawn_again = said.strip().rpartition("\n.venv/bin/python -m bench.agree ")[2].split()
        again = agree.main([*drawn_again, "--attempts", "1"])
    assert status == again == 1
    assert re.search(r"^disagreements +[1-9]", said, re.MULTILINE)
    assert "# rules/set_0.yaml" in said
    assert "# stopped after 10 attempts; `--attempts 50` may make it smaller" in said
    assert drawn_again[:3] == ["--seed", "3", "--only"]
    assert re.search(r"^disagreements +1$", capsys.readouterr().out, re.MULTILINE)


def test_the_command_counts_the_same_in_any_number_of_processes(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--cases", "21", "--programs", "5", "--seed", "8"]
    told = []
    for processes in ("1", "2"):
        assert agree.main([*command, "--processes", processes]) == 0
        told.append(capsys.readouterr().out.partition("\n")[2])
    assert told[0] == told[1]
    assert re.search(r"^cases +21$", told[0], re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--evaluators", "compiled"], "one alone agrees with itself: name at least two of compiled, "),
        (["--evaluators", "compiled,other"], "`other` is not known: name at least two of compiled, "),
        (["--only", "3"], "write the number of a program and that of a case, such as 17:3"),
        (["--cases", "0"], "--cases, --programs and --processes are at least 1"),
    ],
)
def test_what_the_command_refuses(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        agree.main(arguments)
    assert problem in capsys.readouterr().err
