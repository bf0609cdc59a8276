"""Conditions as their author sees them: the conjuncts of the text, each with its expression and its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.language.source import Text
from engine.program.rule_set import Clause
from engine.program.scope import Lowered

_TOKEN = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|&&|\|\||[()\[\]{}?]|.""", re.DOTALL)


def clauses_of(text: Text, lowered: Lowered) -> tuple[Clause, ...]:
    """The clauses of a condition; one for the whole when its text does not divide as its expression does."""
    parts = lowered.parts or (lowered.expr,)
    pieces = list(conjuncts(text.value)) if len(parts) > 1 else [(0, len(text.value))]
    if len(pieces) != len(parts):
        pieces, parts = [(0, len(text.value))], (lowered.expr,)
    return tuple(Clause(text, start, end, expr) for (start, end), expr in zip(pieces, parts, strict=True))


def conjuncts(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each operand of the outermost `&&`."""
    depth, start = 0, 0
    cuts: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in "([{":
            depth += 1
        elif word in ")]}":
            depth -= 1
        elif depth == 0 and word in {"||", "?"}:
            cuts, start = [], 0
            break
        elif depth == 0 and word == "&&":
            cuts.append((start, token.start()))
            start = token.end()
    for begin, end in [*cuts, (start, len(text))]:
        piece = text[begin:end]
        yield begin + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))
