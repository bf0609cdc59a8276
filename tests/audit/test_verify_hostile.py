"""The verifier on what a hostile operator may hand over: a verdict or a sentence, and no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from log_builder import LogKey, full_log, zip_of
from verifying import judge, small_log

from engine.audit import verify as module
from engine.audit.verify import main


@pytest.mark.parametrize("size", [[], {}, True, None, "3"])
def test_a_checkpoint_of_no_size_gets_a_verdict(tmp_path, size):
    log = small_log()
    log.sign()
    log.export(tmp_path / "export")
    with (tmp_path / "export" / "checkpoints.ndjson").open("a") as file:
        file.write(json.dumps({"size": size, "note": log.note()}) + "\n")
    assert judge(tmp_path / "export").exit_code == 2


@pytest.mark.parametrize("size", [[], {}, "3", 1.5, None])
def test_a_statement_about_no_size_gets_a_verdict(written, size):
    log = small_log()
    log.append("checkpoint_signed", size=size, root="", note_sha256="")
    log.sign()
    assert judge(written(log)).exit_code == 2


def test_half_of_a_surrogate_pair_in_a_note_gets_a_verdict(tmp_path):
    log = small_log()
    log.sign()
    log.export(tmp_path / "export")
    lines = json.dumps({"size": len(log.entries), "note": f"{log.note()}— x\ud800 AAAAAAAA\n"})
    (tmp_path / "export" / "checkpoints.ndjson").write_text(f"{lines}\n")
    assert judge(tmp_path / "export").exit_code == 2


def test_an_index_of_an_export_is_a_whole_number(tmp_path):
    log = small_log()
    log.sign()
    log.export(tmp_path / "export")
    path = tmp_path / "export" / "entries.ndjson"
    whole = path.read_text()
    for number in ("1.0", "true"):
        path.write_text(
            whole.replace('{"index":1,', f'{{"index":{number},').replace('"index": 1,', f'"index": {number},')
        )
        assert path.read_text() != whole
        assert judge(tmp_path / "export").exit_code == 2


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_pack_is_not_compressed_in_uncommon_ways(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "pack.zip", "w", method) as archive:
        for name, data in full_log().pack_files(100).items():
            archive.writestr(name, data)
    assert judge(tmp_path / "pack.zip", LogKey(2)).exit_code == 2


def test_a_pack_that_leads_nowhere_is_damaged_and_not_absent(tmp_path):
    """A directory of the zip that is said to begin before the file does."""
    whole = bytearray(zip_of(tmp_path / "pack.zip", full_log().pack_files(100)).read_bytes())
    end = whole.rindex(b"PK\x05\x06")
    first = whole.index(b"PK\x01\x02")
    whole[first + 42 : first + 46] = (2**32 - 2).to_bytes(4, "little")
    whole[end + 16 : end + 20] = (int.from_bytes(whole[end + 16 : end + 20], "little") + 5).to_bytes(4, "little")
    (tmp_path / "pack.zip").write_bytes(whole)
    assert judge(tmp_path / "pack.zip", LogKey(2)).exit_code == 2


def test_an_id_that_no_encoding_has_is_printed(tmp_path, capsys):
    """Whoever holds the key can sign such a record."""
    log = small_log()
    at, kind, id_, _, body = log.entries[5]
    body = body.replace(b'"id":"', b'"id":"\\ud800', 1)
    log.entries[5] = (at, kind, id_, module.leaf_hash(body), body)
    log.sign()
    zip_of(tmp_path / "pack.zip", log.pack_files(5))
    for form in ("text", "json"):
        assert main([str(tmp_path / "pack.zip"), "--key", LogKey(1).text, "--format", form]) == 4
        output = capsys.readouterr().out
        assert "ud800" in output
        assert form == "text" or json.loads(output)["facts"]["decision"].startswith("\ud800")


def test_a_name_that_the_terminal_has_not_is_printed(written, tmp_path):
    log = small_log()
    log.sign()
    directory = tmp_path / "Prüfung"
    written(log).rename(directory)
    for form in ("text", "json"):
        command = [sys.executable, "-W", "error", module.__file__, directory, "--key", LogKey(1).text, "--format", form]
        environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        done = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (4, b"")


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000])
def test_a_path_that_can_be_none_is_no_verdict(tmp_path, capsys, name):
    assert main([str(tmp_path / name), "--key", LogKey(1).text]) == 1
    assert "File name too long" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_a_directory_of_somebody_else_is_no_verdict(written):
    """The service makes its directory for its own user alone; an auditor may have another."""
    directory = written(small_log())
    directory.chmod(0o700)
    for path in (directory, directory / "log.db"):
        code = f"""
import os, sys
from engine.audit.verify import main
os.setresuid(65534, 65534, 65534)
sys.exit(main([{str(path)!r}, "--key", {LogKey(1).text!r}]))
"""
        root = Path(module.__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1
        assert "Permission denied" in done.stderr
        assert "Traceback" not in done.stderr
