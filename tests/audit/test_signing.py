"""What is signed: soon, only what was read back, and only if it goes on from what was signed before."""

from __future__ import annotations

import json
import shutil
import threading
import time

import attrs
import pytest
from naive_tree import NaiveTree
from processes import wait
from signed_log import (
    ORIGIN,
    anchored,
    behind_its_back,
    decision,
    new_entry,
    published_keys,
    signatory_of,
    stored_notes,
)
from talking import tell

from engine.audit import DecisionLog, LogUnavailable, checkpointer, publication, signing_key
from engine.audit.checkpoint import read_checkpoint
from engine.audit.checkpointer import Checkpointer
from engine.audit.merkle import Frontier, leaf_hash
from engine.audit.note import NoteError, Signer, open_note


@pytest.fixture
def signatory(log, data):
    return signatory_of(log, data)


@pytest.fixture
def signing(log, signatory):
    """Start the thread that signs; it ends with the test."""
    started = []

    def start(publish=None) -> tuple[Checkpointer, list[str]]:
        said: list[str] = []
        started.append(Checkpointer(log, signatory, publish, said.append))
        return started[-1], said

    yield start
    for one in started:
        one.close()


def kinds(log):
    return [entry.kind for entry in log.entries()]


def root_over(entries):
    """RFC 6962, from the bodies, by the book."""
    leaves = [leaf_hash(entry.body) for entry in entries]
    return NaiveTree(leaves).root(len(leaves))


def is_signed_by(note, verifier):
    try:
        open_note(note, [verifier])
    except NoteError:
        return False
    return True


def test_an_entry_is_signed_within_a_second(log, data, signing):
    signing()
    waits = []
    for number in range(3):
        index = log.append(decision(number)).index
        began = time.monotonic()
        wait(lambda: (data / "checkpoint").exists() and anchored(data).size > index)  # noqa: B023  called here only
        waits.append(time.monotonic() - began)
    # The second, not the first: another program may have had the machine for a moment.
    assert sorted(waits)[1] < 1


def test_what_is_there_at_the_end_is_signed(log, data, signing):
    running, _ = signing()
    log.append_all([decision(number) for number in range(300)])
    running.close()
    assert anchored(data).size == log.size()


def test_the_signature_is_over_the_tree_of_the_bodies_and_verifies_with_the_published_key(log, data, signatory):
    for count in (1, 255, 300):
        log.append_all([decision(number) for number in range(count)])
        note = signatory.sign()
        told = anchored(data)
        assert (data / "checkpoint").read_text() == note == stored_notes(log)[told.size]
        assert (told.origin, told.size) == (ORIGIN, log.size())
        assert told.root == root_over(log.entries())
    assert len(published_keys(data)) == 1
    (created,) = (entry for entry in log.entries() if entry.kind == "log_created")
    assert json.loads(created.body)["key"] == published_keys(data)[0].text
    assert (data / "log.key").read_text().strip() not in (data / "log.pub").read_text()


def test_every_checkpoint_is_told_of_by_a_later_entry(log, signatory):
    for number in range(4):
        log.append(decision(number))
        signatory.sign()
    notes = stored_notes(log)
    told = [json.loads(entry.body)["size"] for entry in log.entries() if entry.kind == "checkpoint_signed"]
    assert told == sorted(notes)[:-1]


def test_an_idle_log_stays_as_it_is(log, data, signing):
    """Two that sign, as in two processes, and what one of them signed is no news to the other."""
    signing()
    signing()
    log.append(decision())
    wait(lambda: log.size() in stored_notes(log) and (data / "checkpoint").exists())
    wait(lambda: anchored(data).size == log.size())
    size, commits, note = log.size(), log.commits, (data / "checkpoint").read_bytes()
    time.sleep(2)
    assert (log.size(), log.commits, (data / "checkpoint").read_bytes()) == (size, commits, note)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("SET body = x'7b7d' WHERE \"index\" = {last}", "the body of entry {last} is not the one that was logged"),
        (
            "SET body = x'7b7d', leaf = {leaf} WHERE \"index\" = {last}",
            "the tree over its new entries is not the one it says",
        ),
        (
            "SET body = x'7b7d', leaf = {leaf} WHERE \"index\" = 299",
            "its first 301 entries are not those that were signed",
        ),
        ('SET "index" = 400 WHERE "index" = {last}', "entries 256 to 301 do not have a leaf of 32 bytes each"),
    ],
)
def test_what_was_changed_under_a_running_service_is_not_signed_and_stops_it(log, data, signing, damage, words):
    log.append_all([decision(number) for number in range(300)])
    signatory = signatory_of(log, data)
    signatory.sign()
    running, said = signing()
    signed, before = anchored(data), stored_notes(log)
    with log.store.signing_turn():
        last = log.append(decision()).index
        with behind_its_back(data) as db:
            db.execute("UPDATE entry " + damage.format(last=last, leaf=f"x'{leaf_hash(b'{}').hex()}'"))
    wait(lambda: said)
    words = words.format(last=last)
    with pytest.raises(LogUnavailable, match=words):
        log.append(decision())
    assert words in log.is_ready()
    with pytest.raises(LogUnavailable, match=words):
        signatory.sign()
    assert next(log.entries()).kind == "decision"
    running.close()
    assert len(said) == 1
    assert "restore a backup" in said[0]
    assert (anchored(data), stored_notes(log)) == (signed, before)


