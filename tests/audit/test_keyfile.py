"""The signing key on disk: made once, the owner's alone, and never missing while it is replaced."""

from __future__ import annotations

import errno
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.audit import LogUnavailable
from engine.audit.note import NoteError, Signer, open_note, sign_note
from engine.audit.signing_key import open_signer, rotate

ORIGIN = "ostiary.example/test"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.key"


def _names(path):
    return sorted(entry.name for entry in path.parent.iterdir())


def test_the_first_start_makes_a_key_and_the_next_ones_read_it(path):
    signer = open_signer(path, ORIGIN)
    assert signer.name == ORIGIN
    assert path.read_text() == signer.text + "\n"
    assert open_signer(path, ORIGIN) == signer
    assert _names(path) == ["log.key"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_it(path, umask):
    before = os.umask(umask)
    try:
        open_signer(path, ORIGIN)
        rotate(path)
    finally:
        os.umask(before)
    for entry in path.parent.iterdir():
        assert stat.S_IMODE(entry.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o601, 0o602, 0o777])
def test_a_key_that_others_may_read_is_refused_with_what_to_do(path, mode):
    signer = open_signer(path, ORIGIN)
    path.chmod(mode)
    for use in (lambda: open_signer(path, ORIGIN), lambda: rotate(path)):
        with pytest.raises(LogUnavailable, match=rf"log.key: others may read.*mode {mode:04o}.*`chmod 600 .*log.key`"):
            use()
    assert _names(path) == ["log.key"]
    path.chmod(0o600)
    assert open_signer(path, ORIGIN) == signer


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to give a file away")
def test_a_key_of_another_user_is_refused(path):
    open_signer(path, ORIGIN)
    os.chown(path, 12_345, -1)
    with pytest.raises(LogUnavailable, match=r"log.key: the signing key belongs to another user.*`chown`"):
        open_signer(path, ORIGIN)


def test_a_key_of_another_log_is_refused(path):
    open_signer(path, ORIGIN)
    with pytest.raises(LogUnavailable, match=f"the key is of the log `{ORIGIN}`, not of `other.example`"):
        open_signer(path, "other.example")


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"\n",
        lambda _: b"PRIVATE+KEY+",
        lambda key: key[:-4],
        lambda key: key[:-1] + b"\xff",
        lambda key: key + b"\n\n",
        lambda key: key + b"\r\n",
        lambda key: key + b" \n",
        lambda key: key + b"\n" + key,
        lambda key: key + b"\n" * 9_999,
    ],
)
def test_what_is_not_a_key_is_refused_and_not_replaced(path, damage):
    signer = open_signer(path, ORIGIN)
    wrong = damage(signer.text.encode())
    path.write_bytes(wrong)
    for use in (lambda: open_signer(path, ORIGIN), lambda: rotate(path)):
        with pytest.raises(LogUnavailable, match="this is not a signing key; put the file back") as told:
            use()
        assert signer.text[-44:-34] not in str(told.value)
        assert told.value.__cause__ is None
    assert path.read_bytes() == wrong
    assert _names(path) == ["log.key"]


def test_what_is_not_an_ordinary_file_is_refused(path):
    path.symlink_to("/dev/null")
    with pytest.raises(LogUnavailable, match="has to be an ordinary file"):
        open_signer(path, ORIGIN)
    path.unlink()
    path.mkdir()
    with pytest.raises(LogUnavailable, match=r"log.key: .*Is a directory"):
        open_signer(path, ORIGIN)


def test_a_directory_that_is_not_there_is_told(path):
    missing = path.parent / "missing" / "log.key"
    for use in (lambda: open_signer(missing, ORIGIN), lambda: rotate(missing)):
        with pytest.raises(LogUnavailable, match=r"missing/log.key: "):
            use()


def test_an_origin_that_cannot_name_a_key_is_refused(path):
    with pytest.raises(NoteError, match="name"):
        open_signer(path, "two words")
    assert _names(path) == []


def test_there_is_nothing_to_rotate_before_the_first_start(path):
    with pytest.raises(LogUnavailable, match="no key to replace; start the service once"):
        rotate(path)
    assert _names(path) == []


def test_services_that_start_at_once_have_one_key(path):
    threads = 8
    together = threading.Barrier(threads)

    def start(_):
        together.wait()
        return open_signer(path, ORIGIN)

    with ThreadPoolExecutor(threads) as pool:
        signers = set(pool.map(start, range(threads)))
    assert signers == {open_signer(path, ORIGIN)}
    assert _names(path) == ["log.key"]


