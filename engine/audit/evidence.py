"""One decision's evidence: what proves to a stranger that it was made, when, and under which rules, in one zip.

Nothing here asks for trust in the service that hands it over: with the log's public key from elsewhere, everything but
the page for people can be verified from the files themselves.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import attrs

from engine.audit.checkpoint import read_checkpoint
from engine.audit.merkle import ProofError
from engine.audit.proofs import Inclusion, prove_inclusion
from engine.audit.unavailable import damaged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.audit.entry import PolicyRecord, StoredEntry
    from engine.audit.log import DecisionLog
    from engine.audit.note import Verifier

PAGE = "index.html"
_FIRST_YEAR = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can say: the files have no other time than that of the checkpoint, which is in them."""
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3
_KEYS = (
    "# The public keys of the log, as the service that made this evidence has them. Whoever forges the one can forge\n"
    "# the other: take the key you verify with from the operator's publication or your own files, and compare.\n"
)


@attrs.frozen
class Evidence:
    """The parts: the entry of a decision, the one that activated its policy, and what both are proved by.

    `note` is a signed checkpoint over both, `policy` is kept under the digest that both name.
    """

    entry: StoredEntry
    proof: Inclusion
    activation: StoredEntry
    activation_proof: Inclusion
    policy: PolicyRecord
    note: str
    keys: tuple[Verifier, ...]

    def bound_files(self) -> dict[str, str]:
        """The texts that the entry of the activation vouches for by their hashes, by path: all, since version 2."""
        named = json.loads(self.activation.body).get("files") or {}
        digests = self.policy.file_digests()
        return {path: text for path, text in self.policy.files.items() if named.get(path) == digests[path]}

    def files(self) -> dict[str, bytes]:
        """What the zip holds, by name and in its order, without the page for people."""
        bound = self.bound_files()
        rest = {path: text for path, text in self.policy.files.items() if path not in bound}
        return {
            "entry.json": self.entry.body,
            "proof.txt": self.proof.text(self.note).encode(),
            "checkpoint": self.note.encode(),
            "activation.json": self.activation.body,
            "activation_proof.txt": self.activation_proof.text(self.note).encode(),
            "policy.json": self.policy.document,
            "keys.txt": (_KEYS + "".join(f"{key.text}\n" for key in self.keys)).encode(),
            **{f"files/{path}": text.encode() for path, text in sorted(bound.items())},
            # Texts that nothing signed vouches for, as in activations of before version 2, must not look as if.
            **{f"unproven/{path}": text.encode() for path, text in sorted(rest.items())},
        }


def gather_evidence(log: DecisionLog, entry: StoredEntry, note: str, keys: Sequence[Verifier]) -> Evidence:
    """The evidence of a decision under a signed checkpoint that covers it.

    Raises:
        LogUnavailable: the log cannot be read, or is not what was signed: then no evidence is given at all.
    """
    checkpoint = read_checkpoint(note, keys)
    digest = json.loads(entry.body)["policy"]
    activation = _activation(log, digest, entry.index)
    policy = log.policy(digest)
    if activation is None or policy is None:
        raise damaged(
            log.store.name, f"the policy `{digest}` of entry {entry.index} is not there, or was never activated"
        )
    try:
        proofs = [prove_inclusion(log, one.index, checkpoint.size) for one in (entry, activation)]
    except ProofError as error:
        raise damaged(log.store.name, str(error)) from error
    if any(proof.root != checkpoint.root for proof in proofs):
        raise damaged(log.store.name, f"its first {checkpoint.size} entries are not those that were signed")
    return Evidence(entry, proofs[0], activation, proofs[1], policy, note, tuple(keys))


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files in this order; the same files give the same bytes on any machine.

    Nothing is compressed, because the bytes would depend on the version of the library that does it.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _FIRST_YEAR)
            info.create_system = _UNIX
            info.external_attr = _PLAIN_FILE
            archive.writestr(info, content)
    return buffer.getvalue()


def _activation(log: DecisionLog, digest: str, before: int) -> StoredEntry | None:
    """The last entry before this index that activated the policy of this digest."""
    found = log.last_of("policy_activated", before=before)
    while found is not None and json.loads(found.body)["policy"] != digest:
        found = log.last_of("policy_activated", before=found.index)
    return found
