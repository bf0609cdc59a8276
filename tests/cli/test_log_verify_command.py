"""`ostiary log verify`: which keys and which log it takes; what it finds is asked of the verifier itself."""

from __future__ import annotations

import shutil

from api.record import ANCHOR, PUBLIC_KEYS
from engine.audit import verify


def test_the_log_of_the_settings_is_verified_and_the_keys_beside_it_are_called_by_their_name(logged, run, monkeypatch):
    monkeypatch.setenv("OSTIARY_DATA", str(logged.data))
    shown = run("log", "verify")
    assert shown.code == 4
    assert shown.out.startswith("INTEGRITY     ok ")
    assert "The keys beside the log were trusted." in shown.err
    given = run("log", "verify", "--key", logged.data / PUBLIC_KEYS, "--checkpoint", logged.data / ANCHOR)
    assert (given.code, given.err) == (0, "")
    size = verify.read_anchor(logged.data / ANCHOR).checkpoint.size
    read = run("log", "verify", "--checkpoint", logged.data / ANCHOR, "--format", "json").json["facts"]
    anchor = {"name": str(logged.data / ANCHOR), "entries": size}
    assert (read["anchor_1"], read["anchor_2"]) == (
        {**anchor, "kind": "kept elsewhere"},
        {**anchor, "kind": "beside the log"},
    )


def test_where_no_keys_lie_beside_a_log_they_are_asked_for(logged, run, tmp_path):
    shutil.copytree(logged.data, tmp_path / "data")
    assert run("log", "export", tmp_path / "export", "--data", tmp_path / "data").code == 0
    refused = run("log", "verify", tmp_path / "export")
    assert (refused.code, refused.out) == (1, "")
    assert f"no public keys are beside the log ({tmp_path / 'export' / PUBLIC_KEYS}); give" in refused.err
    assert run("log", "verify", tmp_path / "export", "--key", logged.data / PUBLIC_KEYS).code == 4


def test_the_file_that_checkpoints_are_carried_to_is_an_anchor_of_the_own_log(run, logged, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes((logged.data / ANCHOR).read_bytes())
    monkeypatch.setenv("OSTIARY_CHECKPOINT", str(elsewhere))
    monkeypatch.setenv("OSTIARY_DATA", str(logged.data))
    shown = run("log", "verify", "--key", logged.data / PUBLIC_KEYS)
    assert shown.code == 0
    assert f"{elsewhere}: " in shown.out
    # Of another's log nothing is known here.
    assert run("log", "verify", logged.data, "--key", logged.data / PUBLIC_KEYS).code == 4
