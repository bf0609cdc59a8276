"""`ostiary retention` on real records: who is due, holds, and destruction that leaves nothing."""

from __future__ import annotations

import json
import os
import pty
import secrets
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from records import CLOSED, OPEN, Written, request, rows, write

from api.record import record_over
from api.recorder import Recorder
from api.settings import Settings, default_jurisdictions, default_rules
from engine import load
from engine.audit import DecisionLog
from engine.audit.layout import KEY_ENCRYPTION_KEY
from engine.audit.vault import Readings, read_key_file
from engine.audit.vault.destruction import destroy_key
from engine.audit.vault.keystore import Hold, set_hold

NAMES = ("due", "later", "open", "silent")
COMMAND = (sys.executable, "-m", "api", "retention")


@pytest.fixture(scope="module")
def first(tmp_path_factory, shipped) -> Written:
    """Four customers: due, due in 2030, with an open account, and one whose last access was never told."""
    told = {
        "due": request("due", CLOSED, name="Canary One"),
        "later": request("later", {**CLOSED, "closed_on": "2028-06-30"}),
        "open": request("open", OPEN),
        "silent": request("silent", {"status": "closed", "closed_on": "2020-01-01"}),
    }
    return write(tmp_path_factory.mktemp("retention") / "data", told, shipped)


@pytest.fixture
def record(first, tmp_path, monkeypatch) -> Written:
    """A copy of it, on which the commands work."""
    shutil.copytree(first.data, tmp_path / "data")
    monkeypatch.setenv("OSTIARY_DATA", str(tmp_path / "data"))
    return Written(tmp_path / "data", first.ids, first.subjects)


def test_due_names_who_is_due_and_with_all_why_the_others_are_not(record, run):
    shown = run("retention", "due")
    assert (shown.code, shown.err) == (0, "")
    assert "1 customer of 4 may be destroyed (7.302(e)(2); Q16 `later_and_closed`" in shown.out
    # Two years from 29 February, on the safe side.
    assert f"{record.subjects['due']}  2022-03-01           1\n" in shown.out
    assert record.subjects["later"] not in shown.out
    assert shown.out.endswith("\nDestroy these with `ostiary retention destroy --due`.\n")
    assert "Destroy these" not in run("retention", "due", "--on", "2022-03-02").out
    whole = run("retention", "due", "--all").out
    assert f"{record.subjects['later']}  keep through 2030-06-30; purge from 2030-07-01\n" in whole
    assert f"{record.subjects['open']}  keep; an account is not known to be closed\n" in whole
    assert "its last access is not known; tell `account.last_accessed_on`" in whole
    assert whole.index("Destroy these") < whole.index("3 customers kept:")
    assert record.acts() == []


def test_a_day_is_written_in_one_way(run):
    refused = run("retention", "due", "--on", "01.03.2022")
    assert refused.code == 1
    assert "`01.03.2022` is not a day of the form 2026-11-22" in refused.err


@pytest.mark.parametrize(
    ("day", "names"), [("2022-03-01", []), ("2022-03-02", ["due"]), ("2030-07-01", ["due", "later"])]
)
def test_due_on_a_day_as_json(record, run, day, names):
    found = run("retention", "due", "--on", day, "--format", "json").json
    assert (found["on"], found["section"]) == (day, "7.302(e)(2)")
    assert found["readings"] == {"Q16": "later_and_closed", "Q17": "safe_side", "Q18": "any_customer_access"}
    assert {one["subject"] for one in found["customers"]} == {record.subjects[name] for name in names}
    assert all(one["is_due"] and one["reason"] is None for one in found["customers"])


