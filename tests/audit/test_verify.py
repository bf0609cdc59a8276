"""The verifier: what it accepts, what it says of what it does not, and that nothing it meets makes it stumble."""

# ruff: noqa: S608 - the names of tables and columns are ours
from __future__ import annotations

import ast
import contextlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from log_builder import SCHEMA, START, LogBuilder, LogKey, base64_of, full_log, named, sha256, zip_of

from engine.audit import verify as module
from engine.audit.verify import Anchor, Checkpoint, Key, Tree, fold, main, root_of_inclusion, verify

FILE = Path(module.__file__)
NOW = START + timedelta(hours=1)


def judge(path, *keys: LogKey, anchors=()):
    given = [Anchor(f"anchor {number}", note, Checkpoint.parse(note)) for number, note in enumerate(anchors)]
    return verify(path, [Key.parse(key.text) for key in keys or [LogKey(1)]], given, NOW)


def verdicts(report) -> tuple[str, str, int]:
    return report.integrity, report.completeness, report.exit_code


def small_log(decisions: int = 8, **fields) -> LogBuilder:
    log = LogBuilder(**fields)
    log.create()
    log.activate()
    for _ in range(decisions):
        log.decide()
    return log


@pytest.fixture
def written(tmp_path):
    """Write a log and say where."""

    def write(log: LogBuilder) -> Path:
        directory = tmp_path / f"data{len(list(tmp_path.iterdir()))}"
        directory.mkdir()
        log.write(directory / "log.db")
        return directory

    return write


def run(database, *statement) -> None:
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute(*statement)
        db.commit()


# Formats


def test_the_roots_of_certificate_transparency_are_reproduced():
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    for size, root in enumerate(roots):
        tree = Tree(lambda *_: None)
        tree.extend([module.leaf_hash(bytes.fromhex(leaf)) for leaf in leaves[:size]])
        assert fold(tree.peaks()).hex() == root


def test_a_tree_of_three_levels_is_that_of_the_definition():
    log = LogBuilder()
    log.entries = [(i, "", "", sha256(i.to_bytes(4, "big")), b"") for i in range(256 * 256 + 300)]
    tiles = {}
    tree = Tree(lambda level, number, hashes: tiles.update({(level, number): b"".join(hashes)}))
    leaves, start = [entry[3] for entry in log.entries], 0
    for size in (1, 255, 256, 257, 40_000, 65_536, len(leaves)):
        tree.extend(leaves[start:size])
        start = size
        assert fold(tree.peaks()) == log.root(0, size)
    assert b"".join(tree.peaks()) == log.frontier()
    unfinished = {(1, 1): b"".join(tree.levels[1]), (2, 0): b"".join(tree.levels[2])}
    assert {**tiles, **unfinished} == log.tiles()


def test_inclusion_is_proven_by_its_own_proof_alone():
    log = small_log(35)
    for size in (1, 2, 3, 7, 8, 33, 37):
        root = log.root(0, size)
        for index in range(size):
            path = log.path(index, 0, size)
            leaf = log.entries[index][3]
            assert root_of_inclusion(leaf, index, size, path) == root
            for other in [(leaf, index + 1, path), (leaf, index, [*path, leaf]), (leaf, index, path[:-1])]:
                assert size == 1 or root_of_inclusion(other[0], other[1], size, other[2]) != root
            assert root_of_inclusion(sha256(leaf), index, size, path) != root
    assert root_of_inclusion(leaf, 0, 0, []) is None


def test_a_key_and_signature_made_elsewhere_are_read():
    """The example of Go's `golang.org/x/mod/sumdb/note`."""
    key = Key.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    signature = module.unbase64(line)
    assert signature[:4] == key.id
    assert key.has_signed(text, signature[4:])
    assert not key.has_signed(text + b"\n", signature[4:])
    assert key.text.endswith("+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        LogKey(1).text.replace("+", "+0", 1),
        LogKey(1).text + "=",
        LogKey(1).text.replace("ostiary", "os tiary"),
        "\ud800+00000000+AAAA",
    ],
)
def test_what_is_no_key_is_no_key(text):
    with pytest.raises(ValueError, match=r"key of a log|base64|encode|padding|ASCII"):
        Key.parse(text)


