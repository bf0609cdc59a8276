"""A checkpoint has one text, and counts only if a key of its own log has signed it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audit.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from engine.audit.merkle import EMPTY_ROOT, leaf_hash
from engine.audit.note import NoteError, Signer, Verifier, open_note, sign_note

# A checkpoint of Go's checksum database as its server gave it, and the key that every `go` command knows it by.
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUMDB_NOTE = """go.sum database tree
15368405
/g9am3I6YWNKaZX/jkne1fqd9zEyjss+JXyPXG0WfkY=

\u2014 sum.golang.org Az3grqJGUaSGukG9p8nI2vKgiFn7qGHxn0W+mrwyI6Gz3F0t1J3LzmWk/p96Ybf295EjwdSwlzgijq5WA9d1Ded7owM=
"""
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
# The example of the specification.
TEXT = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"


@pytest.fixture
def signer():
    return Signer.generate("log.example/a")


def test_a_checkpoint_of_the_go_checksum_database():
    text, signed = open_note(SUMDB_NOTE, [Verifier.parse(SUMDB_KEY)])
    assert Checkpoint.parse(text).size == 15_368_405
    assert [verifier.text for verifier in signed] == [SUMDB_KEY]
    # Its key has another name than its origin; ours never do, and that is how a key's log is known.
    with pytest.raises(NoteError, match=r"no known key of the log `go.sum database tree`"):
        read_checkpoint(SUMDB_NOTE, signed)


def test_the_example_of_the_specification():
    checkpoint = Checkpoint.parse(TEXT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.text == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT[:-1],
        TEXT + "\n",
        TEXT + "extension\n",
        "\n" + TEXT,
        TEXT.replace("example.com/behind-the-sofa", ""),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n20852163\n", "\n20852163 \n"),
        TEXT.replace(ROOT, f" {ROOT}"),
        *(
            TEXT.replace("20852163", size)
            for size in (
                "",
                "0",
                "020852163",
                "+1",
                "-1",
                "1e3",
                "1_000",
                "0x1",
                "\u0661",
                "9223372036854775808",
                "9" * 5000,
            )
        ),
        *(
            TEXT.replace(ROOT, root)
            for root in ("", ROOT[:-1], ROOT[:-2] + "J=", "A" + ROOT, "AA==", ROOT * 2, ROOT[:-2])
        ),
    ],
)
def test_what_is_not_written_the_one_way_is_refused(text):
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


@settings(deadline=None)
@given(
    origin=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1),
    size=st.integers(1, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
)
def test_a_checkpoint_is_its_text(origin, size, root):
    checkpoint = Checkpoint(origin, size, root)
    assert Checkpoint.parse(checkpoint.text) == checkpoint


@settings(deadline=None)
@given(st.data())
def test_only_one_text_stands_for_a_checkpoint(data):
    at = data.draw(st.integers(0, len(TEXT) - 1))
    changed = TEXT[:at] + data.draw(st.text(max_size=2)) + TEXT[at + data.draw(st.integers(0, 2)) :]
    try:
        checkpoint = Checkpoint.parse(changed)
    except NoteError:
        return
    assert checkpoint.text == changed


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, leaf_hash(b"")),
        ("a\nb", 1, leaf_hash(b"")),
        ("a", -1, leaf_hash(b"")),
        ("a", 2**63, leaf_hash(b"")),
        ("a", 1, b""),
        ("a", 1, leaf_hash(b"")[:-1]),
        ("a", 0, leaf_hash(b"")),
    ],
)
def test_what_cannot_be_a_checkpoint_is_not_made(origin, size, root):
    with pytest.raises(NoteError):
        Checkpoint(origin, size, root)


def test_what_was_signed_is_read(signer):
    for checkpoint in (Checkpoint(signer.name, 0, EMPTY_ROOT), Checkpoint(signer.name, 2**40, leaf_hash(b"root"))):
        note = sign_checkpoint(checkpoint, [signer])
        assert note.startswith(checkpoint.text + "\n")
        assert read_checkpoint(note, [signer.verifier]) == checkpoint
        assert read_checkpoint(note.encode(), [signer.verifier]) == checkpoint


def test_an_old_and_a_new_key_may_sign_together_and_either_is_enough(signer):
    successor = Signer.generate(signer.name)
    checkpoint = Checkpoint(signer.name, 7, leaf_hash(b"root"))
    note = sign_checkpoint(checkpoint, [signer, successor])
    for known in ([signer], [successor], [signer, successor]):
        assert read_checkpoint(note, [key.verifier for key in known]) == checkpoint


def test_a_key_of_another_name_cannot_vouch_for_the_log(signer):
    other = Signer.generate("log.example/b")
    checkpoint = Checkpoint(signer.name, 7, leaf_hash(b"root"))
    with pytest.raises(NoteError, match=r"`log.example/b` cannot sign for the log `log.example/a`"):
        sign_checkpoint(checkpoint, [signer, other])
    forged = sign_note(checkpoint.text, [other])
    with pytest.raises(NoteError, match=r"no known key of the log `log.example/a`"):
        read_checkpoint(forged, [signer.verifier, other.verifier])
    witnessed = sign_note(checkpoint.text, [other, signer])
    assert read_checkpoint(witnessed, [signer.verifier, other.verifier]) == checkpoint


def test_a_signed_text_that_is_no_checkpoint_is_refused(signer):
    text = Checkpoint(signer.name, 7, leaf_hash(b"root")).text
    with pytest.raises(NoteError, match="three lines"):
        read_checkpoint(sign_note(text + "extension\n", [signer]), [signer.verifier])
    with pytest.raises(NoteError, match="1 to 100 signatures"):
        sign_checkpoint(Checkpoint(signer.name, 7, leaf_hash(b"root")), [])
