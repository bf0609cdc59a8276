"""Overlays written to a directory, over the shipped rules or over small ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from small_rules import files as small_files

from bench.shipped import JURISDICTIONS, RULES
from engine import Policy, PolicyError, load, load_files
from engine.language.diagnostic import Diagnostic

Overlay = Mapping[str, str | Mapping[str, Any]]
NOTHING: Overlay = {}


def written(directory: Path, overlay: Overlay) -> Path:
    """The directory with these files."""
    for name, content in overlay.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML.
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return directory


def over_shipped(directory: Path, overlay: Overlay) -> Policy:
    """The shipped rules with an overlay."""
    directory.mkdir(exist_ok=True)
    return load([RULES, written(directory, overlay)], JURISDICTIONS)


def over_small(rules: Mapping[str, Any], *overlays: Overlay, base: Overlay = NOTHING) -> Policy:
    """A small rule set, and more files beside it, with overlays; without a disk."""
    layers = [("rules", base), *((f"overlays/{layer}", overlay) for layer, overlay in enumerate(overlays, 1))]
    named = {
        f"{layer}/{name}": content if isinstance(content, str) else json.dumps(content)
        for layer, files in layers
        for name, content in files.items()
    }
    return load_files({**small_files(rules), **named})


def refused(rules: Mapping[str, Any], *overlays: Overlay, base: Overlay = NOTHING) -> tuple[Diagnostic, ...]:
    """What is said against the overlays; nothing when they load."""
    try:
        over_small(rules, *overlays, base=base)
    except PolicyError as error:
        return error.diagnostics
    return ()
