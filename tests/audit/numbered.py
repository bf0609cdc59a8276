"""Entries whose body and facts follow from their id, so that whoever reads a log can tell what must stand in it."""

from __future__ import annotations

import functools
import hashlib
import json

import attrs
from log_samples import KEK

from engine.audit import DecisionLog, Entry
from engine.audit.merkle import Frontier, root_at
from engine.audit.tree_rows import tree_of
from engine.audit.vault import Vault, open_index_key

MOST_BYTES = 24_000


@functools.lru_cache(maxsize=20_000)
def numbered_entry(name: str) -> Entry:
    """A decision of that id: a few hundred bytes mostly, one in sixteen of up to `MOST_BYTES`."""
    digest = hashlib.sha256(name.encode()).digest()
    most = MOST_BYTES if digest[0] < 16 else 600
    filler = digest.hex() * (int.from_bytes(digest[1:3], "big") % most // 64)
    return Entry(kind="decision", id=name, body=json.dumps({"id": name, "filler": filler}).encode())


def with_facts(entry: Entry, vault: Vault) -> Entry:
    """The entry with sealed facts of a customer of its own."""
    sealed = vault.sealer("2026-11-25T00:00:00Z").seal(None, entry.id, entry.body[:300], None)
    return attrs.evolve(entry, sealed=sealed)


def open_vault(log: DecisionLog) -> Vault:
    """The log's vault, always under the same key-encryption key."""
    found: list[bytes] = []
    log.change(lambda transaction: found.append(open_index_key(transaction.keys, KEK)))
    return Vault(KEK, found[-1], log.store.reading_keys)


def read_whole(log: DecisionLog) -> dict[str, int]:
    """Index by id of the numbered entries. The log is whole: no hole, no id twice, every body right, and the tree."""
    entries = list(log.entries())
    assert [entry.index for entry in entries] == list(range(log.size()))
    found = {entry.id: entry for entry in entries}
    assert len(found) == len(entries)
    ours = [entry for entry in entries if entry.kind == "decision"]
    assert [entry.id for entry in ours if entry.body != numbered_entry(entry.id).body] == []
    tree = Frontier(0, ()).extended(entry.leaf for entry in entries)
    assert log.head() == tree
    if entries:
        with log.store.reading() as session:
            assert root_at(tree.size, tree_of(session, tree.size)) == tree.root()
    return {entry.id: entry.index for entry in ours}


def closed_facts(log: DecisionLog, last: int = 40) -> list[str]:
    """Which of the last entries have facts that cannot be opened: their key was not safe before they were."""
    vault = open_vault(log)
    closed = []
    for entry in log.entries(log.size() - last):
        sealed = log.sealed(entry.index)
        if sealed is not None and vault.open_facts(sealed[0], entry.id, sealed[1]) != entry.body[:300]:
            closed.append(entry.id)
    return closed


def acknowledgements(text: str) -> dict[str, int]:
    """Index by id from what a process of `children/nursery.py` wrote; a line without its end was not acknowledged."""
    return {name: int(index) for index, name in (line.split() for line in text.split("\n")[:-1])}


def lost(acknowledged: dict[str, int], stored: dict[str, int]) -> dict[str, int]:
    """What was acknowledged and does not stand where it was said to."""
    return {name: index for name, index in acknowledged.items() if stored.get(name) != index}
