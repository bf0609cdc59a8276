"""`ostiary log replay`: what it shows of logs that the service wrote, and its exit codes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import attrs
import fixture_logs
import pytest
import rfc8785
from small_log import REQUESTS, Logged

from engine.audit import DecisionLog, Entry
from engine.audit.store.sqlite.opening import DATABASE, KEYS
from engine.policy.load import SEMANTICS

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
LATER = datetime(2026, 12, 24, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("overlay")
    for name, text in OVERLAY.items():
        (directory / name).write_text(text)
    return directory


def only(change: Callable[[Entry], Entry], id_: str) -> Callable[[Entry], Entry]:
    return lambda entry: change(entry) if entry.id == id_ else entry


def allow_anyway(entry: Entry) -> Entry:
    body = json.loads(entry.body)
    body["decision"] |= {"outcome": "allow", "allowed": True, "findings": [], "needs": []}
    return attrs.evolve(entry, body=json.dumps(body, separators=(",", ":")).encode())


def test_what_was_decided_is_decided_again(run: Callable, logged: Logged) -> None:
    done = run("log", "replay", "--data", logged.data)
    assert (done.code, done.out, done.err) == (
        0,
        "4 decisions decided again: 4 the same, 0 differ, 0 not replayable\n",
        "",
    )


def test_nothing_is_recorded(run: Callable, logged: Logged, overlay: Path, rules: Path) -> None:
    before = content(logged.data)
    run("log", "replay", "--data", logged.data)
    run("log", "replay", "--data", logged.data, "--policy", rules, "--policy", overlay)
    assert content(logged.data) == before


def content(data: Path) -> dict[str, list[str]]:
    """Every row of every table, and the other files by their names."""
    found = {path.name: [] for path in data.iterdir()}
    for name in (DATABASE, KEYS):
        with contextlib.closing(sqlite3.connect(data / name)) as db:
            found[name] = list(db.iterdump())
    return found


def test_an_altered_record_is_shown_and_changes_the_exit_code(run: Callable, logged: Logged, tmp_path: Path) -> None:
    fixture_logs.copy(logged.data, tmp_path / "copy", only(allow_anyway, logged.id("eve")))
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
        f"      #{logged.index('eve')}  {logged.id('eve')}\n"
        "\n"
        "Rules that fire newly\n"
        f"  small.collection/failed  1  TEST-1/1.2(b)  #{logged.index('eve')}\n"
        "\n"
        f"#{logged.index('eve')} {logged.id('eve')}  allow -> deny\n"
        "  fires now  small.collection/failed  TEST-1/1.2(b)\n"
    )


def test_other_bytes_that_say_the_same_differ(run: Callable, logged: Logged, tmp_path: Path) -> None:
    spaced = only(lambda entry: attrs.evolve(entry, body=entry.body.replace(b'"v":2', b'"v": 2')), logged.id("ada"))
    fixture_logs.copy(logged.data, tmp_path / "copy", spaced)
    done = run("log", "replay", "--data", tmp_path / "copy")
    assert done.code == 2
    assert "  it says the same in other bytes\n" in done.out


def test_what_cannot_be_replayed_is_counted_with_its_reason(run: Callable, logged: Logged, tmp_path: Path) -> None:
    without_facts = only(lambda entry: attrs.evolve(entry, sealed=None), logged.id("bob"))
    fixture_logs.copy(logged.data, tmp_path / "copy", without_facts)
    done = run("log", "replay", "--data", tmp_path / "copy")
    assert done.code == 0
    assert done.out == (
        "4 decisions decided again: 3 the same, 0 differ, 1 not replayable\n"
        "\n"
        "Not replayable\n"
        f"  no facts are kept with the decision  1  #{logged.index('bob')}\n"
    )
    fixture_logs.copy(logged.data, tmp_path / "bare", without_facts, digests=())
    document = run("log", "replay", "--data", tmp_path / "bare", "--format", "json").json
    assert (document["decisions"], document["same"], document["not_replayable"]) == (4, 0, 4)
    assert [(one["reason"], one["decisions"]) for one in document["reasons_not_replayable"]] == [
        ("no_policy", 3),
        ("facts_gone", 1),
    ]
    assert re.fullmatch(
        r"no policy sha256:\w{64} is stored in the log", document["reasons_not_replayable"][0]["detail"]
    )


@pytest.mark.parametrize("body", [b"[1]", b"1", b""])
def test_a_record_that_is_none_does_not_end_it(run: Callable, logged: Logged, tmp_path: Path, body: bytes) -> None:
    bare = only(lambda entry: attrs.evolve(entry, body=body, sealed=None), logged.id("bob"))
    fixture_logs.copy(logged.data, tmp_path / "copy", bare)
    done = run("log", "replay", "--data", tmp_path / "copy", "--since", "2026-11-22")
    assert done.code == 0
    assert done.out == (
        "4 decisions decided again: 3 the same, 0 differ, 1 not replayable\n"
        "\n"
        "Not replayable\n"
        f"  the record is not a JSON object  1  {logged.marks('bob')}\n"
    )


def test_another_program_is_asked_what_would_change(run: Callable, logged: Logged, overlay: Path, rules: Path) -> None:
    done = run("log", "replay", "--data", logged.data, "--policy", rules, "--policy", overlay)
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
        f"      #{logged.index('ada')}  {logged.id('ada')}\n"
        "  restrict -> deny  1\n"
        f"      #{logged.index('watched')}  {logged.id('watched')}\n"
        "  hold -> review    1\n"
        f"      #{logged.index('bob')}  {logged.id('bob')}\n"
        "\n"
        "Rules that fire newly\n"
        f"  more.names/name  3  OWN/3.1  {logged.marks('ada', 'bob', 'eve')}\n"
        "\n"
        "Rules that fire with another effect, section, message or place\n"
        f"  small.collection/watched  1  TEST-1/1.2  {logged.marks('watched')}\n"
        "\n"
        "Other parts that change\n"
        f"  needs         1  {logged.marks('bob')}\n"
        f"  restrictions  1  {logged.marks('watched')}\n"
    )


def test_the_same_as_json(run: Callable, logged: Logged, overlay: Path, rules: Path) -> None:
    arguments = ("--policy", rules, "--policy", overlay, "--format", "json", "--show", 1)
    done = run("log", "replay", "--data", logged.data, *arguments)
    document = done.json
    assert done.code == 0
    (recorded,) = document["programs"]
    assert document["program"].startswith("sha256:")
    assert document["program"] != recorded["digest"]
    assert (recorded["semantics"], recorded["decisions"]) == (document["semantics"], 4)
    assert (document["same"], document["differ"], document["statements"]) == (0, 4, [])
    assert document["outcomes"][0] == {"before": "allow", "after": "review", "decisions": 1}
    assert document["rule_changes"] == [
        {
            "change": "fires",
            "rule": "more.names/name",
            "section": "OWN/3.1",
            "decisions": 3,
            "examples": [{"index": logged.index("ada"), "id": logged.id("ada")}],
        },
        {
            "change": "altered",
            "rule": "small.collection/watched",
            "section": "TEST-1/1.2",
            "decisions": 1,
            "examples": [{"index": logged.index("watched"), "id": logged.id("watched")}],
        },
    ]


@pytest.fixture(scope="module")
def of_old(logged: Logged, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The log as if its program were written for the first version of the language, and that program's digest."""
    data = tmp_path_factory.mktemp("old") / "data"
    with DecisionLog.open(logged.data) as log:
        digest = json.loads(log.last_of("policy_activated").body)["policy"]
        policy = log.policy(digest)
    document = rfc8785.dumps({**json.loads(policy.document), "semantics": "1"})
    changed = "sha256:" + hashlib.sha256(document).hexdigest()

    def as_if(entry: Entry) -> Entry:
        return attrs.evolve(entry, body=entry.body.replace(digest.encode(), changed.encode()))

    fixture_logs.copy(logged.data, data, as_if, digests=())
    with DecisionLog.open(data) as log:
        log.store_policy(changed, document, policy.files)
    return data, changed