def cut(data, size):
    """Take the end off a log and make what is left agree with itself, checkpoints and all."""
    with behind_its_back(data) as db:
        leaves = [leaf for (leaf,) in db.execute('SELECT leaf FROM entry ORDER BY "index" LIMIT ?', [size])]
        db.execute('DELETE FROM entry WHERE "index" >= ?', [size])
        db.execute("UPDATE log_state SET size = ?, frontier = ?", [size, Frontier().extended(leaves).to_bytes()])
        db.execute("DELETE FROM checkpoint WHERE size > ?", [size])


def test_a_frontier_that_was_changed_is_noticed_before_anything_is_added(log, data, signatory):
    log.append(decision())
    signatory.sign()
    with behind_its_back(data) as db:
        db.execute("UPDATE log_state SET frontier = zeroblob(length(frontier))")
    with pytest.raises(LogUnavailable, match="is not the one it says it has"):
        signatory.sign()


def test_a_log_cut_under_a_running_service_is_noticed_though_all_its_files_agree(log, data, signing):
    """Who signed remembers what: an older checkpoint beside the log does not make it forget."""
    running, said = signing()
    log.append(decision())
    note, size = running.sign(), log.size()
    log.append(decision())
    running.sign()
    cut(data, size)
    (data / "checkpoint").write_text(note)
    wait(lambda: said)
    assert f"it has {size} entries, but {size + 2} were signed: its end is missing" in said[0]
    with pytest.raises(LogUnavailable, match="its end is missing"):
        log.append(decision())
    assert (data / "checkpoint").read_text() == note


def test_a_log_cut_at_its_end_is_refused_for_the_checkpoint_beside_it(data):
    with DecisionLog.open(data) as log:
        for number in range(10):
            log.append(decision(number))
            signatory_of(log, data).sign()
        signed = anchored(data).size
        last_but_one = sorted(stored_notes(log))[-2]
    cut(data, last_but_one)
    with DecisionLog.open(data) as log:
        for use in (signatory_of(log, data).check, signatory_of(log, data).sign):
            words = f"it has {last_but_one} entries, but {signed} were signed: its end is missing"
            with pytest.raises(LogUnavailable, match=words):
                use()
        log.append_all([decision(number) for number in range(10)])
        for use in (signatory_of(log, data).check, signatory_of(log, data).sign):
            with pytest.raises(LogUnavailable, match=f"its first {signed} entries are not those that were signed"):
                use()
    assert anchored(data).size == signed


def test_a_key_is_rotated_and_the_next_checkpoint_bears_both(log, data, signatory):
    log.append(decision())
    signatory.sign()
    (old,) = published_keys(data)
    before = stored_notes(log)
    assert signatory.rotate() == (old, published_keys(data)[1])
    new = published_keys(data)[1]
    (both,) = (note for size, note in stored_notes(log).items() if size not in before)
    assert set(open_note(both, [old, new])[1]) == {old, new}
    assert read_checkpoint(both, [old]).size == log.size()
    log.append(decision())
    last = signatory.sign()
    assert open_note(last, [old, new])[1] == (new,)
    for note in before.values():
        read_checkpoint(note, [old])
    assert kinds(log).count("key_rotated") == 1
    told = json.loads(next(entry.body for entry in log.entries() if entry.kind == "key_rotated"))
    assert (told["key"], told["previous"]) == (new.text, old.text)
    assert signing_key.read_signer(data / "log.key").verifier == new


