"""A corpus: decisions as a release made them, with the programs that decided, in two files that are written once.

`corpus/NAME/policies.json.xz` maps digests to `{"document": canonical JSON, "files": {path: text}}`;
`corpus/NAME/decisions.ndjson.xz` has a line `{"index", "id", "body", "facts"}` for each decision, body and facts as the
exact texts that were logged; the first corpus has it unpacked.
"""

from __future__ import annotations

import lzma
from functools import lru_cache
from pathlib import Path

import attrs
import orjson

from engine import Policy
from engine.audit import DecisionLog
from engine.policy.load import is_test
from engine.replay import NotReplayableError, Reason, Recorded, semantics_of, stored_policy

CORPORA = Path(__file__).parent / "corpus"
_POLICIES, _DECISIONS = "policies.json.xz", "decisions.ndjson.xz"


@attrs.frozen
class Corpus:
    """The decisions, and the programs by their digests."""

    records: tuple[Recorded, ...]
    policies: dict[str, dict]

    def semantics_of(self, record: Recorded) -> str:
        return semantics_of(self.policies[orjson.loads(record.body)["policy"]]["document"].encode())

    def policy_of(self, digest: str) -> Policy:
        policy = self.policies.get(digest)
        if policy is None:
            raise NotReplayableError(Reason.NO_POLICY, f"the corpus has no policy {digest}")
        return _loaded(digest, policy["document"], tuple(policy["files"].items()))


@lru_cache
def _loaded(digest: str, document: str, files: tuple[tuple[str, str], ...]) -> Policy:
    """The same text is loaded once: releases that follow each other share most programs."""
    return stored_policy(digest, document.encode(), dict(files))


def read(directory: Path) -> Corpus:
    packed, unpacked = directory / _DECISIONS, directory / _DECISIONS.removesuffix(".xz")
    lines = (lzma.decompress(packed.read_bytes()) if packed.exists() else unpacked.read_bytes()).splitlines()
    return Corpus(
        tuple(
            Recorded(line["index"], line["id"], line["body"].encode(), line["facts"].encode())
            for line in map(orjson.loads, lines)
        ),
        orjson.loads(lzma.decompress((directory / _POLICIES).read_bytes())),
    )


def freeze(directory: Path, log: DecisionLog, records: tuple[Recorded, ...]) -> None:
    """Keep records and the programs that decided them. A corpus that exists stays as it is: FileExistsError."""
    directory.mkdir(parents=True)
    policies = {}
    for digest in dict.fromkeys(orjson.loads(record.body)["policy"] for record in records):
        policy = log.policy(digest)
        assert policy is not None
        # Tests of rules are stored with a program and decide nothing.
        files = {path: text for path, text in policy.files.items() if not is_test(path)}
        policies[digest] = {"document": policy.document.decode(), "files": files}
    lines = [
        {"index": record.index, "id": record.id, "body": record.body.decode(), "facts": record.facts.decode()}
        for record in records
        if record.facts is not None
    ]
    (directory / _POLICIES).write_bytes(_packed(orjson.dumps(policies)))
    (directory / _DECISIONS).write_bytes(
        _packed(b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))
    )


def _packed(text: bytes) -> bytes:
    return lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)
