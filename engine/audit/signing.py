"""Signing what the log holds: a checkpoint only over what was read back, and only if it extends the last one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from engine.audit import signing_key
from engine.audit.anchor import read_anchor, write_anchor
from engine.audit.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from engine.audit.merkle import Frontier, ProofError, frontier_at
from engine.audit.note import NoteError, Signer, Verifier, encode_base64, open_note
from engine.audit.public_keys import read_public_keys, write_public_keys
from engine.audit.tiles import TileError
from engine.audit.tree_rows import tree_of
from engine.audit.unavailable import STOP, LogUnavailable, damaged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.audit.entry import Entry, Kind
    from engine.audit.log import DecisionLog

NewEntry: TypeAlias = "Callable[[Kind, dict[str, Any]], Entry]"
"""Makes the entry of a kind with these fields: who is told the time, and by whom, is the caller's business."""


def open_key(log: DecisionLog, path: Path, origin: str | None) -> Signer:
    """The signing key in the file, made for a log that has none yet; without an origin it gets a random name.

    Raises:
        LogUnavailable: the file cannot be used, is of another origin, or is not there although the log has a key.
    """
    if not path.exists() and log.last_of("log_created", "key_rotated") is not None:
        raise _missing(path)
    try:
        if origin is None:
            origin = signing_key.read_signer(path).name if path.exists() else f"ostiary.local/{secrets.token_hex(4)}"
        return signing_key.open_signer(path, origin)
    except NoteError as error:
        raise LogUnavailable(
            f"the log's origin `{origin}` cannot name a key ({error}); correct OSTIARY_LOG_ORIGIN"
        ) from error