def test_every_change_of_a_note_is_another_note_or_none():
    """No edit of one byte leaves a note that says something else under a signature that holds."""
    log, rng = small_log(), random.Random(5)
    note = log.sign().encode()
    key = Key.parse(LogKey(1).text)
    known, checkpoint = {(key.name, key.id): key}, Checkpoint.parse(note.decode())
    assert checkpoint.signers(known) == (key,)
    for _ in range(2_000):
        at = rng.randrange(len(note))
        changed = note[:at] + bytes([note[at] ^ rng.randrange(1, 256)]) + note[at + 1 :]
        try:
            assert Checkpoint.parse(changed.decode()).signers(known) == ()
        except ValueError:
            continue


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
        assert report.facts["first_time"][1] == "2026-11-02T09:00:00Z"


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


def rewrite(log: LogBuilder, index: int) -> None:
    at, kind, id_, _, body = log.entries[index]
    body = body.replace(b"console", b"nobody!")
    log.entries[index] = (at, kind, id_, sha256(b"\x00" + body), body)
    log._roots = {}


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


# Evidence of one decision


@pytest.fixture
def pack():
    log = full_log()
    return log.pack_files(100)


def test_a_pack_is_verified_with_the_key_alone(pack, tmp_path):
    report = judge(zip_of(tmp_path / "pack.zip", pack), LogKey(2))
    assert verdicts(report) == ("ok", "not checked", 4)
    assert report.integrity_reason == "the decision stands in the log as entry 100 of 581"
    assert report.facts["not proven"][1] == ["index.html"]
    assert judge(tmp_path / "pack.zip", LogKey(1)).exit_code == 2


def test_any_change_of_a_pack_is_found(pack, tmp_path):
    rng = random.Random(3)
    for name in sorted(pack.keys() - {"index.html"}):
        for _ in range(20):
            at = rng.randrange(len(pack[name]))
            changed = pack[name][:at] + bytes([pack[name][at] ^ rng.randrange(1, 256)]) + pack[name][at + 1 :]
            report = judge(zip_of(tmp_path / "pack.zip", {**pack, name: changed}), LogKey(2))
            assert report.exit_code == 2, (name, at)
        rest = {other: data for other, data in pack.items() if other != name}
        assert judge(zip_of(tmp_path / "pack.zip", rest), LogKey(2)).exit_code == 2
    report = judge(zip_of(tmp_path / "pack.zip", {**pack, "files/rules/more.yaml": b""}), LogKey(2))
    assert "`files/rules/more.yaml` is not a file of the policy" in report.to_text()


def test_a_pack_of_another_policy_or_entry_is_refused(tmp_path):
    log = full_log()
    pack, other = log.pack_files(100), log.pack_files(550)
    swapped = {**pack, "entry.json": pack["activation.json"], "proof.txt": pack["activation_proof.txt"]}
    text = judge(zip_of(tmp_path / "pack.zip", swapped), LogKey(2)).to_text()
    assert "`entry.json` is not a decision" in text
    mixed = {**pack, "entry.json": other["entry.json"]}
    assert "`entry.json` is not entry 100" in judge(zip_of(tmp_path / "pack.zip", mixed), LogKey(2)).to_text()


def test_a_pack_is_compared_with_an_anchor_of_its_size(pack, tmp_path):
    log = full_log()
    rewrite(log, 3)
    report = judge(zip_of(tmp_path / "pack.zip", pack), LogKey(2), anchors=[log.note(581)])
    assert "two histories of 581 entries were signed" in report.to_text()


def test_damaged_zips_get_a_verdict(pack, tmp_path):
    whole, rng = zip_of(tmp_path / "pack.zip", pack).read_bytes(), random.Random(9)
    for number in range(200):
        at = rng.randrange(len(whole))
        data = whole[:at] + bytes([whole[at] ^ rng.randrange(1, 256)]) + whole[at + 1 :]
        (tmp_path / "pack.zip").write_bytes(data if number % 4 else whole[:at])
        report = judge(tmp_path / "pack.zip", LogKey(2))
        # An edit of what a zip says beside names and contents, such as times, may change nothing that is read.
        assert report.exit_code in (2, 4)
        if report.exit_code == 4:
            assert report.integrity_reason == "the decision stands in the log as entry 100 of 581"


# Exports