def test_a_hold_wins_until_it_is_released_and_both_are_on_record(record, run):
    subject = record.subjects["due"]
    assert run("retention", "hold", "--customer", "due", "--case", "26-cv-42", "--reason", "letter of 3 May").code == 0
    assert "retention destroy --due" not in run("retention", "due").out
    refused = run("retention", "destroy", subject, "--yes")
    assert (refused.code, refused.out) == (2, "")
    assert f"`{subject}`: held for `26-cv-42`; release the hold first (7.302(e)(2))\n" in refused.err
    wrong = run("retention", "release", subject, "--case", "26-cv-43", "--reason", "x")
    assert (wrong.code, wrong.err) == (
        1,
        f"Error: `{subject}` is not held for `26-cv-43`; it is held for `26-cv-42`, give one of them\n",
    )
    assert run("retention", "release", subject, "--case", "26-cv-42", "--reason", "closed").code == 0
    assert run("retention", "destroy", subject, "--yes").code == 0
    assert record.acts() == ["hold_set", "hold_released", "destruction_begun", "destruction_done"]
    hold, release, begun, done = record.entries(*record.acts())
    assert (hold["subject"], hold["case"], hold["reason"]) == (subject, "26-cv-42", "letter of 3 May")
    assert (release["subject"], release["case"], release["reason"]) == (subject, "26-cv-42", "closed")
    assert (begun["subject"], begun["due_since"], begun["count"]) == (subject, "2022-03-02", 1)
    assert (done["subject"], done["count"]) == (subject, 1)
    (activated,) = record.entries("policy_activated")
    for entry in (hold, release, begun, done):
        assert entry["caller"].startswith("cli:")
        assert entry["policy"] == activated["policy"]
    record.check()


def test_the_customer_who_asks_to_be_erased_is_named_by_the_providers_id(record, run):
    refused = run("retention", "destroy", "--customer", "later", "--yes")
    assert (refused.code, refused.out) == (2, "")
    assert "keep through 2030-06-30" in refused.err
    done = run("retention", "destroy", "--customer", "due", record.subjects["due"], "--yes")
    assert (done.code, done.err) == (0, "")
    assert record.kept_keys() == set(record.subjects.values()) - {record.subjects["due"]}


@pytest.mark.parametrize(
    ("name", "why"), [("later", "keep through 2030-06-30"), ("open", "an account is not known to be closed")]
)
def test_who_is_not_due_is_refused_and_nobody_named_with_it_is_destroyed(record, run, name, why):
    refused = run("retention", "destroy", record.subjects["due"], record.subjects[name], "--yes")
    assert refused.code == 2
    assert record.subjects[name] in refused.err
    assert why in refused.err
    assert refused.err.endswith("1 customer may not be destroyed; nobody was.\n")
    assert record.kept_keys() == set(record.subjects.values())
    assert record.acts() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name customers, by their pseudonyms or with --customer, or give --due"),
        (["--due", "0" * 32], "or give --due for all who are due, but not both"),
        (["--due", "--customer", "due"], "or give --due for all who are due, but not both"),
        (["--customer", "x"], "no customer of that id has a key"),
        (["cus_81"], "`cus_81` is no pseudonym, which has 32 hexadecimal digits"),
        (["--limit", "1", "0" * 32], "--limit goes with --due"),
        (["--due"], "nobody is there to be asked; give --yes"),
    ],
)
def test_destroy_asked_wrongly(record, run, arguments, said):
    refused = run("retention", "destroy", *arguments)
    assert (refused.code, refused.out) == (1, "")
    assert said in refused.err
    assert record.kept_keys() == set(record.subjects.values())


def test_customers_that_are_not_there(record, run, tmp_path):
    nobody = "0" * 32
    assert "is not a subject of this log" in run("retention", "destroy", nobody, "--yes").err
    assert "is not a subject of this log" in run("retention", "hold", nobody, "--case", "c", "--reason", "r").err
    assert (
        "no customer of that id has a key"
        in run("retention", "hold", "--customer", "x", "--case", "c", "--reason", "r").err
    )
    assert "name one customer" in run("retention", "hold", "--case", "c", "--reason", "r").err
    missing = run("retention", "due", "--data", tmp_path / "none")
    assert (missing.code, missing.err) == (
        1,
        f"Error: there is no log in `{tmp_path / 'none'}`; name the directory of a service with --data\n",
    )
    assert not (tmp_path / "none").exists()
    assert record.acts() == []


def test_a_policy_that_does_not_say_how_long_records_are_kept(run, tmp_path, rules):
    policy = load([rules], default_jurisdictions())
    write(tmp_path / "data", {"a": {"action": "account.open", "facts": {"customer": {"id": "a"}}}}, policy)
    shown = run("retention", "due", "--data", tmp_path / "data")
    assert shown.code == 1
    assert f"the policy in force, {policy.digest}, does not say how long records are kept (switch Q16" in shown.err