def test_another_process_goes_on_with_the_new_key(log, data, signatory, start):
    child = start("signer.py", data)
    assert tell(child, "append") == {"ok": 0}
    first = tell(child, "sign")["ok"]
    old, new = signatory.rotate()
    assert tell(child, "append")["ok"] == log.size() - 1
    note = tell(child, "sign")["ok"]
    assert (is_signed_by(first, old), is_signed_by(note, old), is_signed_by(note, new)) == (True, False, True)
    newer = tell(child, "rotate")["ok"][1]
    log.append(decision())
    signatory.sign()
    assert [verifier.text for verifier in published_keys(data)] == [old.text, new.text, newer]
    assert is_signed_by((data / "checkpoint").read_text(), published_keys(data)[2])
    assert kinds(log).count("key_rotated") == 2


@pytest.mark.parametrize("is_told", [False, True])
def test_a_rotation_cut_short_is_completed_by_the_next_signature(log, data, signatory, is_told):
    """It may die when the file holds the new key, or also when the log tells of it."""
    log.append(decision())
    signatory.sign()
    old, new = (signer.verifier for signer in signing_key.rotate(data / "log.key"))
    if is_told:
        log.append(new_entry("key_rotated", {"key": new.text, "previous": old.text}))
    note = signatory.sign()
    assert set(open_note(note, [old, new])[1]) == {old, new}
    assert kinds(log).count("key_rotated") == 1
    assert published_keys(data) == [old, new]
    log.append(decision())
    assert not is_signed_by(signatory.sign(), old)


def test_a_key_that_is_not_the_logs_signs_nothing_and_is_not_published(log, data, signatory):
    log.append(decision())
    signatory.sign()
    before = (data / "checkpoint").read_bytes(), (data / "log.pub").read_bytes(), log.size()
    key = (data / "log.key").read_text()
    (data / "log.key").write_text(Signer.generate(ORIGIN).text + "\n")
    with pytest.raises(
        LogUnavailable, match=r"log.key: this is not the key of the log, which is `ostiary.example/test"
    ):
        signatory.sign()
    (data / "log.key").write_text(Signer.generate("elsewhere.example").text + "\n")
    with pytest.raises(
        LogUnavailable, match=r"the key is of the log `elsewhere.example`, not of `ostiary.example/test`"
    ):
        signatory.sign()
    assert ((data / "checkpoint").read_bytes(), (data / "log.pub").read_bytes(), log.size()) == before
    (data / "log.key").write_text(key)
    log.append(decision())
    assert read_checkpoint(signatory.sign(), published_keys(data)).size == log.size()


def test_the_checkpoint_of_another_log_is_refused(log, data, signatory, tmp_path):
    log.append(decision())
    signatory.sign()
    with DecisionLog.open(tmp_path / "other") as other:
        signatory_of(other, tmp_path / "other").sign()
    shutil.copy(tmp_path / "other" / "checkpoint", data / "checkpoint")
    for use in (signatory.check, signatory.sign):
        with pytest.raises(LogUnavailable, match="checkpoint: the last checkpoint is not one of this log's key"):
            use()


def test_a_checkpoint_missing_in_one_place_is_put_back_from_the_other(log, data, signatory):
    log.append(decision())
    note = signatory.sign()
    (data / "checkpoint").unlink()
    signatory.check()
    assert signatory.sign() == note
    assert (data / "checkpoint").read_text() == note
    with behind_its_back(data) as db:
        db.execute("DELETE FROM checkpoint")
    assert signatory.sign() == note
    assert list(stored_notes(log).values()) == [note]


def test_with_the_file_gone_the_checkpoint_in_the_database_is_held_against_the_log(log, data, signatory):
    log.append_all([decision(number) for number in range(3)])
    signed = read_checkpoint(signatory.sign(), published_keys(data)).size
    (data / "checkpoint").unlink()
    with behind_its_back(data) as db:
        db.execute("UPDATE entry SET body = x'7b7d', leaf = ? WHERE \"index\" = 1", [leaf_hash(b"{}")])
    for use in (signatory.check, signatory.sign):
        with pytest.raises(LogUnavailable, match=f"its first {signed} entries are not those that were signed"):
            use()
    assert not (data / "checkpoint").exists()


