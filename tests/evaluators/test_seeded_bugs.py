"""Each mistake that an evaluator could make is caught by the corpus of the matrix."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus_check import first_mistake, mistake_with_open_constants
from seeded_bugs import BUGS, COLUMNAR_BUGS, Bug, with_bug

from engine.evaluators.compiled import Compiled


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_matrix_catches(bug: Bug, tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    with with_bug(bug, tmp_path) as kind:
        caught_by = first_mistake(kind.make) or mistake_with_open_constants(kind.make)
    assert caught_by is not None, f"nothing in the corpus notices that {bug.name}"
    record_property("caught by", caught_by)


@pytest.mark.parametrize("bug", COLUMNAR_BUGS, ids=lambda bug: bug.name)
def test_the_matrix_catches_in_columns(bug: Bug, tmp_path: Path) -> None:
    """One entry is asked: all of the corpus would take long."""
    with with_bug(bug, tmp_path) as kind:
        caught_by = first_mistake(kind.make, among=lambda entry: entry.name == bug.entry)
    assert caught_by is not None, f"`{bug.entry}` does not notice that {bug.name}"


def test_the_evaluator_without_a_mistake_is_not_caught(tmp_path: Path) -> None:
    """What catches a mistake is the mistake: a copy without one passes, as the evaluator itself does."""
    with with_bug(
        Bug("none", "kind.py", "operations=frozenset(SUPPORTED),", "operations=frozenset(SUPPORTED),"), tmp_path
    ) as kind:
        assert first_mistake(kind.make) is None
        assert mistake_with_open_constants(kind.make) is None
    assert first_mistake(Compiled) is None


def test_there_are_enough_and_no_two_are_one() -> None:
    assert len(BUGS) >= 40
    assert len({(bug.file, bug.old, bug.new) for bug in BUGS}) == len({bug.name for bug in BUGS}) == len(BUGS)