def test_any_change_of_an_export_is_found(tmp_path):
    log, rng = small_log(40), random.Random(4)
    log.sign()
    log.decide()
    log.state_checkpoint()
    log.sign()
    log.export(tmp_path / "whole")
    anchor = log.note()
    assert judge(tmp_path / "whole", anchors=[anchor]).exit_code == 0
    files = sorted(path for path in (tmp_path / "whole").rglob("*") if path.is_file())
    for number in range(100):
        path = files[number % len(files)]
        whole = path.read_bytes()
        at = rng.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ rng.randrange(1, 256)]) + whole[at + 1 :])
        report = judge(tmp_path / "whole", anchors=[anchor])
        changed = [*read_lines(tmp_path / "whole")]
        path.write_bytes(whole)
        # White space between the values of a line, or a line end, may be another and the line still say the same.
        assert report.exit_code == 2 or changed == [*read_lines(tmp_path / "whole")], (path, at)
    for path in files:
        path.rename(tmp_path / "away")
        if path.name == "entries.ndjson":
            assert main([str(tmp_path / "whole"), "--key", LogKey(1).text]) == 1
        else:
            assert judge(tmp_path / "whole", anchors=[anchor]).exit_code == 2, path
        (tmp_path / "away").rename(path)


def read_lines(directory):
    for path in sorted(directory.rglob("*")):
        if path.suffix == ".ndjson":
            with contextlib.suppress(ValueError):
                yield [json.loads(line) for line in path.read_bytes().splitlines()]
        elif path.is_file():
            yield path.read_bytes()


# Damage


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + b"\xff" * 5000, b"\x00" * 4096])
def test_what_is_no_log_gets_a_verdict(tmp_path, content):
    (tmp_path / "log.db").write_bytes(content)
    report = judge(tmp_path)
    assert report.exit_code == 2
    assert report.completeness == "not checked"
    assert report.findings


@pytest.mark.parametrize("table", ["entry", "sealed", "policy", "policy_file", "log_state", "tile", "checkpoint"])
def test_a_missing_table_is_named(written, table):
    directory = written(small_log())
    run(directory / "log.db", f"ALTER TABLE {table} RENAME TO elsewhere")
    assert f"there is no table `{table}`" in judge(directory).to_text()


def test_a_truncated_file_gets_a_verdict(written):
    log = full_log()
    directory = written(log)
    whole = (directory / "log.db").read_bytes()
    for size in range(1_000, len(whole), len(whole) // 40):
        (directory / "log.db").write_bytes(whole[:size])
        assert judge(directory, anchors=[log.note(581)]).exit_code == 2


def test_values_of_any_type_get_a_verdict(tmp_path):
    """Tables that take anything, and everything in them that a table can hold."""
    values = [None, 2**63 - 1, 1.5, "x\udcff", b"[" * 100_000]
    columns = {
        "entry": ["kind", "id", "leaf", "body"],
        "sealed": ["subject", "box"],
        "policy": ["digest", "document"],
        "policy_file": ["digest", "path", "text"],
        "log_state": ["size", "frontier"],
        "tile": ["level", "index", "hashes"],
        "checkpoint": ["note"],
    }
    log = full_log(250)
    schema = SCHEMA.replace(" STRICT", "").replace(" NOT NULL", "").replace("CREATE UNIQUE", "CREATE")
    original = tmp_path / "original.db"
    with contextlib.closing(sqlite3.connect(original)) as db:
        db.executescript(schema)
    log.write_rows(original)
    assert judge(original, anchors=[log.note(max(log.checkpoints))]).exit_code == 0
    for table, names in columns.items():
        for name in names:
            for value in values:
                text = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
                cast = "CAST(? AS TEXT)" if isinstance(value, str) else "?"
                shutil.copy(original, tmp_path / "log.db")
                row = 2 if table in ("entry", "sealed") else 1
                run(tmp_path / "log.db", f'UPDATE {table} SET "{name}" = {cast} WHERE rowid = {row}', (text,))
                report = judge(tmp_path / "log.db", anchors=[log.note(max(log.checkpoints))])
                assert report.exit_code == 2, (table, name, value)


def test_bodies_that_are_no_records_get_a_verdict(written):
    bodies = [b"", b"[]", b"{", b'{"v":NaN}', b"[" * 100_000, b"9" * 10_000, b'{"a":"\\ud800"}', b"\xff\xfe"]
    kinds = ["decision", "key_rotated", "checkpoint_signed", "policy_activated", "facts_sealed", "what"]
    log = small_log(3)
    for body in bodies:
        for kind in kinds:
            index = len(log.entries)
            log.entries.append((index, kind, f"id-{index}", sha256(b"\x00" + body), body))
    log.sign()
    report = judge(written(log))
    assert report.exit_code == 2
    assert {finding.first for finding in report.findings} >= set(range(5, len(log.entries)))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("checkpoint_signed", {"size": 2**70, "root": 1, "note_sha256": None}),
        ("key_rotated", {"key": 5, "previous": []}),
        ("destruction_done", {"subject": [1], "count": "many"}),
        ("facts_sealed", {"sealed": {"x": 1, "99999999999999999999": [], "1": {}}}),
        ("policy_activated", {"policy": {"a": 1}, "files": []}),
        ("policy_activated", {"policy": "sha256:no", "files": {"a": 1}}),
    ],
)
def test_records_of_any_shape_get_a_verdict(written, kind, fields):
    log = small_log(3)
    log.append(kind, **fields)
    log.sign()
    assert judge(written(log)).exit_code in (2, 4)