def test_the_old_key_is_kept_and_still_verifies(path):
    first = open_signer(path, ORIGIN)
    note = sign_note("old\n", [first])
    old, new = rotate(path)
    assert (old, new.name) == (first, ORIGIN)
    assert new != old
    assert open_signer(path, ORIGIN) == new
    kept = path.with_name(f"log.key.{old.verifier.id.hex()}")
    assert Signer.parse(kept.read_text().strip()) == old
    assert open_note(note, [open_signer(kept, ORIGIN).verifier])[0] == "old\n"
    older, newer = rotate(path)
    assert older == new
    assert _names(path) == sorted(["log.key", *(f"log.key.{key.verifier.id.hex()}" for key in (old, new))])
    assert open_signer(path, ORIGIN) == newer


def test_rotations_at_once_lose_no_key(path):
    open_signer(path, ORIGIN)
    with ThreadPoolExecutor(6) as pool:
        pairs = list(pool.map(lambda _: rotate(path), range(6)))
    # Each replaced a key of its own, and all but the last of the new ones were replaced in turn.
    assert len({old for old, _ in pairs}) == len({new for _, new in pairs}) == 6
    assert {new for _, new in pairs} - {old for old, _ in pairs} == {open_signer(path, ORIGIN)}
    assert {name.rpartition(".")[2] for name in _names(path)} == {"key", *(old.verifier.id.hex() for old, _ in pairs)}


def test_a_rotation_that_was_cut_short_is_done_again(path):
    first = open_signer(path, ORIGIN)
    kept = path.with_name(f"log.key.{first.verifier.id.hex()}")
    kept.hardlink_to(path)
    path.with_name("log.key.draft").write_text("half a k")
    old, new = rotate(path)
    assert old == first
    assert open_signer(path, ORIGIN) == new
    assert _names(path) == ["log.key", kept.name]


def test_a_strange_file_where_the_old_key_would_be_kept_is_not_replaced(path):
    first = open_signer(path, ORIGIN)
    kept = path.with_name(f"log.key.{first.verifier.id.hex()}")
    kept.write_text(Signer.generate(ORIGIN).text)
    kept.chmod(0o600)
    with pytest.raises(LogUnavailable, match=f"{kept.name}: it is not the key to be kept there"):
        rotate(path)
    assert open_signer(path, ORIGIN) == first
    assert _names(path) == ["log.key", kept.name]


@pytest.fixture
def disk(monkeypatch):
    """What is asked of the disk, in order; with `fails_at` set, that call fails, as on a full or dying disk."""
    asked = Disk()
    monkeypatch.setattr(os, "open", asked.noting("open", os.open))
    monkeypatch.setattr(os, "fsync", asked.noting("flush", os.fsync))
    monkeypatch.setattr(os, "link", asked.noting("link", os.link))
    monkeypatch.setattr(Path, "replace", asked.noting("replace", Path.replace))
    yield asked
    monkeypatch.undo()


class Disk(list):
    fails_at = None

    def noting(self, name, real):
        def call(subject, *arguments, **options):
            if len(self) == self.fails_at:
                raise OSError(errno.ENOSPC, "no room")
            is_directory = isinstance(subject, int) and stat.S_ISDIR(os.fstat(subject).st_mode)
            self.append(f"{name} the directory" if is_directory else name)
            return real(subject, *arguments, **options)

        return call


def test_a_key_is_flushed_before_it_gets_its_name_and_the_name_before_it_is_used(path, disk):
    open_signer(path, ORIGIN)
    assert disk == ["open", "open", "flush", "link", "flush the directory"]
    disk.clear()
    rotate(path)
    assert disk == ["open", "open", "flush", "link", "replace", "flush the directory"]


@pytest.mark.parametrize("fails_at", range(6))
def test_whenever_the_disk_fails_the_file_holds_a_key_and_none_is_lost(path, disk, fails_at):
    first = open_signer(path, ORIGIN)
    disk.clear()
    disk.fails_at = fails_at
    with pytest.raises(LogUnavailable, match=r"log.key: the disk is full"):
        rotate(path)
    disk.fails_at = None
    kept = {name: Signer.parse(path.with_name(name).read_text().strip()) for name in _names(path) if name != path.name}
    assert open_signer(path, ORIGIN) == first or first in kept.values()
    assert set(kept) <= {f"log.key.{first.verifier.id.hex()}"}
    assert rotate(path)[1] == open_signer(path, ORIGIN)


@pytest.mark.parametrize("fails_at", range(4))
def test_a_first_start_that_fails_leaves_nothing_behind(path, disk, fails_at):
    disk.fails_at = fails_at
    with pytest.raises(LogUnavailable, match=r"log.key: the disk is full"):
        open_signer(path, ORIGIN)
    assert _names(path) == []
