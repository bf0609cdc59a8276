"""The form of a simulation's file, and of the ways around a measure that it may declare."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.vocabulary.explain import Shape


@cache
def job_form() -> Shape:
    """The form of a whole file."""
    return Shape(_schema())


@cache
def ways_form() -> Shape:
    """The form of a list of ways around a measure, as it stands under `evasion`."""
    schema = _schema()
    return Shape({**schema["properties"]["evasion"], "$defs": schema["$defs"]})


@cache
def _schema() -> dict[str, Any]:
    text = Path(__file__).with_name("form.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    return loaded
