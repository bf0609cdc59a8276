"""Directories to texts: the only place where policy is read from disk."""

from __future__ import annotations

from pathlib import Path

from engine.language.diagnostic import Diagnostic
from engine.language.source import Span
from engine.language.yaml_nodes import MAX_CHARACTERS

MAX_FILES = 10_000


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
        diagnostics.append(Diagnostic("R101", message, Span(str(path), 1, 1)))
    return None
