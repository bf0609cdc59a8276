"""An evaluator that can be used nowhere. Register it with `absent_evaluator.register`."""

from __future__ import annotations

import attrs
import mute_evaluator
import pytest

from engine.evaluators import registry

KIND = attrs.evolve(mute_evaluator.KIND, name="absent", absence=lambda: "there is no voice on this machine; buy one")


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it one of the evaluators while a test runs."""
    monkeypatch.setitem(registry.EVALUATORS, KIND.name, __name__)
