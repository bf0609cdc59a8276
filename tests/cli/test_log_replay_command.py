"""`ostiary log replay`: what it shows of logs that the service wrote, and its exit codes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import attrs
import fixture_logs
import pytest
import rfc8785

from engine.audit import DecisionLog, Entry
from engine.policy.load import SEMANTICS

ALLOWED = {"emails": ["ada@example.com"]}
PEOPLE = {
    "ada": ALLOWED,
    "bob": {},
    "eve": {**ALLOWED, "removed_as_unverified": True},
    "watched": {**ALLOWED, "name": "Watched"},
}
OVERLAY_SOURCES = "OWN: {title: Our own, status: internal_policy}\n"
OVERLAY = {
    "sources.yaml": OVERLAY_SOURCES,
    "tighten.yaml": "small.collection/watched: deny\n",
    "more.yaml": """
name: more.names
description: A name is asked for
source: OWN
section: "3.1"
effective: {from: 2024-01-29}
actions: [account.open]
rule:
  aggregate:
    - id: name
      condition: "!has(customer.name)"
      effect: review
      message: The name of the customer is not on record.
""",
}
FIRST, LATER = datetime(2026, 11, 22, 17, tzinfo=UTC), datetime(2026, 12, 24, 17, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path, rules: Path, ask: Callable[..., str]) -> Path:
    """A log of an activation and four decisions, #1 to #4."""
    requests = {name: json.loads(ask(**customer)) for name, customer in PEOPLE.items()}
    fixture_logs.write(tmp_path / "data", requests, rules=[rules], at=FIRST)
    return tmp_path / "data"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    directory = tmp_path / "overlay"
    directory.mkdir()
    for name, text in OVERLAY.items():
        (directory / name).write_text(text)
    return directory


def only(change: Callable[[Entry], Entry], index: int) -> Callable[[Entry], Entry]:
    """The change for the entry that stands there, by its id."""
    return lambda entry: change(entry) if entry.id.endswith(f"{index:012}") else entry


def allow_anyway(entry: Entry) -> Entry:
    body = json.loads(entry.body)
    body["decision"] |= {"outcome": "allow", "allowed": True, "findings": [], "needs": []}
    return attrs.evolve(entry, body=json.dumps(body, separators=(",", ":")).encode())


def test_what_was_decided_is_decided_again(run: Callable, data: Path) -> None:
    done = run("log", "replay", "--data", data)
    assert (done.code, done.out, done.err) == (
        0,
        "4 decisions decided again: 4 the same, 0 differ, 0 not replayable\n",
        "",
    )


def test_nothing_is_recorded(run: Callable, data: Path, overlay: Path, rules: Path) -> None:
    run("log", "replay", "--data", data)
    run("log", "replay", "--data", data, "--policy", rules, "--policy", overlay)
    with DecisionLog.open(data) as log:
        assert log.size() == 5


def test_an_altered_record_is_shown_and_changes_the_exit_code(run: Callable, data: Path, tmp_path: Path) -> None:
    fixture_logs.copy(data, tmp_path / "copy", only(allow_anyway, 3))
    done = run("log", "replay", "--data", tmp_path / "copy")
    assert done.code == 2
    assert done.out == (
        "4 decisions decided again: 3 the same, 1 differ, 0 not replayable\n"
        "\n"
        "recorded \\ now  allow  restrict  hold  deny\n"
        "allow               1         .     .     1\n"
        "restrict            .         1     .     .\n"
        "hold                .         .     1     .\n"
        "\n"
        "Outcomes that change, the worst first\n"
        "  allow -> deny  1\n"
        "      #3  01900000-0000-7000-8000-000000000003\n"
        "\n"
        "Rules that fire newly\n"
        "  small.collection/failed  1  TEST-1/1.2(b)  #3\n"
        "\n"
        "#3 01900000-0000-7000-8000-000000000003  allow -> deny\n"
        "  fires now  small.collection/failed  TEST-1/1.2(b)\n"
    )


def test_other_bytes_that_say_the_same_differ(run: Callable, data: Path, tmp_path: Path) -> None:
    spaced = only(lambda entry: attrs.evolve(entry, body=entry.body.replace(b'"v":1', b'"v": 1')), 1)
    fixture_logs.copy(data, tmp_path / "copy", spaced)
    done = run("log", "replay", "--data", tmp_path / "copy")
    assert done.code == 2
    assert "  it says the same in other bytes\n" in done.out


def test_what_cannot_be_replayed_is_counted_with_its_reason(run: Callable, data: Path, tmp_path: Path) -> None:
    without_facts = only(lambda entry: attrs.evolve(entry, facts=None), 2)
    fixture_logs.copy(data, tmp_path / "copy", without_facts)
    done = run("log", "replay", "--data", tmp_path / "copy")
    assert done.code == 0
    assert done.out == (
        "4 decisions decided again: 3 the same, 0 differ, 1 not replayable\n"
        "\n"
        "Not replayable\n"
        "  no facts are kept with the decision  1  #2\n"
    )
    fixture_logs.copy(data, tmp_path / "bare", without_facts, digests=())
    document = run("log", "replay", "--data", tmp_path / "bare", "--format", "json").json
    assert (document["decisions"], document["same"], document["not_replayable"]) == (4, 0, 4)
    assert [(one["reason"], one["decisions"]) for one in document["reasons_not_replayable"]] == [
        ("no_policy", 3),
        ("facts_gone", 1),
    ]
    assert re.fullmatch(
        r"no policy sha256:\w{64} is stored in the log", document["reasons_not_replayable"][0]["detail"]
    )


