"""What releases decided, this engine decides by their programs in the same bytes.

`make corpus NAME=…` adds a corpus (see CONTRIBUTING.md).
"""

from __future__ import annotations

from pathlib import Path

import corpus_files
import orjson
import pytest
from fixture_logs import Written

from engine.policy.load import SEMANTICS
from engine.replay import NotReplayable, Reason, Replayed, replay

CORPORA = sorted(corpus_files.CORPORA.iterdir())


@pytest.mark.parametrize("directory", CORPORA, ids=lambda directory: directory.name)
def test_a_release_decided_what_this_engine_decides(directory: Path) -> None:
    corpus = corpus_files.read(directory)
    for record, result in zip(corpus.records, replay(corpus.records, corpus.policy_of), strict=True):
        if corpus.semantics_of(record) == SEMANTICS:
            assert isinstance(result, Replayed), result
            assert result.is_same, result
        else:
            # A new version of the language may decide otherwise, and says so instead of trying.
            assert isinstance(result, NotReplayable)
            assert result.reason == Reason.OTHER_SEMANTICS


@pytest.mark.parametrize("directory", CORPORA, ids=lambda directory: directory.name)
def test_a_corpus_shows_every_outcome_and_many_rules(directory: Path) -> None:
    """It proves only what it holds."""
    decisions = [orjson.loads(record.body)["decision"] for record in corpus_files.read(directory).records]
    assert len(decisions) >= 60
    assert {decision["outcome"] for decision in decisions} == {"allow", "restrict", "hold", "review", "deny"}
    assert len({finding["rule"] for decision in decisions for finding in decision["findings"]}) >= 60


def test_what_is_frozen_can_be_replayed(written: Written, tmp_path: Path) -> None:
    corpus_files.freeze(tmp_path / "next", written.log, written.records)
    corpus = corpus_files.read(tmp_path / "next")
    assert corpus.records == written.records
    assert not any(path.endswith("_test.yaml") for policy in corpus.policies.values() for path in policy["files"])
    assert all(result.is_same for result in replay(corpus.records[-3:], corpus.policy_of))
    with pytest.raises(FileExistsError):
        corpus_files.freeze(tmp_path / "next", written.log, written.records)
