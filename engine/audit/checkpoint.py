"""Checkpoints: what a log commits to at one size, as a signed note, after C2SP tlog-checkpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

import attrs

from engine.audit.merkle import EMPTY_ROOT, HASH_BYTES
from engine.audit.note import NoteError, decode_base64, encode_base64, open_note, sign_note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.audit.note import Signer, Verifier

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/=]+)\n")
_SIZE_LIMIT = 2**63


@attrs.frozen
class Checkpoint:
    """The root (32 bytes) over the first `size` entries of the log whose identity is `origin`."""

    origin: str
    size: int
    root: bytes = attrs.field(repr=bytes.hex)

    def __attrs_post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise NoteError("a checkpoint's origin is one line that is not empty")
        if not 0 <= self.size < _SIZE_LIMIT or len(self.root) != HASH_BYTES:
            raise NoteError("a checkpoint's size is a number of 63 bits and its root has 32 bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise NoteError("a checkpoint of an empty log has another root than the empty tree")

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint of these lines. Extension lines are refused: nobody could audit what they say.

        Raises:
            NoteError: it is not a checkpoint, or not written the one way there is.
        """
        lines = _TEXT.fullmatch(text)
        if lines is None:
            raise NoteError("a checkpoint has three lines: origin, decimal size without leading zeros, base64 root")
        origin, size, root = lines.groups()
        return cls(origin, int(size), decode_base64(root))


def size_of(note: str) -> int:
    """The size that a checkpoint of one's own says."""
    return int(note.split("\n", 2)[1])


def sign_checkpoint(checkpoint: Checkpoint, signers: Iterable[Signer]) -> str:
    """The checkpoint as a note. Each key has to bear the origin as its name.

    The caller makes sure that the tree extends every one signed before.

    Raises:
        NoteError: a key is of another name, or nobody signs.
    """
    keys = tuple(signers)
    for key in keys:
        if key.name != checkpoint.origin:
            raise NoteError(f"the key `{key.name}` cannot sign for the log `{checkpoint.origin}`")
    return sign_note(checkpoint.text, keys)


def read_checkpoint(note: str | bytes, verifiers: Iterable[Verifier]) -> Checkpoint:
    """The checkpoint in a note that a key of its own log has signed.

    A key under another name, such as a witness's, may have signed too, but vouches for no log of that origin alone.

    Raises:
        NoteError: it is malformed, or not signed so.
    """
    text, signed = open_note(note, verifiers)
    checkpoint = Checkpoint.parse(text)
    if all(verifier.name != checkpoint.origin for verifier in signed):
        raise NoteError(f"no known key of the log `{checkpoint.origin}` has signed its checkpoint")
    return checkpoint
