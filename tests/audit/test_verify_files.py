"""The verifier on evidence packs, exports and damaged files, and its command: whatever it meets, it gives a verdict."""

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
from pathlib import Path

import pytest
from log_builder import SCHEMA, LogKey, full_log, sha256, zip_of
from verifying import judge, rewrite, run, small_log, verdicts

from engine.audit import verify as module
from engine.audit.verify import main

FILE = Path(module.__file__)


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
    (finding,) = judge(tmp_path / "pack.zip", LogKey(1)).findings
    assert LogKey(2).text.rpartition("+")[0] in finding.what
    assert "lists the keys" in finding.do


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
    report = judge(zip_of(tmp_path / "pack.zip", pack), LogKey(2), anchors=[log.note(581), log.note(300)])
    assert verdicts(report) == ("ok", "not checked", 4)
    assert report.facts["anchor 1"][0].endswith("581 entries, compared")
    assert report.facts["anchor 2"][0].endswith("300 entries, which says nothing of this pack")
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
                row = f"(SELECT min(rowid) FROM {table} WHERE rowid > 0)"
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


def test_a_machine_without_the_package_is_told_what_to_install():
    # `-S` leaves out every directory of installed packages.
    command = [sys.executable, "-I", "-S", str(FILE), "log", "--key", LogKey(1).text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("pip install cryptography\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{log}"], "--key"),
        (["{log}", "--key", "nobody"], "nobody: not a public key"),
        (["{log}", "--key", "{log}/log.db"], "not a public key"),
        (["{log}", "--key", "{log}/empty"], "there is no key in it"),
        (["{log}", "--key", "PRIVATE+KEY+log+00000000+AAAA"], "this is the private key"),
        (["{log}", "--key", "{key}A"], "not all of it"),
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
