"""The forms of the data files beside the rules, as JSON Schema in YAML."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.vocabulary.explain import Shape


@cache
def schema(name: str) -> dict[str, Any]:
    """The form of one kind of data file."""
    text = Path(__file__).with_name(f"{name}.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    return loaded


@cache
def shape(name: str) -> Shape:
    """The form, to hold files against."""
    return Shape(schema(name))


@cache
def partial_shape(name: str) -> Shape:
    """The same form for a file that says only a part of what such a file must say."""
    return Shape(_without_required(schema(name)))


def _without_required(part: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(part, list):
        return [_without_required(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {key: _without_required(value) for key, value in part.items() if key != "required"}
