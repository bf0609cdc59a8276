"""A disagreement made small: whatever can be left out of the request and the rule files is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from bench.agreement.contenders import Answer, Contender, contender
from bench.agreement.sample import texts
from engine import Policy, PolicyError, RequestError, load_files

Make = Callable[[str, Policy], Contender]
ATTEMPTS = 600
"""How often something smaller is tried, each time with rules that may have to be loaded anew."""
_EXPRESSIONS = frozenset({"condition", "expression"})
KEPT = ("rules/sources.yaml", "rules/interpretations.yaml", "rules/program.yaml", "jurisdictions/attributes.yaml")
"""What stands beside the rules, and stays as it is."""
_OPENED = re.compile(r"(?<!\w)\(")
_JOINED = re.compile(r" (?:&&|\|\|) ")


@attrs.frozen
class Trouble:
    """Rule files by path as plain data, a request, and what two contenders say of it.

    `is_smallest` unless attempts ran out before all was tried that might be left out.
    """

    files: Mapping[str, Any]
    request: Mapping[str, Any]
    names: tuple[str, str]
    answers: tuple[Answer, Answer]
    is_smallest: bool = True


def shrunk(
    files: Mapping[str, Any],
    request: Mapping[str, Any],
    names: Sequence[str],
    make: Make = contender,
    attempts: int = ATTEMPTS,
) -> Trouble | None:
    """The smallest that was found to part the two, from a case that does; None when it does not."""
    asking = _Asking((names[0], names[1]), make)
    found = asking.parted(files, request)
    if found is None:
        return None
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for candidate in _smaller(found):
            smaller = asking.parted(*candidate)
            if smaller is not None:
                found, is_smaller = smaller, True
                break
            if asking.attempts >= attempts:
                return attrs.evolve(found, is_smallest=False)
    return found


class _Asking:
    def __init__(self, names: tuple[str, str], make: Make) -> None:
        self._names = names
        self._make = make
        self._known: tuple[str, list[Callable[[Mapping[str, Any]], Answer]]] | None = None
        self.attempts = 0

    def parted(self, files: Mapping[str, Any], request: Mapping[str, Any]) -> Trouble | None:
        """The case, if the two do not agree on it."""
        self.attempts += 1
        try:
            first, second = (ask(request) for ask in self._contenders(files))
        except (PolicyError, RequestError):
            return None
        return None if first.agrees_with(second) else Trouble(files, request, self._names, (first, second))

    def _contenders(self, files: Mapping[str, Any]) -> list[Callable[[Mapping[str, Any]], Answer]]:
        key = repr(files)
        if self._known is None or self._known[0] != key:
            policy = load_files(texts(files))
            self._known = key, [self._make(name, policy).answer for name in self._names]
        return self._known[1]


def _smaller(trouble: Trouble) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for facts in _reduced(trouble.request["facts"], ""):
        yield trouble.files, {**trouble.request, "facts": facts}
    for path, content in trouble.files.items():
        if path not in KEPT:
            yield {other: text for other, text in trouble.files.items() if other != path}, trouble.request
            for smaller in _reduced(content, ""):
                yield {**trouble.files, path: smaller}, trouble.request


def _reduced(value: Any, key: str) -> Iterator[Any]:
    """The value without one of its parts, or with a smaller one: the largest parts first."""
    if isinstance(value, dict):
        for name in value:
            yield {other: part for other, part in value.items() if other != name}
        for name, part in value.items():
            yield from ({**value, name: smaller} for smaller in _reduced(part, name))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield [*value[:index], *value[index + 1 :]]
        for index, part in enumerate(value):
            yield from ([*value[:index], smaller, *value[index + 1 :]] for smaller in _reduced(part, key))
    elif key in _EXPRESSIONS and isinstance(value, str):
        yield from _operands(value)
        for begin, end in _groups(value):
            inside = value[begin + 1 : end - 1]
            if inside not in {"true", "false"}:
                yield inside
                yield from (f"{value[:begin]}({word}){value[end:]}" for word in ("true", "false"))


def _operands(text: str) -> Iterator[str]:
    """What `&&` and `||` join, outside of all parentheses."""
    cuts = [
        match.span()
        for match in _JOINED.finditer(text)
        if text[: match.start()].count("(") == text[: match.start()].count(")")
    ]
    if cuts:
        starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
        yield from (text[start:end] for start, end in zip(starts, ends, strict=True))


def _groups(text: str) -> Iterator[tuple[int, int]]:
    """Where each part in parentheses begins and ends; those of calls are none."""
    for opened in _OPENED.finditer(text):
        depth = 0
        for here in range(opened.start(), len(text)):
            depth += {"(": 1, ")": -1}.get(text[here], 0)
            if depth == 0:
                yield opened.start(), here + 1
                break
