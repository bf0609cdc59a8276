"""The verifier on whole logs: what it accepts, whom it trusts, and what it says of each way to tamper with one."""

from __future__ import annotations

import json

import pytest
from log_builder import LogBuilder, LogKey, base64_of, full_log, named, sha256
from verifying import judge, rewrite, run, small_log, verdicts

from engine.audit import verify as module

# Logs that are as they should be


def test_a_log_with_everything_in_it_is_ok(written, tmp_path):
    log = full_log()
    directory = written(log)
    log.export(tmp_path / "export")
    anchors = [log.checkpoints[size] for size in sorted(log.checkpoints)[::5]] + [log.checkpoints[581]]
    for place in (directory, directory / "log.db", tmp_path / "export"):
        report = judge(place, anchors=anchors)
        assert verdicts(report) == ("ok", "ok", 0), report.to_text()
        assert report.findings == []
        assert report.facts["entries"][1] == 584
        assert report.facts["not covered"][0] == "3 entries are not yet covered by a signature, the oldest 0:50:19 old"
        assert report.facts["first time"][1] == "2026-11-02T09:00:00Z"


def test_the_text_gives_the_verdicts_first(written):
    log = small_log()
    log.sign()
    lines = judge(written(log), anchors=[log.note()]).to_text().splitlines()
    assert lines[0] == "INTEGRITY     ok           the first 10 entries are what was signed"
    assert lines[1] == "COMPLETENESS  ok           all 10 entries that were anchored are here"
    document = json.loads(judge(written(log)).to_json())
    assert document["integrity"]["verdict"] == "ok"
    assert document["completeness"]["verdict"] == "not checked"
    assert (document["exit_code"], document["first_bad"]) == (4, None)


def test_without_an_anchor_completeness_is_not_checked(written):
    log = small_log()
    log.sign()
    directory = written(log)
    (directory / "checkpoint").write_text(log.note())
    report = judge(directory)
    assert verdicts(report) == ("ok", "not checked", 4)
    assert "--checkpoint" in report.completeness_reason


def test_a_log_that_nobody_signed_is_not_checked(written):
    assert verdicts(judge(written(small_log()))) == ("not checked", "not checked", 4)
    assert verdicts(judge(written(LogBuilder()))) == ("not checked", "not checked", 4)


def test_an_empty_log_that_was_signed_is_compared_too(written):
    log = LogBuilder()
    log.sign()
    assert verdicts(judge(written(log))) == ("not checked", "not checked", 4)
    log.checkpoints[0] = log.note().replace(base64_of(sha256(b"")), base64_of(b"x" * 32))
    assert judge(written(log)).exit_code == 2


def test_entries_of_version_1_are_bound_by_a_later_entry(written):
    log = LogBuilder()
    log.activate()
    for number in range(4):
        index = log.append("decision", version=1, decision={"outcome": "hold"})
        log.sealed[index] = (f"{number:032x}", b"box %d" % number)
    log.append("decision", version=1, decision={"outcome": "deny"})
    log.create()
    log.append("facts_sealed", sealed={str(index): named(box) for index, (_, box) in log.sealed.items()})
    log.sign()
    assert judge(written(log), anchors=[log.note()]).exit_code == 0
    log.sealed[2] = (log.sealed[2][0], b"another")
    assert "entry 2: its box of sealed facts was changed: entry 7 names another" in judge(written(log)).to_text()
    del log.sealed[2]
    assert "entry 2: its sealed facts, named by entry 7, are gone undestroyed" in judge(written(log)).to_text()
    log.append("destruction_done", subject=f"{1:032x}", count=1)
    log.sign()
    assert judge(written(log)).integrity == "ok"
    log.sealed[5] = ("a" * 32, b"of nothing")
    assert "entry 5: its box of sealed facts is named by no entry" in judge(written(log)).to_text()


def test_a_policy_activated_twice_is_kept_with_the_files_of_one_time(written):
    log = small_log()
    digest = log.activate("a", files={"rules/a.yaml": "name: a # with a comment\n"})
    log.sign()
    assert judge(written(log)).integrity == "ok"
    log.policies[digest][1]["rules/a.yaml"] = "name: a # with another\n"
    report = judge(written(log))
    assert "the file `rules/a.yaml` of policy" in report.to_text()
    assert report.exit_code == 2


# Keys


def test_trust_is_handed_over_in_both_directions(written):
    log = full_log()
    directory = written(log)
    for key in (LogKey(1), LogKey(2)):
        report = judge(directory, key, anchors=[log.note(581)])
        assert verdicts(report) == ("ok", "ok", 0), report.to_text()
        assert report.facts["covered"][1] == 581


def test_two_keys_may_sign_together(written):
    log = small_log()
    log.sign(LogKey(1), LogKey(5))
    assert judge(written(log)).integrity == "ok"
    assert judge(written(log), LogKey(5)).integrity == "ok"