def test_a_schema_that_is_no_text_gets_a_verdict(written):
    directory = written(small_log())
    whole = (directory / "log.db").read_bytes()
    for old in (b"CREATE TABLE entry", b"INTEGER PRIMARY KEY, kind", b"tile(level"):
        assert old in whole
        (directory / "log.db").write_bytes(whole.replace(old, b"\xf4" + old[1:]))
        assert judge(directory).exit_code == 2


# Reading


def test_a_live_log_is_read_in_one_snapshot_and_nothing_is_written(written):
    log = small_log()
    log.sign()
    directory = written(log)
    with contextlib.closing(sqlite3.connect(directory / "log.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("UPDATE log_state SET commits = commits + 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute('DELETE FROM entry WHERE "index" > 3')
        before = {path.name: path.read_bytes() for path in directory.iterdir() if path.suffix != ".db-shm"}
        assert judge(directory, anchors=[log.note()]).exit_code == 0
        assert {path.name: path.read_bytes() for path in directory.iterdir() if path.suffix != ".db-shm"} == before
        db.execute("COMMIT")
        assert judge(directory, anchors=[log.note()]).exit_code == 2


def test_a_log_whose_service_is_down_is_read(written):
    log = small_log()
    log.sign()
    directory = written(log)
    run(directory / "log.db", "PRAGMA journal_mode = WAL")
    assert judge(directory, anchors=[log.note()]).exit_code == 0
    assert [path.name for path in directory.iterdir()] == ["log.db"]


# The command


def test_it_needs_nothing_of_the_service():
    imported = set()
    for node in ast.walk(ast.parse(FILE.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module)
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names | {"cryptography"}


def test_a_copy_of_the_file_runs_alone(written, tmp_path):
    log = small_log()
    log.sign()
    shutil.copy(FILE, tmp_path / "verify.py")
    (tmp_path / "anchor").write_text(log.note())
    (tmp_path / "log.pub").write_text(f"{LogKey(9).text}\n{LogKey(1).text}\n")
    command = [
        sys.executable,
        "-I",
        "-W",
        "error",
        "verify.py",
        written(log),
        "--key",
        "log.pub",
        "--checkpoint",
        "anchor",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("INTEGRITY     ok")
    command += ["--format", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["facts"]["entries"] == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{log}"], "--key"),
        (["{log}", "--key", "nobody"], "nobody: not a public key"),
        (["{log}", "--key", "{log}/log.db"], "not a public key"),
        (["{log}", "--key", "{log}/empty"], "there is no key in it"),
        (["{log}/none", "--key", "{key}"], "No such file or directory"),
        (["{log}/none.zip", "--key", "{key}"], "No such file or directory"),
        (["{log}", "--key", "{key}", "--checkpoint", "{log}/log.db"], "not a file with a checkpoint"),
        (["{log}", "--key", "{key}", "--checkpoint", "{log}/empty"], "not a checkpoint"),
        (["{log}", "--key", "{key}", "--checkpoint", "{log}/none"], "No such file or directory"),
        (["{log}", "--key", "{key}", "--format", "xml"], "invalid choice"),
    ],
)
def test_mistakes_on_the_command_line_are_no_verdict(written, capsys, arguments, message):
    directory = written(small_log())
    (directory / "empty").write_text("")
    given = [argument.format(log=directory, key=LogKey(1).text) for argument in arguments]
    try:
        code = main(given)
    except SystemExit as stopped:
        code = stopped.code
    assert code == 1
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""