def test_a_dry_run_destroys_nothing(record, run):
    shown = run("retention", "destroy", "--due", "--dry-run")
    assert (shown.code, shown.out) == (
        0,
        f"{record.subjects['due']}  1 decision\nTo be destroyed: 1 customer, and the facts of 1 decision.\n",
    )
    assert record.acts() == []


@pytest.mark.parametrize(("typed", "is_destroyed"), [("y", True), ("n", False)])
def test_on_a_terminal_it_is_asked(record, typed, is_destroyed):
    ours, theirs = pty.openpty()
    command = subprocess.Popen(
        [*COMMAND, "destroy", "--due"], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    os.write(ours, f"{typed}\n".encode())
    out, err = command.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert "Destroy the keys of 1 customer, and the facts of 1 decision, for good? [y/N]" in err
    assert ("Destroyed: 1 customer." in out) == is_destroyed
    assert command.returncode == (0 if is_destroyed else 1)
    assert (record.subjects["due"] in record.kept_keys()) != is_destroyed


def files_with(directory: Path, needles: list[bytes]) -> dict[str, int]:
    """How many of the needles are in each file below a directory that has any."""
    found = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            number = sum(needle in raw for needle in needles)
            if number:
                found[path.name] = number
    return found


def test_nothing_of_100_of_500_customers_is_left_while_a_service_runs(tmp_path, shipped, start_service, run):
    data = tmp_path / "data"
    names = [f"c{number}" for number in range(500)]
    canaries = {name: f"canary-{name}-{secrets.token_hex(12)}" for name in names}
    told = {name: request(name, CLOSED if at < 100 else OPEN, name=canaries[name]) for at, name in enumerate(names)}
    gone, kept = names[:100], names[100:]
    record = write(data, dict(list(told.items())[:250]), shipped)
    later = write(data, dict(list(told.items())[250:]), shipped)
    record = Written(data, record.ids | later.ids, record.subjects | later.subjects)
    kek = read_key_file(data / KEY_ENCRYPTION_KEY)
    keys = {
        s: (lookup, wrapped)
        for s, lookup, wrapped in rows(data / "keys.db", "SELECT subject, lookup, wrapped FROM vault_key")
    }
    boxes = dict(rows(data / "log.db", "SELECT subject, box FROM sealed"))
    gone_subjects = [record.subjects[name] for name in gone]
    wrapped = [keys[subject][1] for subject in gone_subjects]
    stored = [*wrapped, *(keys[s][0] for s in gone_subjects), *(boxes[s] for s in gone_subjects)]
    raw = [kek.unwrap(subject, keys[subject][1]) for subject in gone_subjects]
    plain = [*raw, *(canaries[name].encode() for name in names)]

    service = start_service(data)
    more = service.decide(told["c0"]).document
    before = service.request("GET", f"/v1/decisions/{record.ids['c0']}").body
    assert files_with(data, stored) == {"keys.db": 200, "log.db": 100}
    assert files_with(data, plain) == {}
    done = run("retention", "destroy", "--due", "--yes", "--data", data)
    assert (done.code, done.err) == (0, "")
    assert f"{record.subjects['c0']}  destroyed, with the facts of 2 decisions\n" in done.out
    assert done.out.endswith("Destroyed: 100 customers.\n")
    assert files_with(data, [*stored, *plain]) == {}
    assert files_with(data, [keys[record.subjects[name]][1] for name in kept]) == {"keys.db": 400}

    # Decisions of both times are served as before, and of people the service only knows those who are left.
    assert service.request("GET", f"/v1/decisions/{record.ids['c0']}").body == before
    assert service.request("GET", f"/v1/decisions/{more['id']}").status == 200
    # The customer comes back: a new one, whom only the vault's index key connects with the id.
    again = service.decide(told["c0"]).document
    assert service.stop()[0] == 0
    stored.remove(keys[record.subjects["c0"]][0])
    assert run("log", "backup", tmp_path / "backup", "--data", data).code == 0
    assert files_with(tmp_path, [*stored, *plain]) == {}
    record.check()
    (body,) = rows(data / "log.db", "SELECT body FROM entry WHERE id = ?", [again["id"]])[0]
    assert json.loads(body)["subject"] not in gone_subjects
    with DecisionLog.open(data) as log:
        vault = record_over(log, settings_of(data), recorder()).vault
        for name in names:
            box = log.sealed(log.get(record.ids[name]).index)
            opened = None if box is None else vault.open_facts(box[0], record.ids[name], box[1])
            assert (opened is None) == (name in gone)
            assert opened is None or canaries[name].encode() in opened


def settings_of(data: Path) -> Settings:
    return Settings(data=data, rules=(default_rules(),), jurisdictions=default_jurisdictions())


def recorder() -> Recorder:
    return Recorder(None, lambda: date(2026, 11, 25))


def begun(record: Written, name: str, *, and_key_gone: bool) -> None:
    """Leave a destruction as a crash leaves it: on record, and with or without the key."""
    subject, day = record.subjects[name], date(2026, 11, 25)
    with DecisionLog.open(record.data) as log:
        entry = recorder().entry("destruction_begun", {"subject": subject, "due_since": "2022-03-02", "count": 1})
        log.append(entry)
        if and_key_gone:
            log.change(lambda transaction: destroy_key(transaction.keys, subject, Readings(), day) and None)


@pytest.mark.parametrize("and_key_gone", [False, True])
@pytest.mark.parametrize("by", ["command", "service"])
def test_a_destruction_cut_short_is_finished(record, run, start_service, and_key_gone, by):
    begun(record, "due", and_key_gone=and_key_gone)
    if by == "service":
        assert start_service(record.data).stop()[0] == 0
    else:
        assert run("retention", "due").code == 0
    assert record.acts() == ["destruction_begun", "destruction_done"]
    (done,) = record.entries("destruction_done")
    assert (done["subject"], done["count"]) == (record.subjects["due"], 1)
    assert record.kept_keys() == {record.subjects[name] for name in NAMES if name != "due"}
    assert rows(record.data / "log.db", "SELECT * FROM sealed WHERE subject = ?", [record.subjects["due"]]) == []
    record.check()


def test_a_hold_that_came_in_between_stops_a_destruction_that_had_begun(record, run):
    begun(record, "due", and_key_gone=False)
    subject = record.subjects["due"]
    with DecisionLog.open(record.data) as log:
        log.change(lambda transaction: set_hold(transaction.keys, Hold(subject, "c", "r", "2026-11-25T00:00:00Z")))
    assert f"{subject}  held for `c`" in run("retention", "due", "--all").out
    assert subject in record.kept_keys()
    assert run("retention", "release", subject, "--case", "c", "--reason", "r").code == 0
    assert run("retention", "due").code == 0
    assert subject not in record.kept_keys()
    assert record.acts() == ["destruction_begun", "hold_released", "destruction_done"]


def test_killed_at_any_moment_destruction_is_finished_later(tmp_path, shipped, run):
    rounds = int(os.environ.get("OSTIARY_DESTRUCTION_KILLS", "3"))
    names = [f"c{number}" for number in range(40)]
    first = write(tmp_path / "first", {name: request(name, CLOSED, name="Ana") for name in names}, shipped)
    cut_short = 0
    for number in range(rounds):
        data = tmp_path / f"data{number}"
        shutil.copytree(first.data, data)
        record = Written(data, first.ids, first.subjects)
        command = subprocess.Popen([*COMMAND, "destroy", "--due", "--yes", "--data", str(data)], stdout=subprocess.PIPE)
        # From the first entry on, at a time that no two rounds share.
        while command.poll() is None and not record.acts():
            time.sleep(0.002)
        time.sleep(0.1 * number / rounds)
        command.send_signal(signal.SIGKILL)
        command.communicate(timeout=20)
        had_begun = {entry["subject"] for entry in record.entries("destruction_begun")}
        was_done = {entry["subject"] for entry in record.entries("destruction_done")}
        cut_short += had_begun != was_done
        assert run("retention", "due", "--data", data).code == 0
        done = record.entries("destruction_done")
        assert len(done) == len({entry["subject"] for entry in done}) == len(had_begun)
        assert all(entry["count"] == 1 for entry in done)
        assert record.kept_keys() == set(first.subjects.values()) - had_begun
        record.check()
    assert cut_short > 0


def test_what_is_no_text_is_refused_in_words(record, run):
    size = rows(record.data / "log.db", "SELECT count(*) FROM entry WHERE kind = 'hold_set'")
    for wrong in (
        ("--case", "c", "--reason", "\udcff", "--customer", "due"),
        ("--case", "\udcff", "--reason", "r", "--customer", "due"),
        ("--case", "c", "--reason", "r", "--customer", "\udcff"),
    ):
        refused = run("retention", "hold", *wrong)
        assert refused.code == 1
        assert "is not UTF-8" in refused.err
    assert rows(record.data / "log.db", "SELECT count(*) FROM entry WHERE kind = 'hold_set'") == size


def test_a_new_key_locks_all_customers_keys(record, run):
    old = (record.data / KEY_ENCRYPTION_KEY).read_bytes()
    old_id = read_key_file(record.data / KEY_ENCRYPTION_KEY).id
    wrapped = [row[0] for row in rows(record.data / "keys.db", "SELECT wrapped FROM vault_key")]
    shown = run("retention", "rotate-kek")
    assert (shown.code, shown.err) == (0, "")
    new_id = read_key_file(record.data / KEY_ENCRYPTION_KEY).id
    assert f"4 customer keys locked with {new_id}, no longer with {old_id}." in shown.out
    assert (record.data / f"{KEY_ENCRYPTION_KEY}.{old_id}").read_bytes() == old
    assert rows(record.data / "keys.db", "SELECT DISTINCT kek FROM vault_key") == [(new_id,)]
    assert files_with(record.data, wrapped) == {}
    (entry,) = record.entries("kek_rotated")
    assert (entry["kek"], entry["previous"]) == (new_id, old_id)
    record.check()
    with DecisionLog.open(record.data) as log:
        vault = record_over(log, settings_of(record.data), recorder()).vault
        subject, box = log.sealed(log.get(record.ids["due"]).index)
        assert b"Canary One" in vault.open_facts(subject, record.ids["due"], box)


def test_a_change_of_keys_cut_short_before_the_file_changed_is_finished(record, run):
    """The keys are locked with the new key, the log does not say so yet, and the file has its draft's name still."""
    path = record.data / KEY_ENCRYPTION_KEY
    before = path.read_bytes()
    size = rows(record.data / "log.db", "SELECT count(*) FROM entry")
    shutil.copytree(record.data, record.data.with_name("copy"))
    assert run("retention", "rotate-kek").code == 0
    copy = record.data.with_name("copy")
    shutil.copy(record.data / "keys.db", copy / "keys.db")
    shutil.copy(path, copy / f"{KEY_ENCRYPTION_KEY}.new")
    assert rows(copy / "log.db", "SELECT count(*) FROM entry") == size
    assert (copy / KEY_ENCRYPTION_KEY).read_bytes() == before
    assert run("retention", "due", "--data", copy).code == 0
    assert (copy / KEY_ENCRYPTION_KEY).read_bytes() == path.read_bytes()
    assert not (copy / f"{KEY_ENCRYPTION_KEY}.new").exists()
    finished = Written(copy, record.ids, record.subjects)
    assert [entry["kek"] for entry in finished.entries("kek_rotated")] == [read_key_file(path).id]
    finished.check()


def test_a_key_from_the_environment_is_changed_for_one_in_a_file(record, run, tmp_path, monkeypatch):
    path = record.data / KEY_ENCRYPTION_KEY
    monkeypatch.setenv("OSTIARY_KEK", path.read_text())
    path.unlink()
    assert "name it with --to" in run("retention", "rotate-kek").err
    new = tmp_path / "new.key"
    subprocess.run(["openssl", "rand", "-base64", "-out", str(new), "32"], check=True)
    new.chmod(0o600)
    shown = run("retention", "rotate-kek", "--to", new)
    assert (shown.code, shown.err) == (0, "")
    assert f"Give services the key in {new}, in OSTIARY_KEK_FILE or OSTIARY_KEK" in shown.out
    locked = run("retention", "due")
    assert locked.code == 1
    assert "put the right one in place" in locked.err
    monkeypatch.setenv("OSTIARY_KEK", new.read_text())
    assert run("retention", "due").code == 0