def test_another_program_is_asked_what_would_change(run: Callable, data: Path, overlay: Path, rules: Path) -> None:
    done = run("log", "replay", "--data", data, "--policy", rules, "--policy", overlay)
    assert (done.code, done.err) == (0, "")
    assert re.sub(r"sha256:\w{64}", "sha256:…", done.out) == (
        "4 decisions decided again: 0 the same, 4 would change, 0 not replayable\n"
        "on policy sha256:…\n"
        "\n"
        "recorded \\ now  review  deny\n"
        "allow                1     .\n"
        "restrict             .     1\n"
        "hold                 1     .\n"
        "deny                 .     1\n"
        "\n"
        "Outcomes that change, the worst first\n"
        "  allow -> review   1\n"
        "      #1  01900000-0000-7000-8000-000000000001\n"
        "  restrict -> deny  1\n"
        "      #4  01900000-0000-7000-8000-000000000004\n"
        "  hold -> review    1\n"
        "      #2  01900000-0000-7000-8000-000000000002\n"
        "\n"
        "Rules that fire newly\n"
        "  more.names/name  3  OWN/3.1  #1 #2 #3\n"
        "\n"
        "Rules that fire with another effect, section, message or place\n"
        "  small.collection/watched  1  TEST-1/1.2  #4\n"
        "\n"
        "Other parts that change\n"
        "  needs         1  #2\n"
        "  restrictions  1  #4\n"
    )


def test_the_same_as_json(run: Callable, data: Path, overlay: Path, rules: Path) -> None:
    arguments = ("--policy", rules, "--policy", overlay, "--format", "json", "--show", 1)
    done = run("log", "replay", "--data", data, *arguments)
    document = done.json
    assert done.code == 0
    (recorded,) = document["programs"]
    assert document["program"].startswith("sha256:")
    assert document["program"] != recorded["digest"]
    assert (recorded["semantics"], recorded["decisions"]) == (document["semantics"], 4)
    assert (document["same"], document["differ"], document["statements"]) == (0, 4, [])
    assert document["outcomes"][0] == {"before": "allow", "after": "review", "decisions": 1}
    id_ = "01900000-0000-7000-8000-000000000001"
    assert document["rule_changes"] == [
        {
            "change": "fires",
            "rule": "more.names/name",
            "section": "OWN/3.1",
            "decisions": 3,
            "examples": [{"index": 1, "id": id_}],
        },
        {
            "change": "altered",
            "rule": "small.collection/watched",
            "section": "TEST-1/1.2",
            "decisions": 1,
            "examples": [{"index": 4, "id": id_[:-1] + "4"}],
        },
    ]


@pytest.fixture
def of_old(data: Path, tmp_path: Path) -> tuple[Path, str]:
    """The log as if its program were written for the first version of the language, and that program's digest."""
    with DecisionLog.open(data) as old, DecisionLog.open(tmp_path / "old") as new:
        digest = json.loads(next(iter(old.entries())).body)["policy"]
        policy = old.policy(digest)
        assert policy is not None
        document = rfc8785.dumps({**json.loads(policy.document), "semantics": "1"})
        changed = "sha256:" + hashlib.sha256(document).hexdigest()
        new.store_policy(changed, document, policy.files)
        for entry in old.entries():
            body = entry.body.replace(digest.encode(), changed.encode())
            new.append(Entry(entry.kind, entry.id, body, facts=old.facts(entry.id)))
    return tmp_path / "old", changed


def test_another_version_of_the_language_is_said_and_not_tried(run: Callable, of_old: tuple[Path, str]) -> None:
    data, digest = of_old
    done = run("log", "replay", "--data", data)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "4 decisions decided again: 0 the same, 0 differ, 4 not replayable\n"
        "\n"
        "Not replayable\n"
        f"  policy {digest} is written for semantics `1` and this engine reads `{SEMANTICS}`; "
        "replay it with the release that decided  4  #1 #2 #3 …\n"
    )
    asked = run("log", "replay", "--data", data, "--policy", digest)
    assert (asked.code, asked.out) == (1, "")
    assert f"semantics `1` and this engine reads `{SEMANTICS}`" in asked.err