@attrs.frozen
class Signatory:
    """Signs checkpoints of one log with the key in a file, which a rotation may replace at any time.

    `anchor` is the file beside the databases that holds the last note; `public` that of all public keys the log has
    had, one vkey a line.
    """

    log: DecisionLog
    key: Path
    origin: str
    anchor: Path
    public: Path
    new_entry: NewEntry

    def sign(self, known: str | None = None) -> str:
        """Sign what has been appended since the last checkpoint, if anything has; the note of the last one then.

        The new bodies are read back and hashed, and the tree over them must be the one the log says it has and extend
        the last one that was signed; also the one of the note `known`, which the caller remembers.

        Raises:
            LogUnavailable: the log or the key cannot be used. With cause DAMAGED nothing may be appended any more.
        """
        with self.log.store.signing_turn():
            return self._sign(known)

    def rotate(self) -> tuple[Verifier, Verifier]:
        """Replace the signing key: the old and the new public one. The next checkpoint is signed by both.

        Raises:
            LogUnavailable: the log or the key cannot be used.
        """
        with self.log.store.signing_turn():
            old, new = signing_key.rotate(self.key)
            # Within the same turn, so that the entry about it is that of whoever rotates.
            self._sign()
        return old.verifier, new.verifier

    def _sign(self, known: str | None = None) -> str:
        """Sign, within the turn."""
        self._refuse_foreign_key()
        last, note = self._last(known)
        signers = self._signers(note)
        head = self.log.head()
        if last is not None and note is not None and head.size == last.size:
            self._read_back(last, head)
            self._keep(last.size, note)
            return note
        if self._has_news(last):
            self.log.append(self.new_entry("checkpoint_signed", _told(last, note)))
        head = self.log.head()
        self._read_back(last, head)
        signed = sign_checkpoint(Checkpoint(self.origin, head.size, head.root()), signers)
        self._keep(head.size, signed)
        return signed

    def _keep(self, size: int, note: str) -> None:
        """Have the last note in the file and in the database, where a crash or another place's turn left it out."""
        # The database first: whoever holds a note from the file finds it in the log.
        if self.log.latest_checkpoint() != note:
            self.log.store_checkpoint(size, note)
        if read_anchor(self.anchor) != note.encode():
            write_anchor(self.anchor, note)

    def check(self, published: Path | None = None) -> None:
        """See that the log extends the last checkpoint, in work that does not grow with its length.

        So it must the one in the file `published`, if there is one: whoever cut off the end of the log may have put an
        older checkpoint beside it, but that one was carried away.

        Raises:
            LogUnavailable: it does not, or a checkpoint or the key is not of this log.
        """
        self._refuse_foreign_key()
        # Read before the size of the log: others append and publish meanwhile.
        note = None if published is None else read_anchor(published)
        last, _ = self._last()
        self._extended_frontier(last, self.log.head())
        if note is None:
            return
        try:
            checkpoint = read_checkpoint(note, self.verifiers())
        except ValueError as error:
            raise LogUnavailable(
                f"{published}: the checkpoint published there is not one of this log's key ({error}). If this is to be "
                f"another log, move it away; if not, {STOP}"
            ) from error
        self._extended_frontier(checkpoint, self.log.head())

    def verifiers(self) -> tuple[Verifier, ...]:
        """All public keys the log has had, as far as this place knows them."""
        published = read_public_keys(self.public)
        current = self._signer().verifier
        return published if current in published else (*published, current)

    def _put_out(self, verifier: Verifier) -> None:
        """Add a key to those that are published. Not before the log names it: a wrong file would make it trusted."""
        published = read_public_keys(self.public)
        if verifier not in published:
            write_public_keys(self.public, (*published, verifier))

    def _last(self, known: str | None = None) -> tuple[Checkpoint | None, str | None]:
        """The largest of the checkpoints in the file, in the database and `known`, the others having been checked."""
        verifiers = self.verifiers()
        found: list[tuple[Checkpoint, str]] = []
        stored = self.log.latest_checkpoint()
        places = ((self.anchor, read_anchor(self.anchor)), (self.log.store.name, stored), (self.log.store.name, known))
        for place, note in places:
            if note is None:
                continue
            try:
                text = note.decode() if isinstance(note, bytes) else note
                found.append((read_checkpoint(text, verifiers), text))
            except ValueError as error:
                raise damaged(str(place), f"the last checkpoint is not one of this log's key ({error})") from error
        newest = max(found, key=lambda pair: pair[0].size, default=(None, None))
        for other in {checkpoint for checkpoint, _ in found} - {newest[0]}:
            self._extended_frontier(other, self.log.head())
            if newest[0] is not None and other.size == newest[0].size:
                raise self._fork(f"two checkpoints of size {other.size} with different roots have been signed")
        return newest

    def _signers(self, note: str | None) -> list[Signer]:
        """Who signs now, after the last `note`: the key in the file, and after a rotation the one before as well, until
        one checkpoint bears both. By that one, who knows the old key can trust the new one.
        """
        signer = self._signer()
        vkey = signer.verifier.text
        before = None
        last = self.log.last_of("log_created", "key_rotated")
        told = {} if last is None else json.loads(last.body)
        if last is None:
            self.log.append(self.new_entry("log_created", {"origin": self.origin, "key": vkey}))
        elif told["key"] != vkey:
            before = self._kept(told["key"])
            self.log.append(self.new_entry("key_rotated", {"key": vkey, "previous": told["key"]}))
        elif last.kind == "key_rotated" and note is not None and not _bears(note, signer.verifier):
            before = self._kept(told["previous"])
        self._put_out(signer.verifier)
        return [signer] if before is None else [signer, before]

    def _signer(self) -> Signer:
        """The key in the file. One that is gone is not made anew: the log would have none that it knows."""
        try:
            return signing_key.read_signer(self.key, self.origin)
        except FileNotFoundError:
            raise _missing(self.key) from None

    def _refuse_foreign_key(self) -> None:
        """The key in the file has to be the log's, or one that a rotation here has put in its place.

        Asked first: to whoever has another key, the checkpoints of this one look forged.
        """
        last = self.log.last_of("log_created", "key_rotated")
        if last is None:
            return
        vkey = json.loads(last.body)["key"]
        if self._signer().verifier.text != vkey and self._kept(vkey) is None:
            raise LogUnavailable(
                f"{self.key}: this is not the key of the log, which is `{vkey}`; put that key in its place. Services "
                "that share a log share its key, and rotate it with `ostiary log rotate-key`"
            )

    def _kept(self, vkey: str) -> Signer | None:
        """The private key of an earlier public one, as a rotation leaves it; None if it is not there."""
        with contextlib.suppress(NoteError, FileNotFoundError):
            verifier = Verifier.parse(vkey)
            kept = signing_key.read_signer(signing_key.kept_path(self.key, verifier))
            if kept.verifier == verifier:
                return kept
        return None

    def _has_news(self, last: Checkpoint | None) -> bool:
        """Whether an entry waits that does not itself tell of a checkpoint: else there would be one more each time."""
        if last is None:
            return False
        return any(entry.kind != "checkpoint_signed" for entry in self.log.entries(last.size))

    def _extended_frontier(self, last: Checkpoint | None, head: Frontier) -> Frontier:
        """The frontier at the last checkpoint, whose root it has, of a log that has not become shorter."""
        if last is None:
            return Frontier()
        if last.origin != self.origin:
            raise LogUnavailable(f"{self.anchor}: it is a checkpoint of the log `{last.origin}`, not `{self.origin}`")
        if head.size < last.size:
            raise self._fork(f"it has {head.size} entries, but {last.size} were signed: its end is missing")
        try:
            with self.log.store.reading() as session:
                frontier = frontier_at(last.size, tree_of(session, head.size))
        except (TileError, ProofError) as error:
            raise self._fork(str(error)) from error
        if frontier.root() != last.root:
            raise self._fork(f"its first {last.size} entries are not those that were signed")
        return frontier

    def _read_back(self, last: Checkpoint | None, head: Frontier) -> None:
        tree = self._extended_frontier(last, head)
        tree = tree.extended(entry.leaf for entry in self.log.entries(tree.size, head.size))
        if tree != head:
            raise self._fork("the tree over its new entries is not the one it says it has")

    def _fork(self, what: str) -> LogUnavailable:
        return damaged(self.log.store.name, what)


def _missing(path: Path) -> LogUnavailable:
    return LogUnavailable(
        f"{path}: the key that signs this log is not there; put it back from where you keep a copy. Services that "
        "share a log share its key"
    )


def _bears(note: str, verifier: Verifier) -> bool:
    """Whether that key has signed the note."""
    try:
        open_note(note, [verifier])
    except NoteError:
        return False
    return True


def _told(last: Checkpoint | None, note: str | None) -> dict[str, Any]:
    assert last is not None
    assert note is not None
    return {
        "size": last.size,
        "root": encode_base64(last.root),
        "note_sha256": hashlib.sha256(note.encode()).hexdigest(),
    }