def test_a_key_that_is_not_trusted_proves_nothing(written):
    log = small_log()
    log.sign()
    report = judge(written(log), LogKey(7), anchors=[log.note()])
    assert verdicts(report)[::2] == ("failed", 2)
    assert "which no trusted signature vouches for" in report.to_text()
    assert "give the key that signed it with --key" in report.to_text()
    log.key = LogKey(8, "somebody.example")
    log.sign()
    assert "signed by no key that is known" in judge(written(log)).to_text()


def test_a_replaced_key_cannot_sign_on(written):
    log = small_log()
    log.rotate(LogKey(2))
    log.decide()
    log.sign()
    log.decide()
    assert judge(written(log)).integrity == "ok"
    log.key = LogKey(1)
    log.sign()
    report = judge(written(log))
    assert "is signed by `ostiary.example/log+7d1431f3`, replaced by entry 10" in report.to_text()
    assert report.exit_code == 2


def test_a_signature_that_does_not_hold_is_named(written):
    log = small_log()
    log.sign()
    log.decide()
    log.checkpoints[11] = log.note(11).replace(base64_of(log.root(0, 11)), base64_of(b"x" * 32))
    assert "checkpoint of 11 entries was changed: what stands there as the signature" in judge(written(log)).to_text()


# Whoever has the database can do all this; each has its own sentence


def cut(log: LogBuilder, size: int) -> LogBuilder:
    other = LogBuilder(key=log.key)
    other.entries = log.entries[:size]
    other.sealed = {index: box for index, box in log.sealed.items() if index < size}
    other.policies = log.policies
    other.checkpoints = {at: note for at, note in log.checkpoints.items() if at <= size}
    return other


def test_a_cut_end_is_found_with_an_anchor_and_only_with_one(written):
    log = small_log(4)
    log.sign()
    for _ in range(7):
        log.decide()
    log.sign()
    directory = written(cut(log, 9))
    assert verdicts(judge(directory, anchors=[log.checkpoints[6]])) == ("ok", "ok", 0)
    report = judge(directory, anchors=[log.checkpoints[6], log.checkpoints[13]])
    assert verdicts(report) == ("ok", "failed", 3)
    assert "the log was cut: the checkpoint anchor 1 proves 13 entries, and only 9 are here" in report.to_text()
    assert (report.first_bad.first, report.first_bad.last) == (9, 12)
    (directory / "checkpoint").write_text(log.checkpoints[13])
    assert judge(directory).exit_code == 3


def test_a_deleted_entry_is_missing(written):
    log = small_log(600)
    log.sign()
    directory = written(log)
    run(directory / "log.db", 'DELETE FROM entry WHERE "index" = 300')
    report = judge(directory)
    assert verdicts(report) == ("failed", "failed", 2)
    assert "entry 300 is missing: deleted, as entry 301 follows" in report.to_text()


def test_a_deleted_entry_whose_gap_was_closed_is_found(written):
    log = small_log(600)
    log.sign()
    directory = written(log)
    run(directory / "log.db", 'DELETE FROM entry WHERE "index" = 300')
    run(directory / "log.db", 'UPDATE entry SET "index" = "index" - 1 WHERE "index" > 300')
    report = judge(directory)
    assert report.first_bad.first == 300
    assert "entry 300: what stands here belongs one place later: an entry before it was removed" in report.to_text()


def test_swapped_entries_are_both_named(written):
    log = small_log(600)
    log.sign()
    one, two = log.entries[20], log.entries[500]
    directory = written(log)
    run(directory / "log.db", "UPDATE entry SET id = '' WHERE \"index\" = 20")
    for index, other in ((500, one), (20, two)):
        row = (*other[1:], index)
        run(directory / "log.db", 'UPDATE entry SET kind = ?, id = ?, leaf = ?, body = ? WHERE "index" = ?', row)
    text = judge(directory).to_text()
    assert "entry 20: it was swapped with entry 500" in text
    assert "entry 500: it was swapped with entry 20" in text


def test_a_rewrite_is_narrowed_down_to_two_checkpoints(written):
    log = small_log(8)
    log.sign()
    for _ in range(5):
        log.decide()
    log.sign()
    rewrite(log, 12)
    report = judge(written(log))
    assert "entries 10 to 14: rewritten; the signature over 10 entries holds" in report.to_text()
    rewrite(log, 3)
    report = judge(written(log))
    assert "entries 0 to 9: the log was rewritten without its key: no signature agrees with it" in report.to_text()