def test_another_version_of_the_language_is_said_and_not_tried(
    run: Callable, logged: Logged, of_old: tuple[Path, str]
) -> None:
    data, digest = of_old
    done = run("log", "replay", "--data", data)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "4 decisions decided again: 0 the same, 0 differ, 4 not replayable\n"
        "\n"
        "Not replayable\n"
        f"  policy {digest} is written for semantics `1` and this engine reads `{SEMANTICS}`; "
        f"replay it with the release that decided  4  {logged.marks('ada', 'bob', 'eve')} …\n"
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


@pytest.fixture(scope="module")
def two_programs(tmp_path_factory: pytest.TempPathFactory, overlay: Path, rules: Path) -> tuple[Path, list[int]]:
    """Decisions, and as many a month later, after the overlay was laid over the rules; where all of them stand."""
    data = tmp_path_factory.mktemp("two") / "data"
    first = fixture_logs.write(data, REQUESTS, rules=[rules])
    second = fixture_logs.write(data, REQUESTS, rules=[rules, overlay], at=LATER)
    return data, [place.index for place in (*first.values(), *second.values())]


def test_each_decision_is_decided_by_its_own_program(run: Callable, two_programs: tuple[Path, list[int]]) -> None:
    done = run("log", "replay", "--data", two_programs[0], "--format", "json")
    assert (done.code, done.json["same"], done.json["differ"]) == (0, 8, 0)
    assert [one["decisions"] for one in done.json["programs"]] == [4, 4]