def test_a_change_may_come_from_the_language(run: Callable, of_old: tuple[Path, str], rules: Path) -> None:
    data, digest = of_old
    statement = (
        f"4 decisions on policy {digest} followed semantics `1` and this engine reads `{SEMANTICS}`: a change may come "
        "from the engine and not from the program"
    )
    assert f"\n\n{statement}\n" in run("log", "replay", "--data", data, "--policy", rules).out
    document = run("log", "replay", "--data", data, "--policy", rules, "--format", "json").json
    assert (document["statements"], document["same"]) == ([statement], 4)
    assert document["programs"] == [{"digest": digest, "semantics": "1", "decisions": 4}]


@pytest.fixture
def two_programs(data: Path, overlay: Path, rules: Path, ask: Callable[..., str]) -> Path:
    """Further decisions a month later, after the overlay was laid over the rules: #6 to #9."""
    requests = {name: json.loads(ask(**customer)) for name, customer in PEOPLE.items()}
    fixture_logs.write(data, requests, rules=[rules, overlay], at=LATER)
    return data


def test_each_decision_is_decided_by_its_own_program(run: Callable, two_programs: Path) -> None:
    done = run("log", "replay", "--data", two_programs, "--format", "json")
    assert (done.code, done.json["same"], done.json["differ"]) == (0, 8, 0)
    assert [one["decisions"] for one in done.json["programs"]] == [4, 4]


def test_a_program_of_the_log_is_asked_by_its_digest(run: Callable, two_programs: Path) -> None:
    programs = run("log", "replay", "--data", two_programs, "--format", "json").json["programs"]
    first, second = (one["digest"] for one in programs)
    milder = run("log", "replay", "--data", two_programs, "--policy", first, "--format", "json").json
    assert (milder["program"], milder["same"], milder["differ"]) == (first, 4, 4)
    assert [f"{one['before']} -> {one['after']}" for one in milder["outcome_changes"]] == [
        "review -> hold",
        "review -> allow",
        "deny -> restrict",
    ]
    assert {(one["change"], one["rule"]) for one in milder["rule_changes"]} == {
        ("silent", "more.names/name"),
        ("altered", "small.collection/watched"),
    }
    stricter = run("log", "replay", "--data", two_programs, "--policy", second)
    assert "8 decisions decided again: 4 the same, 4 would change" in stricter.out


@pytest.mark.parametrize(
    ("since", "decisions"),
    [
        ("0", 8),
        ("2", 7),
        ("6", 4),
        ("9", 1),
        ("10", 0),
        ("5000", 0),
        ("2020-01-01", 8),
        ("2026-11-22", 8),
        ("2026-11-23", 4),
        ("2026-12-24", 4),
        ("2026-12-25", 0),
    ],
)
def test_it_begins_where_it_is_told(run: Callable, two_programs: Path, since: str, decisions: int) -> None:
    done = run("log", "replay", "--data", two_programs, "--since", since)
    told = f"{decisions} decision{'' if decisions == 1 else 's'} decided again:" if decisions else "no decisions to "
    assert (done.code, done.out.startswith(told)) == (0, True), done.out


@pytest.mark.parametrize("since", ["yesterday", "-1", "2026-13-01", "22.11.2026", ""])
def test_a_beginning_that_is_none_is_refused(run: Callable, data: Path, since: str) -> None:
    done = run("log", "replay", "--data", data, f"--since={since}")
    assert (done.code, done.out) == (1, "")
    assert f"`{since}` is neither a day of the form 2026-11-22 nor the index of an entry" in done.err


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (("nowhere",), "`nowhere` is neither a directory of rules nor the digest of a program"),
        (("sha256:12",), "`sha256:12` is not a digest; give all of it"),
        (("sha256:" + "0" * 64,), "no policy sha256:0000000000"),
        (("sha256:" + "0" * 64, "rules"), "give its digest alone, or directories only"),
    ],
)
def test_a_program_that_is_none_is_refused(run: Callable, data: Path, policy: tuple[str, ...], words: str) -> None:
    done = run("log", "replay", "--data", data, *(word for one in policy for word in ("--policy", one)))
    assert (done.code, done.out) == (1, "")
    assert words in " ".join(done.err.split())


def test_mistakes_in_a_program_are_shown(run: Callable, data: Path, rules: Path, tmp_path: Path) -> None:
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "tighten.yaml").write_text("small.collection/failed: allow\n")
    done = run("log", "replay", "--data", data, "--policy", rules, "--policy", tmp_path / "loose")
    assert (done.code, done.out) == (3, "")
    assert "R603" in done.err


def test_a_log_that_is_not_there_is_not_made(run: Callable, tmp_path: Path) -> None:
    for directory in (tmp_path / "none", tmp_path):
        done = run("log", "replay", "--data", directory)
        assert (done.code, done.out) == (1, "")
        assert f"there is no log in `{directory}`; name the directory of a service with --data" in done.err
    assert list(tmp_path.iterdir()) == []


def test_the_directory_of_the_environment_is_the_one(
    run: Callable, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTIARY_DATA", str(data))
    assert run("log", "replay").out.startswith("4 decisions")


def test_the_commands_of_the_log_are_listed(run: Callable) -> None:
    assert "replay" in run("log", "--help").out
    assert run("log", "rewind").code == 1
