"""`ostiary decide`: forms of input and output, exit codes, and that nothing is recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from api.example import EXAMPLE_REQUEST
from api.settings import default_rules

ALLOWED = {"emails": ["ada@example.com"]}
KEYS = ["id", "outcome", "allowed", "findings", "needs", "restrictions", "duties", "policy", "log"]


@pytest.mark.parametrize(
    ("customer", "outcome", "code"),
    [
        (ALLOWED, "allow", 0),
        ({**ALLOWED, "name": "Watched"}, "restrict", 0),
        ({}, "hold", 2),
        ({**ALLOWED, "removed_as_unverified": True}, "deny", 2),
    ],
)
def test_the_exit_code_says_whether_it_is_allowed(
    run: Callable, ask: Callable, customer: dict, outcome: str, code: int
) -> None:
    done = run("decide", "--format", "json", given=ask(**customer))
    assert (done.code, done.json["outcome"], done.err) == (code, outcome, "")


def test_json_is_the_answer_of_the_service_without_a_record(run: Callable, ask: Callable) -> None:
    document = run("decide", "--format", "json", given=ask()).json
    assert list(document) == KEYS
    assert document["id"] is None
    assert document["log"] is None
    assert document["policy"]["mode"] == "dry_run"


def test_a_file_is_read_like_standard_input(run: Callable, ask: Callable, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(ask())
    assert run("decide", tmp_path / "request.json") == run("decide", given=ask()) == run("decide", "-", given=ask())


def test_nothing_is_recorded(run: Callable, ask: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("decide", given=ask())
    run("decide", "--batch", given=ask())
    assert list(tmp_path.iterdir()) == []


def test_people_get_outcome_reasons_needs_and_the_standing_of_the_law(run: Callable, ask: Callable) -> None:
    done = run("decide", given=ask(removed_as_unverified=True))
    assert done.code == 2
    assert re.sub(r"sha256:\w{64}", "sha256:…", done.out) == (
        "DENY  account.open on 2026-11-22: refused\n"
        "\n"
        "  hold    An email address has not been collected.\n"
        "          TEST-1/1.2  small.collection/email  at /customer/emails\n"
        "\n"
        "  deny    The customer was removed before.\n"
        "          TEST-1/1.2(b)  small.collection/failed  at /customer/removed_as_unverified\n"
        "\n"
        "sha256:…\n"
        "proposed not in force; dry run\n"
    )


def test_people_are_told_what_to_supply_and_what_to_honour(run: Callable, ask: Callable) -> None:
    assert "Needed\n  /customer/emails  list of email\n" in run("decide", given=ask()).out
    watched = run("decide", given=ask(**ALLOWED, name="Watched")).out
    assert watched.startswith("RESTRICT  account.open on 2026-11-22: allowed, with restrictions\n")
    assert "Restrictions\n  Watch this account.\n" in watched


def test_the_day_given_wins(run: Callable, ask: Callable) -> None:
    done = run("decide", "--as-of", "2024-06-01", "--format", "json", given=ask())
    assert done.json["policy"]["as_of"] == "2024-06-01"
    done = run("decide", "--as-of", "2020-01-01", "--batch", given=ask())
    assert done.json["outcome"] == "review"


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "22.11.2026"])
def test_a_day_that_is_none_is_refused(run: Callable, ask: Callable, day: str) -> None:
    done = run("decide", "--as-of", day, given=ask())
    assert done.code == 1
    assert f"`{day}` is not a day" in done.err


def test_an_explanation_shows_fired_rules_and_the_clause_that_failed(run: Callable, ask: Callable) -> None:
    done = run("decide", "--explain", given=ask())
    assert done.code == 2
    assert done.out.startswith("HOLD  account.open")
    assert "small.collection/email" in done.out
    assert "has(customer.removed_as_unverified)" in done.out
    assert re.search(r"collection\.yaml:\d+:\d+", done.out)
    document = run("decide", "--explain", "--format", "json", given=ask()).json
    assert list(document) == [*KEYS, "explanation"]
    assert {trace["rule"] for trace in document["explanation"]["rules"]} == {
        "small.collection/email",
        "small.collection/failed",
        "small.collection/watched",
    }


@pytest.mark.parametrize("arguments", [(), ("--explain",)])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "holds no JSON value"),
        ("{", "Line 1"),
        ('{"action":"account.open","facts":{"customer":{"emials":[]}}}', "/facts/customer/emials is not a known key"),
        ("[]", "the request"),
        ('{"a":1,"a":2}', "/a stands twice"),
        (b'"\xff"', "not UTF-8"),
        (b" " * 1_048_577, "more than 1,048,576 bytes"),
    ],
)
def test_a_bad_request_is_told_on_standard_error(run: Callable, given: bytes, words: str, arguments: tuple) -> None:
    done = run("decide", *arguments, given=given)
    assert (done.code, done.out) == (1, "")
    assert words in done.err


def test_a_bad_request_as_json_is_a_problem(run: Callable) -> None:
    done = run("decide", "--format", "json", given="{")
    assert (done.code, done.err) == (1, "")
    assert done.json["type"] == "/problems/malformed-json"


def test_text_of_a_request_cannot_command_the_terminal(run: Callable) -> None:
    done = run("decide", given='{"action":"account.open","facts":{"\\u001b[2J\\u0007":1}}')
    assert done.code == 1
    assert "\x1b" not in done.err
    assert "\x07" not in done.err


def test_a_batch_is_answered_line_by_line_in_order(run: Callable, ask: Callable) -> None:
    lines = [ask(**ALLOWED), "{", ask(), "", '{"action":1,"facts":{}}', ask(**ALLOWED), "", " "]
    done = run("decide", "--batch", given="\n".join(lines))
    assert done.code == 1
    assert [line.get("outcome") for line in done.lines] == ["allow", None, "hold", None, None, "allow"]
    assert [line["item"] for line in done.lines if "item" in line] == [1, 3, 4]


@pytest.mark.parametrize(
    ("customers", "code"), [([ALLOWED, ALLOWED], 0), ([ALLOWED, {}], 2), ([], 0)], ids=["allowed", "held", "none"]
)
def test_the_exit_code_of_a_batch(run: Callable, ask: Callable, customers: list, code: int) -> None:
    done = run("decide", "--batch", given="\n".join(ask(**customer) for customer in customers))
    assert (done.code, len(done.lines)) == (code, len(customers))


def test_a_line_that_is_too_long_spoils_only_itself(run: Callable, ask: Callable) -> None:
    longest = ask(**ALLOWED).ljust(1_048_576)
    done = run("decide", "--batch", given="\n".join([longest, longest + " x", ask(), "x" * 3_000_000, ask()]))
    assert [line.get("outcome") for line in done.lines] == ["allow", None, "hold", None, "hold"]
    assert {line["type"] for line in done.lines if "type" in line} == {"/problems/body-too-large"}


def test_the_same_input_gives_the_same_bytes(run: Callable, ask: Callable) -> None:
    lines = "\n".join([ask(), ask(**ALLOWED)] * 3)
    assert run("decide", "--batch", given=lines) == run("decide", "--batch", given=lines)


@pytest.mark.parametrize("arguments", [("--explain",), ("--format", "human")])
def test_a_batch_goes_with_neither_explanations_nor_prose(run: Callable, arguments: tuple) -> None:
    done = run("decide", "--batch", *arguments)
    assert (done.code, done.out) == (1, "")
    assert "--batch" in done.err


def test_the_rules_that_come_with_ostiary_decide_like_the_service(run: Callable) -> None:
    done = run("decide", "--format", "json", "--rules", default_rules(), given=json.dumps(EXAMPLE_REQUEST))
    assert (done.code, done.json["outcome"]) == (2, "hold")
    assert [need["at"] for need in done.json["needs"]] == ["/customer/emails"]
