"""Mistakes one could make in the code generator: each is one edit of one file of the compiled evaluator.

They are written down in `seeded_bugs.yaml`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import yaml

from engine.evaluators import compiled
from engine.evaluators.evaluator import EvaluatorKind

_PACKAGE = Path(compiled.__file__).parent


@attrs.frozen
class Bug:
    """`old` stands once in `file`; `new` in its place is a mistake."""

    name: str
    file: str
    old: str
    new: str


@contextmanager
def with_bug(bug: Bug, directory: Path) -> Iterator[EvaluatorKind]:
    """The compiled evaluator with the mistake, from a copy of its sources under a name of its own."""
    package = "seeded_" + "".join(char if char.isalnum() else "_" for char in bug.name)
    (directory / package).mkdir()
    for path in _PACKAGE.glob("*.py"):
        text = path.read_text("utf-8")
        if path.name == bug.file:
            assert text.count(bug.old) == 1, f"{bug.file} has `{bug.old}` {text.count(bug.old)} times: say it anew"
            text = text.replace(bug.old, bug.new)
        (directory / package / path.name).write_text(text.replace(compiled.__name__, package), "utf-8")
    sys.path.insert(0, str(directory))
    try:
        importlib.invalidate_caches()
        yield importlib.import_module(package).KIND
    finally:
        sys.path.remove(str(directory))
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


def _read() -> Iterator[Bug]:
    for file, edits in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8")).items():
        yield from (Bug(name, file, edit["old"], edit["new"]) for name, edit in edits.items())


BUGS = tuple(_read())
