"""The evaluator that docs/evaluators.md shows to whoever adds one is right about all that it evaluates."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from corpus_check import first_mistake, has_any
from matrix_corpus import entries

from bench.agreement.contenders import contender
from engine.evaluators.evaluator import EvaluatorKind
from engine.evaluators.registry import EVALUATORS

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "evaluators.md"


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[EvaluatorKind]:
    (text,) = re.findall(r"^```python\n(.*?)^```$", _PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    module = ModuleType("documented_evaluator")
    exec(compile(text, str(_PAGE), "exec"), module.__dict__)  # noqa: S102 - our own page
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(EVALUATORS, module.KIND.name, module.__name__)
    return module.KIND


def test_it_is_right_about_what_it_evaluates(kind: EvaluatorKind) -> None:
    assert first_mistake(kind.make, kind.unsupported) is None
    whole = [entry for entry in entries() if not has_any(entry, kind.unsupported)]
    assert len(whole) > 20
    for entry in whole:
        answering = contender(kind.name, entry.policy)
        assert [case.misses(answering.answer(case.request)) for case in entry.cases] == [None] * len(entry.cases)


def test_it_refuses_the_rest(kind: EvaluatorKind) -> None:
    rest = [entry for entry in entries() if has_any(entry, kind.unsupported)]
    assert rest
    for entry in rest:
        answer = contender(kind.name, entry.policy).answer(entry.cases[0].request)
        assert answer.failure.startswith("`walking` does not evaluate `")
        assert answer.failure.endswith(": nobody has written it yet")
