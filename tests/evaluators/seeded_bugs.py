"""Mistakes one could make in an evaluator: each is one edit of one of its files.

Those in the code generator of the compiled evaluator are written down in `seeded_bugs.yaml`, those in the columnar one
in `seeded_columnar_bugs.yaml`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import attrs
import yaml

from engine.evaluators import columnar, compiled
from engine.evaluators.evaluator import EvaluatorKind


@attrs.frozen
class Bug:
    """`old` stands once in `file` of an evaluator's package; `new` in its place is a mistake.

    `entry` is that of the corpus which notices, empty where all of it is asked.
    """

    name: str
    file: str
    old: str
    new: str
    evaluator: ModuleType = compiled
    entry: str = ""


@contextmanager
def with_bug(bug: Bug, directory: Path) -> Iterator[EvaluatorKind]:
    """The evaluator with the mistake, from a copy of its sources under a name of its own."""
    package = "seeded_" + "".join(char if char.isalnum() else "_" for char in bug.name)
    (directory / package).mkdir()
    for path in Path(str(bug.evaluator.__file__)).parent.glob("*.py"):
        text = path.read_text("utf-8")
        if path.name == bug.file:
            assert text.count(bug.old) == 1, f"{bug.file} has `{bug.old}` {text.count(bug.old)} times: say it anew"
            text = text.replace(bug.old, bug.new)
        (directory / package / path.name).write_text(text.replace(bug.evaluator.__name__, package), "utf-8")
    sys.path.insert(0, str(directory))
    try:
        importlib.invalidate_caches()
        yield importlib.import_module(package).KIND
    finally:
        sys.path.remove(str(directory))
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


def _read(name: str, evaluator: ModuleType) -> Iterator[Bug]:
    for file, edits in yaml.safe_load(Path(__file__).with_name(name).read_text("utf-8")).items():
        yield from (Bug(bug, file, evaluator=evaluator, **edit) for bug, edit in edits.items())


BUGS = tuple(_read("seeded_bugs.yaml", compiled))
COLUMNAR_BUGS = tuple(_read("seeded_columnar_bugs.yaml", columnar))
