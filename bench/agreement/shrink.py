"""A disagreement made small: whatever can be left out of the request and the rule files is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from bench.agreement.contenders import Answer, contender
from bench.agreement.sample import texts
from engine import PolicyError, RequestError, load_files

_MOST_ATTEMPTS = 600
_EXPRESSIONS = frozenset({"condition", "expression"})
_KEPT = ("rules/sources.yaml", "rules/interpretations.yaml", "rules/program.yaml", "jurisdictions/attributes.yaml")
_OPENED = re.compile(r"(?<!\w)\(")


@attrs.frozen
class Trouble:
    """Rule files by path as plain data, a request, and what two contenders say of it."""

    files: Mapping[str, Any]
    request: Mapping[str, Any]
    names: tuple[str, str]
    answers: tuple[Answer, Answer]


def shrunk(files: Mapping[str, Any], request: Mapping[str, Any], names: Sequence[str]) -> Trouble | None:
    """The smallest that was found to part the two, from a case that does; None when it does not."""
    asking = _Asking((names[0], names[1]))
    found = asking.parted(files, request)
    if found is None:
        return None
    is_smaller = True
    while is_smaller and asking.attempts < _MOST_ATTEMPTS:
        is_smaller = False
        for candidate in _smaller(found):
            smaller = asking.parted(*candidate)
            if smaller is not None:
                found, is_smaller = smaller, True
                break
            if asking.attempts >= _MOST_ATTEMPTS:
                break
    return found


class _Asking:
    def __init__(self, names: tuple[str, str]) -> None:
        self._names = names
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
            self._known = key, [contender(name, policy).answer for name in self._names]
        return self._known[1]


def _smaller(trouble: Trouble) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for facts in _reduced(trouble.request["facts"], ""):
        yield trouble.files, {**trouble.request, "facts": facts}
    for path, content in trouble.files.items():
        if path not in _KEPT:
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
        for begin, end in _groups(value):
            inside = value[begin + 1 : end - 1]
            if inside not in {"true", "false"}:
                yield inside
                yield from (f"{value[:begin]}({word}){value[end:]}" for word in ("true", "false"))


def _groups(text: str) -> Iterator[tuple[int, int]]:
    """Where each part in parentheses begins and ends; those of calls are none."""
    for opened in _OPENED.finditer(text):
        depth = 0
        for here in range(opened.start(), len(text)):
            depth += {"(": 1, ")": -1}.get(text[here], 0)
            if depth == 0:
                yield opened.start(), here + 1
                break