def test_the_holder_of_the_key_cannot_take_back_what_is_anchored(written):
    log = small_log(8)
    first = log.sign()
    for _ in range(5):
        log.decide()
    second = log.sign()
    rewrite(log, 12)
    log.checkpoints[15] = log.note(15)
    assert judge(written(log), anchors=[first]).exit_code == 0
    report = judge(written(log), anchors=[first, second])
    assert report.exit_code == 2
    assert report.completeness_reason == "the entries that were anchored are not the ones here"
    for _ in range(5):
        log.decide()
    log.sign()
    report = judge(written(log), anchors=[first, second])
    assert "two histories were signed: the checkpoint anchor 1 is not of this log" in report.to_text()
    assert (report.first_bad.first, report.first_bad.last) == (10, 14)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE entry SET body = x'7b7d' WHERE \"index\" = 7", "entry 7: its body was changed; its leaf and"),
        ('UPDATE entry SET leaf = zeroblob(32) WHERE "index" = 7', "entry 7: its leaf was changed; its body is"),
        ("UPDATE entry SET leaf = x'00' WHERE \"index\" = 299", "entry 299: its leaf was changed"),
        ("UPDATE entry SET body = x'7b7d' WHERE \"index\" = 299", "entry 299: its body does not hash to its leaf"),
        ("UPDATE entry SET kind = 'hold_set' WHERE \"index\" = 7", "entry 7: its column `kind` says `hold_set`"),
        ("UPDATE entry SET id = 'x' WHERE \"index\" = 7", "entry 7: its column `id` says `x`, its body `0198c"),
        ("UPDATE sealed SET box = x'00' WHERE \"index\" = 7", "entry 7: its box of sealed facts was changed"),
        ("UPDATE sealed SET subject = 'ab' WHERE \"index\" = 7", "entry 7: its box of sealed facts is filed under"),
        ('UPDATE sealed SET "index" = 9999 WHERE "index" = 7', "entry 9999: a box of sealed facts is stored"),
        ('DELETE FROM sealed WHERE "index" = 7', "entry 7: its sealed facts are gone, and no entry says"),
        ("DELETE FROM policy", "that entry 1 activates is not kept: it was removed"),
        ("UPDATE policy SET document = x'7b7d'", "is not that policy: one was changed"),
        ("DELETE FROM policy_file WHERE path LIKE 'rules%'", "the file `rules/a.yaml` of policy"),
        ("INSERT INTO policy_file VALUES ('sha256:no', 'a', '')", "files are kept of a policy `sha256:no`"),
        ("DELETE FROM tile WHERE level = 0", "the tile 0/0, over entries 0 to 255, is missing or malformed"),
        ("UPDATE tile SET hashes = zeroblob(8192) WHERE level = 0", "its hash of entry 0 is not the one signed"),
        ("UPDATE tile SET hashes = zeroblob(32) WHERE level = 1", "of level 1 was changed: its hash of entries 0 to"),
        ("INSERT INTO tile VALUES (0, 7, zeroblob(8192))", "the tile 0/7 is over entries that are not here"),
        ("DELETE FROM log_state", "`log_state` is not one row"),
        ("UPDATE log_state SET size = size + 2", "`log_state` counts 304 entries, and 302 are here: the last"),
        ("UPDATE log_state SET size = size - 1", "`log_state` counts 301 entries, and 302 are here: entries"),
        ("UPDATE log_state SET frontier = zeroblob(160)", "the frontier in `log_state` is not that of the entries"),
        ("DELETE FROM checkpoint WHERE size = 250", "entry 250 says that a checkpoint of 250 entries was signed"),
        ("DELETE FROM checkpoint WHERE size = 302", "in which the checkpoint of that size is no longer stored"),
        ("UPDATE checkpoint SET note = '' WHERE size = 302", "of 302 entries was changed: it is not a signed note"),
        ("UPDATE checkpoint SET size = 301 WHERE size = 302", "its text is about 302 entries"),
    ],
)  # fmt: skip
def test_each_change_has_its_sentence(written, statement, sentence):
    log = small_log(248)
    log.sign()
    log.state_checkpoint()
    for _ in range(51):
        log.decide()
    log.sign()
    directory = written(log)
    run(directory / "log.db", statement)
    report = judge(directory, anchors=[log.note()])
    assert sentence in report.to_text()
    assert report.exit_code in (2, 3)


def test_the_first_bad_entry_is_named_however_many_there_are(written, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 20)
    log = small_log(300)
    log.sign()
    directory = written(log)
    run(directory / "log.db", "UPDATE entry SET id = 'x' || id WHERE \"index\" > 100")
    run(directory / "log.db", 'UPDATE sealed SET box = zeroblob(9) WHERE "index" = 50')
    run(directory / "log.db", 'DELETE FROM sealed WHERE "index" = 5')
    report = judge(directory)
    assert "FIRST BAD     entry 5\n" in report.to_text()
    assert report.listed()[0].first == 5
    assert f"{201 + 2 - 10:,} more of these kinds are not listed." in report.to_text()


def test_what_was_destroyed_must_be_gone(written):
    log = small_log()
    subject, box = log.sealed[4]
    log.destroy(subject)
    log.sign()
    assert judge(written(log)).integrity == "ok"
    log.sealed[4] = (subject, box)
    assert "entry 4: its sealed facts are still there, though entry 11 says otherwise" in judge(written(log)).to_text()


def test_a_destruction_explains_nothing_that_came_after_it(written):
    log = small_log()
    subject = log.sealed[4][0]
    log.destroy(subject)
    later = log.decide(subject)
    log.sign()
    del log.sealed[later]
    assert f"entry {later}: its sealed facts are gone" in judge(written(log)).to_text()


def test_two_logs_in_one_are_noticed(written):
    log = small_log()
    log.sign()
    log.origin = "ostiary.example/other"
    log.decide()
    log.sign()
    assert "more than one log is named" in judge(written(log)).to_text()
