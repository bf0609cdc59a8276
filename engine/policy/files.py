"""Directories to texts: the only place where policy is read from disk.

A policy's files are named by the layer they belong to and their path in it: `rules/` is the base, `overlays/1/` what is
laid over it first, `overlays/2/` what is laid over both, `jurisdictions/` the places and orders under all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from engine.language.diagnostic import Diagnostic
from engine.language.source import Span
from engine.language.yaml_nodes import MAX_CHARACTERS

MAX_FILES = 10_000
RULES, OVERLAYS, JURISDICTIONS = "rules/", "overlays/", "jurisdictions/"
_OVERLAY = re.compile(r"overlays/([1-9][0-9]*)/")


@attrs.frozen
class Files:
    """The files of a policy: `texts` by their names, and how each name is `shown` to people, by its path on disk."""

    texts: Mapping[str, str]
    shown: Mapping[str, str]

    def up_to(self, layer: int) -> Files:
        """Without the rules that are laid over this layer."""
        texts = {name: text for name, text in self.texts.items() if (layer_of(name) or 0) <= layer}
        return Files(texts, self.shown)


def layer_of(name: str) -> int | None:
    """Which rules a file belongs to: 0 are the base, 1 the first overlay; None for a file of no rules."""
    if name.startswith(RULES):
        return 0
    overlay = _OVERLAY.match(name)
    return None if overlay is None else int(overlay[1])


def layer_prefix(layer: int) -> str:
    """What the names of a layer's files begin with."""
    return RULES if layer == 0 else f"{OVERLAYS}{layer}/"


def path_in_rules(name: str) -> str:
    """The path of a file of rules in the directory of its layer."""
    return name.removeprefix(layer_prefix(layer_of(name) or 0))


def in_layers(names: Iterable[str]) -> list[str]:
    """File names by layer, then by path: what is laid over something comes after it."""
    return sorted(names, key=lambda name: (layer_of(name) or 0, name))


def read_files(rules: Sequence[Path], jurisdictions: Path, diagnostics: list[Diagnostic]) -> Files:
    """Every file of a policy: the first directory of rules is the base, each other is laid over those before it."""
    _refuse_shared_files([*rules, jurisdictions], diagnostics)
    directories = [(layer_prefix(layer), directory) for layer, directory in enumerate(rules)]
    texts: dict[str, str] = {}
    shown: dict[str, str] = {}
    for prefix, directory in [*directories, (JURISDICTIONS, jurisdictions)]:
        for path, text in read_directory(directory, diagnostics).items():
            name = prefix + Path(path).relative_to(directory).as_posix()
            texts[name], shown[name] = text, path
    return Files(texts, shown)


def _refuse_shared_files(directories: Sequence[Path], diagnostics: list[Diagnostic]) -> None:
    """Report directories that share files: those would be read twice, each time as part of something else."""
    for number, one in enumerate(directories):
        for other in directories[:number]:
            inner, outer = (one, other) if one.resolve().is_relative_to(other.resolve()) else (other, one)
            if inner.resolve() == outer.resolve():
                message, help_ = "the directory is given twice", "name each directory once"
            elif inner.resolve().is_relative_to(outer.resolve()):
                message = f"the directory lies in {outer}, of which every file is read anyway"
                help_ = "lay rules, overlays and jurisdictions side by side"
            else:
                continue
            diagnostics.append(Diagnostic("R101", message, Span(str(inner), 1, 1), help_))


def read_directory(directory: Path, diagnostics: list[Diagnostic]) -> dict[str, str]:
    """Every `.yaml` file below a directory: path as a reader would type it, to text."""
    if not directory.is_dir():
        help_ = "name a directory that holds rule files"
        diagnostics.append(Diagnostic("R101", "there is no such directory", Span(str(directory), 1, 1), help_))
        return {}
    found = sorted(path for path in directory.rglob("*") if path.suffix.lower() in {".yaml", ".yml"} and path.is_file())
    paths = [path for path in found if path.suffix == ".yaml"]
    if len(paths) > MAX_FILES:
        message = f"the directory holds {len(paths):,} files, more than {MAX_FILES:,}"
        diagnostics.append(Diagnostic("R104", message, Span(str(directory), 1, 1)))
        return {}
    for path in found:
        if path.suffix != ".yaml":
            message = f"the file ends in `{path.suffix}` and would not be read"
            diagnostics.append(Diagnostic("R101", message, Span(str(path), 1, 1), "rename it to end in `.yaml`"))
    texts = ((str(path), read_text(path, diagnostics)) for path in paths)
    return {name: text for name, text in texts if text is not None}


def read_text(path: Path, diagnostics: list[Diagnostic]) -> str | None:
    """The text of a file with line ends as `\\n`, or None with the reason."""
    try:
        if path.stat().st_size > 4 * MAX_CHARACTERS:
            message = f"the file is larger than {4 * MAX_CHARACTERS:,} bytes"
            diagnostics.append(Diagnostic("R104", message, Span(str(path), 1, 1), "split it into several files"))
            return None
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        diagnostics.append(Diagnostic("R101", "the file is not UTF-8", Span(str(path), line, 1), "save it as UTF-8"))
    except OSError as error:
        message = f"the file cannot be read: {(error.strerror or 'unknown error').lower()}"
        diagnostics.append(Diagnostic("R101", message, Span(str(path), 1, 1), "allow reading it, or name another file"))
    return None