def test_a_program_of_the_log_is_asked_by_its_digest(run: Callable, two_programs: tuple[Path, list[int]]) -> None:
    programs = run("log", "replay", "--data", two_programs[0], "--format", "json").json["programs"]
    first, second = (one["digest"] for one in programs)
    milder = run("log", "replay", "--data", two_programs[0], "--policy", first, "--format", "json").json
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
    stricter = run("log", "replay", "--data", two_programs[0], "--policy", second)
    assert "8 decisions decided again: 4 the same, 4 would change" in stricter.out


@pytest.mark.parametrize(
    ("since", "decisions"),
    [
        ("0", 8),
        ("5000", 0),
        ("2020-01-01", 8),
        ("2026-11-22", 8),
        ("2026-11-23", 4),
        ("2026-12-24", 4),
        ("2026-12-25", 0),
    ],
)
def test_it_begins_where_it_is_told(
    run: Callable, two_programs: tuple[Path, list[int]], since: str, decisions: int
) -> None:
    assert run("log", "replay", "--data", two_programs[0], "--since", since).out.startswith(told(decisions))


@pytest.mark.parametrize("number", [0, 4, 7])
def test_it_begins_with_the_entry_it_is_told(run: Callable, two_programs: tuple[Path, list[int]], number: int) -> None:
    data, indices = two_programs
    assert run("log", "replay", "--data", data, "--since", indices[number]).out.startswith(told(8 - number))
    assert run("log", "replay", "--data", data, "--since", indices[number] + 1).out.startswith(told(7 - number))


def told(decisions: int) -> str:
    return f"{decisions} decision{'' if decisions == 1 else 's'} decided again:" if decisions else "no decisions to "


@pytest.mark.parametrize("since", ["yesterday", "-1", "2026-13-01", "22.11.2026", ""])
def test_a_beginning_that_is_none_is_refused(run: Callable, logged: Logged, since: str) -> None:
    done = run("log", "replay", "--data", logged.data, f"--since={since}")
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
def test_a_program_that_is_none_is_refused(run: Callable, logged: Logged, policy: tuple[str, ...], words: str) -> None:
    done = run("log", "replay", "--data", logged.data, *(word for one in policy for word in ("--policy", one)))
    assert (done.code, done.out) == (1, "")
    assert words in " ".join(done.err.split())


def test_mistakes_in_a_program_are_shown(run: Callable, logged: Logged, rules: Path, tmp_path: Path) -> None:
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "tighten.yaml").write_text("small.collection/failed: allow\n")
    done = run("log", "replay", "--data", logged.data, "--policy", rules, "--policy", tmp_path / "loose")
    assert (done.code, done.out) == (3, "")
    assert "R603" in done.err


def test_a_log_that_is_not_there_is_not_made(run: Callable, tmp_path: Path) -> None:
    for directory in (tmp_path / "none", tmp_path):
        done = run("log", "replay", "--data", directory)
        assert (done.code, done.out) == (1, "")
        assert f"there is no log in `{directory}`; name the directory of a service with --data" in done.err
    assert list(tmp_path.iterdir()) == []


def test_the_directory_of_the_environment_is_the_one(
    run: Callable, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTIARY_DATA", str(logged.data))
    assert run("log", "replay").out.startswith("4 decisions")


def test_the_commands_of_the_log_are_listed(run: Callable) -> None:
    assert "replay" in run("log", "--help").out
    assert run("log", "rewind").code == 1
