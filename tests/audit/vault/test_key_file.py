"""The key file: made once, for its owner alone, and refused in any other state."""

from __future__ import annotations

import base64
import stat
import threading

import pytest

from engine.audit.vault import KeyEncryptionKey, VaultError, make_key_file, read_key_file


def test_a_new_key_is_read_again(tmp_path):
    path = tmp_path / "kek.key"
    made = make_key_file(path)
    assert read_key_file(path).id == made.id
    assert KeyEncryptionKey.parse(path.read_text()).id == made.id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_that_is_there_is_kept(tmp_path):
    path = tmp_path / "kek.key"
    made = make_key_file(path)
    before = path.read_bytes()
    assert make_key_file(path).id == made.id
    assert path.read_bytes() == before


def test_all_that_start_at_once_get_the_same_key(tmp_path):
    path, found = tmp_path / "kek.key", []
    start = threading.Barrier(8)

    def begin():
        start.wait()
        found.append(make_key_file(path).id)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {read_key_file(path).id}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_on_which_others_have_rights_is_refused(tmp_path, mode):
    path = tmp_path / "kek.key"
    make_key_file(path)
    path.chmod(mode)
    for use in (read_key_file, make_key_file):
        with pytest.raises(VaultError, match=rf"kek.key: others may read or change .*mode {mode:04o}"):
            use(path)
    path.chmod(0o400)
    read_key_file(path)


@pytest.mark.parametrize("text", [b"", b"secret", b"\xff" * 44, base64.b64encode(bytes(31))])
def test_a_file_that_holds_no_key_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "kek.key"
    path.write_bytes(text)
    path.chmod(0o600)
    for use in (read_key_file, make_key_file):
        with pytest.raises(VaultError, match=r"kek.key: the key-encryption key is not the base64 of 32 bytes"):
            use(path)
    assert path.read_bytes() == text


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(VaultError, match=r"kek.key: the key-encryption key cannot be read \(No such file"):
        read_key_file(tmp_path / "kek.key")
    with pytest.raises(VaultError, match="Is a directory"):
        read_key_file(tmp_path)
    with pytest.raises(VaultError, match="a key-encryption key cannot be written there"):
        make_key_file(tmp_path / "nowhere" / "kek.key")
