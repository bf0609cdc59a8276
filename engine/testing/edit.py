"""Changing facts by paths: `customer.beneficial_owners[0].phones`."""

from __future__ import annotations

import copy
import re
from typing import Any

_PATH = re.compile(r"[a-z_0-9]+(?:\.[a-z_0-9]+|\[\d+\])*\Z")
_STEP = re.compile(r"([a-z_0-9]+)|\[(\d+)\]")


class NoSuchPathError(ValueError):
    """A path leads nowhere in the facts it is applied to."""


def edited(facts: dict[str, Any], without: list[str], but: dict[str, Any]) -> dict[str, Any]:
    """A copy of the facts with some removed and some set. Raises NoSuchPathError."""
    changed = copy.deepcopy(facts)
    for path in without:
        above, last = _parent(changed, path)
        try:
            del above[last]
        except (KeyError, IndexError, TypeError):
            raise NoSuchPathError(f"`{path}` is not among the facts, so it cannot be removed") from None
    for path, value in but.items():
        above, last = _parent(changed, path, create=True)
        if isinstance(above, list) and last == len(above):
            above.append(copy.deepcopy(value))
            continue
        try:
            above[last] = copy.deepcopy(value)
        except (IndexError, TypeError):
            raise NoSuchPathError(f"`{path}` leads nowhere in these facts") from None
    return changed


def _parent(facts: Any, path: str, *, create: bool = False) -> tuple[Any, Any]:  # noqa: ANN401 - JSON of any shape
    steps: list[str | int] = [int(index) if index else name for name, index in _STEP.findall(path)]
    if not _PATH.match(path):
        raise NoSuchPathError(f"`{path}` is not a path")
    here = facts
    for step in steps[:-1]:
        if create and isinstance(here, dict) and isinstance(step, str):
            here = here.setdefault(step, {})
            continue
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            raise NoSuchPathError(f"`{path}` leads nowhere in these facts") from None
    return here, steps[-1]