def test_what_cannot_be_published_is_said_once_and_published_when_it_can(log, data, signing):
    notes: list[str] = []
    refusals = ["no route", "no route"]

    def publish(note):
        if refusals:
            raise LogUnavailable(refusals.pop())
        notes.append(note)

    running, said = signing(publish)
    log.append(decision())
    wait(lambda: notes)
    assert said == ["no route"]
    assert notes[-1] == (data / "checkpoint").read_text()
    assert running.obstacle() is None


def test_a_place_that_does_not_answer_holds_up_nothing(log, data, signing, monkeypatch):
    monkeypatch.setattr(publication, "_PATIENCE", 0.1)
    asked, answer = threading.Event(), threading.Event()

    def publish(_note):
        asked.set()
        answer.wait(30)

    running, said = signing(publish)
    log.append(decision())
    assert asked.wait(10)
    for _ in range(2):
        log.append(decision())
        wait(lambda: anchored(data).size == log.size())
    log.append(decision())
    assert running.sign() == (data / "checkpoint").read_text()
    running.close()
    assert said == ["the last checkpoint may not have been published: the place it goes to does not answer"]
    answer.set()


def test_the_last_checkpoint_is_published_at_the_end(log, data, signing):
    notes: list[str] = []

    running, _ = signing(notes.append)
    log.append(decision())
    running.close()
    assert notes[-1] == (data / "checkpoint").read_text()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_in_publishing_is_said_and_decisions_go_on(log, data, signing):
    def publish(_note):
        raise RuntimeError("a defect")

    running, said = signing(publish)
    log.append(decision())
    wait(lambda: said)
    assert said == ["the thread that publishes checkpoints has ended; restart the service"]
    log.append(decision())
    wait(lambda: anchored(data).size == log.size())
    assert running.obstacle() is None


def test_a_key_that_cannot_be_read_is_said_and_after_a_while_in_the_way(log, data, signatory, signing, monkeypatch):
    monkeypatch.setattr(checkpointer, "_GRACE", 0.5)
    signatory.sign()
    (data / "log.key").chmod(0o644)
    running, said = signing()
    log.append(decision())
    wait(lambda: said)
    assert running.obstacle() is None
    wait(lambda: running.obstacle() is not None)
    assert "no checkpoint can be signed" in running.obstacle()
    assert f"chmod 600 {data}/log.key" in running.obstacle()
    (data / "log.key").chmod(0o600)
    wait(lambda: running.obstacle() is None)
    assert anchored(data).size == log.size()
    assert len(said) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_in_the_thread_that_signs_stops_the_log(log, data):
    def broken(*_):
        raise RuntimeError("a defect")

    log.append(decision())
    running = Checkpointer(log, attrs.evolve(signatory_of(log, data), new_entry=broken), None, print)
    wait(lambda: log.is_ready() is not None)
    with pytest.raises(LogUnavailable, match="the thread that signs the log has ended; restart the service"):
        log.append(decision())
    with pytest.raises(RuntimeError, match="a defect"):
        running.close()


def test_a_turn_to_sign_that_does_not_come_free_is_told_and_keeps_nobody_waiting(log, data, signing, monkeypatch):
    monkeypatch.setattr(checkpointer, "_GRACE", 0.5)
    running, said = signing()
    with log.store.signing_turn():
        log.append(decision())
        wait(lambda: running.obstacle() is not None)
        assert "another process keeps the turn to sign" in running.obstacle()
        with pytest.raises(LogUnavailable, match="another process keeps the turn to sign"):
            running.sign()
    wait(lambda: running.obstacle() is None)
    assert anchored(data).size == log.size()
    with log.store.signing_turn():
        log.append(decision())
        time.sleep(0.5)
        running.close()
    assert "the end of the log is not signed: " in said[-1]


def test_a_key_that_is_gone_is_not_made_anew(log, data, signatory):
    signatory.sign()
    before = sorted(path.name for path in data.iterdir())
    (data / "log.key").rename(data / "elsewhere")
    log.append(decision())
    for use in (signatory.sign, signatory.check, signatory.verifiers, lambda: signatory_of(log, data)):
        with pytest.raises(LogUnavailable, match=r"log.key: the key that signs this log is not there; put it back"):
            use()
    (data / "elsewhere").rename(data / "log.key")
    assert sorted(path.name for path in data.iterdir()) == before
    signatory.sign()
    assert anchored(data).size == log.size()
