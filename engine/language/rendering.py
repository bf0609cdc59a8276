"""Diagnostics for people (text), for programs (JSON) and for code hosts (SARIF): one record, three renderings."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import attrs

from engine.language.diagnostic import CODES, MAX_DIAGNOSTICS, Diagnostic

_CARET_LINE = 160
"""Longer source lines are cut around the mistake."""
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal would act upon, or show elsewhere than where it stands; and halves of characters, as they stand for
bytes of a file's name that are no UTF-8: nothing can print them."""


def harmless(text: str) -> str:
    """The text as a terminal may show it, whoever wrote it: of what controls it, line ends and tabs alone are left."""
    return _UNSEEN.sub("\ufffd", text)


def harmless_json(text: str) -> str:
    """JSON that says the same, with such characters written as escapes."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def render_text(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str]) -> str:
    """One block each: what and where, the line, a caret under the mistake, help. `sources` maps file to text."""
    lines = {name: text.split("\n") for name, text in sources.items()}
    blocks = [_block(diagnostic, lines) for diagnostic in diagnostics[:MAX_DIAGNOSTICS]]
    hidden = len(diagnostics) - len(blocks)
    if hidden > 0:
        blocks.append(f"and {hidden} more; mend these first")
    return harmless("\n\n".join(blocks))


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """An array of objects with the fields of `Diagnostic`."""
    return harmless_json(json.dumps([attrs.asdict(d) for d in diagnostics], indent=2, ensure_ascii=False))


def render_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """A SARIF 2.1.0 log with one run."""
    used = sorted({d.code for d in diagnostics})
    run = {
        "tool": {
            "driver": {
                "name": "ostiary check",
                "rules": [{"id": code, "shortDescription": {"text": CODES[code]}} for code in used],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(d) for d in diagnostics],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return harmless_json(json.dumps(log, indent=2, ensure_ascii=False))


def _block(diagnostic: Diagnostic, lines: Mapping[str, Sequence[str]]) -> str:
    span = diagnostic.span
    parts = [f"{diagnostic.severity}[{diagnostic.code}] {span.file}:{span.line}:{span.column}: {diagnostic.message}"]
    of_file = lines.get(span.file, ())
    if 1 <= span.line <= len(of_file):
        parts += _caret(of_file[span.line - 1], span.column - 1, span.length, str(span.line))
    if diagnostic.help:
        parts.append(f"{' ' * len(str(span.line))} = help: {diagnostic.help}")
    return "\n".join(parts)


def _caret(line: str, start: int, length: int, number: str) -> Iterable[str]:
    cut = max(0, start - _CARET_LINE // 2)
    shown = line[cut : cut + _CARET_LINE]
    start -= cut
    length = max(1, min(length, len(shown) - start))
    gutter = " " * len(number)
    return f"{number} | {shown}", f"{gutter} | {''.join(map(_pad, shown[:start]))}{'^' * length}"


def _pad(char: str) -> str:
    """What takes up the room of a character, so that the caret stands under the mistake whatever comes before it."""
    if char == "\t":
        return char
    return "\u3000" if unicodedata.east_asian_width(char) in {"W", "F"} else " "


def _sarif_result(diagnostic: Diagnostic) -> dict[str, Any]:
    span = diagnostic.span
    text = diagnostic.message if diagnostic.help is None else f"{diagnostic.message}; {diagnostic.help}"
    region = {"startLine": span.line, "startColumn": span.column, "endColumn": span.column + span.length}
    return {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(span.file)}, "region": region}}],
    }
