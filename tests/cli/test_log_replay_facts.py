"""`ostiary log replay` where facts were destroyed, or cannot be opened."""

from __future__ import annotations

import base64
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from small_log import PEOPLE, Logged

from api.recorder import Recorder
from engine.audit import DecisionLog
from engine.audit.destroying import Destroyed, Destroyer
from engine.audit.store.sqlite.opening import DATABASE, KEYS
from engine.audit.vault import Readings
from engine.audit.vault.destruction import destroy_key, due

DAY = date(2026, 11, 22)
HELD_BACK = "the facts are sealed and were not opened"
DESTROYED = "the facts were destroyed"
NOTHING_OPENS = "without it no facts can be opened: put the file back from where you keep a copy"


@pytest.fixture
def data(logged: Logged, tmp_path: Path) -> Path:
    """A copy of the log that nobody has open, to do with as one likes."""
    return shutil.copytree(logged.data, tmp_path / "data")


def destroy(data: Path, *, removes: bool) -> None:
    """Destroy the one customer whose time is up; without `removes` as if the process had died before the boxes went."""
    with DecisionLog.open(data) as log:
        with log.store.reading_keys() as keys:
            (standing,) = due(keys, Readings(), DAY)
        subject, new_entry = standing.subject, Recorder(None, lambda: DAY).entry
        if removes:
            assert Destroyer(log, Readings(), DAY, new_entry).destroy([subject]) == [Destroyed(subject, 1)]
        else:
            log.append(new_entry("destruction_begun", {"subject": subject, "due_since": None, "count": 1}))
            log.change(lambda transaction: _destroy_key(transaction.keys, subject))


def _destroy_key(keys, subject: str) -> None:
    assert destroy_key(keys, subject, Readings(), DAY)


def figures(same: int, *unreplayed: str) -> str:
    absent = len(PEOPLE) - same
    head = f"4 decisions decided again: {same} the same, 0 differ, {absent} not replayable\n\nNot replayable\n"
    return head + "".join(f"  {line}\n" for line in unreplayed)


@pytest.mark.parametrize("removes", [False, True], ids=["key", "key and facts"])
def test_destroyed_facts_are_counted_and_no_failure(
    run: Callable, logged: Logged, data: Path, rules: Path, removes: bool
) -> None:
    destroy(data, removes=removes)
    done = run("log", "replay", "--data", data)
    assert (done.code, done.err, done.out) == (0, "", figures(3, f"{DESTROYED}  1  {logged.marks('eve')}"))
    document = run("log", "replay", "--data", data, "--policy", rules, "--format", "json").json
    assert document["reasons_not_replayable"] == [
        {
            "reason": "facts_destroyed",
            "detail": DESTROYED,
            "decisions": 1,
            "examples": [{"index": logged.index("eve"), "id": logged.id("eve")}],
        }
    ]


def test_facts_that_went_while_their_key_stayed_were_not_destroyed(run: Callable, logged: Logged, data: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as db:
        db.execute('DELETE FROM sealed WHERE "index" = ?', [logged.index("ada")])
        db.commit()
    done = run("log", "replay", "--data", data)
    assert (done.code, done.out) == (0, figures(3, f"no facts are kept with the decision  1  {logged.marks('ada')}"))


def test_without_the_key_encryption_key_facts_stay_sealed(run: Callable, logged: Logged, data: Path) -> None:
    (data / "kek.key").rename(data.parent / "kek.key")
    done = run("log", "replay", "--data", data)
    assert done.code == 0
    assert done.out == figures(0, f"{HELD_BACK}  4  {logged.marks('ada', 'bob', 'eve')} …")
    assert done.err.startswith(f"the facts stay sealed: {data / 'kek.key'}: the key-encryption key cannot be read (")
    assert done.err.endswith(f"{NOTHING_OPENS}\n")
    assert not (data / "kek.key").exists()
    document = run("log", "replay", "--data", data, "--format", "json").json
    assert [(one["reason"], one["decisions"]) for one in document["reasons_not_replayable"]] == [("facts_held_back", 4)]


@pytest.mark.parametrize("removes", [False, True], ids=["key", "key and facts"])
def test_what_was_destroyed_is_told_from_what_is_held_back(
    run: Callable, logged: Logged, data: Path, removes: bool
) -> None:
    destroy(data, removes=removes)
    (data / "kek.key").unlink()
    assert run("log", "replay", "--data", data).out == figures(
        0,
        f"{HELD_BACK}  3  {logged.marks('ada', 'bob', 'watched')}",
        f"{DESTROYED}                  1  {logged.marks('eve')}",
    )


def test_the_key_may_come_from_elsewhere(
    run: Callable, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kek = (data / "kek.key").rename(tmp_path / "kek.key")
    monkeypatch.setenv("OSTIARY_KEK_FILE", str(kek))
    assert "4 the same" in run("log", "replay", "--data", data).out
    monkeypatch.delenv("OSTIARY_KEK_FILE")
    monkeypatch.setenv("OSTIARY_KEK", kek.read_text().strip())
    assert "4 the same" in run("log", "replay", "--data", data).out
    monkeypatch.setenv("OSTIARY_KEK", base64.b64encode(bytes(32)).decode())
    done = run("log", "replay", "--data", data)
    assert (done.code, "0 the same, 0 differ, 4 not replayable" in done.out) == (0, True)
    assert "the vault is locked with the key-encryption key" in done.err


def test_lost_keys_are_neither_made_anew_nor_taken_for_destroyed(run: Callable, logged: Logged, data: Path) -> None:
    (data / KEYS).unlink()
    done = run("log", "replay", "--data", data)
    assert (done.code, done.out) == (0, figures(0, f"{HELD_BACK}  4  {logged.marks('ada', 'bob', 'eve')} …"))
    assert done.err == (
        "the facts stay sealed: the vault has no keys; if facts were sealed, restore the keys from a backup\n"
    )
    with closing(sqlite3.connect(data / KEYS)) as db:
        assert db.execute("SELECT count(*) FROM vault_state").fetchone() == (0,)


def test_a_key_that_is_gone_without_a_word_is_not_taken_for_destroyed(
    run: Callable, logged: Logged, data: Path
) -> None:
    """As an older copy of the keys leaves it for customers who came since."""
    with closing(sqlite3.connect(data / DATABASE)) as db:
        query = 'SELECT subject FROM sealed WHERE "index" = ?'
        (subject,) = db.execute(query, [logged.index("ada")]).fetchone()
    with closing(sqlite3.connect(data / KEYS)) as db:
        db.execute("DELETE FROM vault_account WHERE subject = ?", [subject])
        db.execute("DELETE FROM vault_key WHERE subject = ?", [subject])
        db.commit()
    done = run("log", "replay", "--data", data)
    assert (done.code, done.out) == (0, figures(3, f"{HELD_BACK}  1  {logged.marks('ada')}"))


def test_facts_that_are_not_those_that_were_sealed_stop_it(run: Callable, logged: Logged, data: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as db:
        db.execute("DROP TRIGGER sealed_is_never_changed")
        box = 'SELECT box FROM sealed WHERE "index" = ?'
        db.execute(f'UPDATE sealed SET box = ({box}) WHERE "index" = ?', [logged.index("ada"), logged.index("bob")])  # noqa: S608
        db.commit()
    done = run("log", "replay", "--data", data)
    assert (done.code, done.out) == (1, "")
    assert f"entry `{logged.id('bob')}`: its sealed facts are not as they were sealed; restore them" in done.err
