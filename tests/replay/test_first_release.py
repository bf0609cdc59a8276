"""A log that the first release left behind, its facts in clear, taken over by this one."""

from __future__ import annotations

from pathlib import Path

import click
import corpus_files
import fixture_logs
import orjson
import pytest
from corpus_files import Corpus
from fixture_logs import Written
from sqlite_utils import Database

from api.cli.log_data import existing_log
from engine.audit.merkle import leaf_hash
from engine.audit.store.sqlite.connection import open_writer
from engine.audit.store.sqlite.schema import LOG
from engine.replay import replay

MANY = 30
TIME = "2026-11-22T17:00:00.000000Z"


@pytest.fixture
def old(tmp_path: Path) -> tuple[Path, Corpus]:
    corpus = corpus_files.read(corpus_files.CORPORA / "0.1.0")
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "log.db").touch(0o600)
    db = open_writer(data / "log.db")
    LOG.apply(db, stop_before="0002-proofs")
    digest = orjson.loads(corpus.records[0].body)["policy"]
    policy = corpus.policies[digest]
    db["policy"].insert({"digest": digest, "document": policy["document"].encode()})
    db["policy_file"].insert_all(
        {"digest": digest, "path": path, "text": text} for path, text in policy["files"].items()
    )
    activation = {"v": 1, "type": "policy_activated", "id": "0", "time": TIME, "policy": digest}
    add_entry(db, 0, "policy_activated", "0", orjson.dumps(activation))
    for record in corpus.records[:MANY]:
        add_entry(db, record.index, "decision", record.id, record.body)
        db["facts"].insert({"index": record.index, "facts": record.facts})
    db.close()
    return data, corpus


def add_entry(db: Database, index: int, kind: str, id_: str, body: bytes) -> None:
    db["entry"].insert({"index": index, "kind": kind, "id": id_, "leaf": leaf_hash(body), "body": body})
    db.execute("UPDATE log_state SET size = size + 1, commits = commits + 1")


def test_it_is_replayed_once_its_facts_are_sealed(old: tuple[Path, Corpus]) -> None:
    data, corpus = old
    with (
        pytest.raises(click.ClickException, match="kept facts in clear there; start the service once"),
        existing_log(data),
    ):
        raise AssertionError("it was opened")
    assert not (data / "kek.key").exists()
    fixture_logs.write(data, {})
    with existing_log(data) as (log, vault):
        read = Written.of(log, vault, {})
        results = list(replay(read.records, corpus.policy_of))
    assert read.records == corpus.records[:MANY]
    assert all(result.is_same for result in results)
