"""What the docs page shows, gathered from where it is true: routes, an example decided on the spot, problems, words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import attrs
import orjson

from api.example import EXAMPLE_REQUEST, curl_line
from api.problems import CATALOGUE, ProblemType
from api.service import DecisionService
from engine import Policy
from engine.vocabulary import Field, Type, Vocabulary

_SHOWN_METHODS = ("get", "post")


@attrs.frozen
class Route:
    """One route: what it does and which statuses it may answer with."""

    method: str
    path: str
    summary: str
    description: str
    statuses: tuple[str, ...]


@attrs.frozen
class Word:
    """One fact: its name, its type in words with a link to it if it is a record, its section and what it means."""

    name: str
    type: str
    record: str
    section: str
    about: str


@attrs.frozen
class Group:
    """The facts of one record; `name` is the record's."""

    name: str
    words: tuple[Word, ...]


@attrs.frozen
class Page:
    """Everything the template reads."""

    policy: Policy
    routes: tuple[Route, ...]
    curl: str
    request: str
    answer: str
    problems: tuple[ProblemType, ...]
    parts: tuple[Word, ...]
    groups: tuple[Group, ...]
    enums: tuple[tuple[str, tuple[str, ...]], ...]


def reference_of(service: DecisionService, spec: dict[str, Any], base_url: str) -> Page:
    """The content of the docs page.

    Args:
        service: its policy decides the example; nothing is recorded.
        spec: the OpenAPI document.
        base_url: where the reader reached the service.
    """
    vocabulary = service.policy.vocabulary
    groups = tuple(_groups(vocabulary))
    used = {word.type.removeprefix("list of ") for group in groups for word in group.words}
    return Page(
        policy=service.policy,
        routes=tuple(_routes(spec)),
        curl=curl_line(base_url),
        request=_pretty(EXAMPLE_REQUEST),
        answer=_pretty(_example_answer(service)),
        problems=tuple(CATALOGUE.values()),
        parts=tuple(_words(vocabulary.facts.values())),
        groups=groups,
        enums=tuple((name, values) for name, values in vocabulary.enums.items() if name in used | {"action"}),
    )


def _example_answer(service: DecisionService) -> dict[str, Any]:
    document = service.decider.decide(EXAMPLE_REQUEST).document
    log = {"index": 41, "leaf": "sha256:" + "…"}
    return {"id": "01a07c11-6f7f-7cc3-98d2-9d3c6b0f4e55", **document, "log": log}


def _routes(spec: dict[str, Any]) -> Iterator[Route]:
    for path, methods in spec["paths"].items():
        for method in _SHOWN_METHODS:
            if method not in methods:
                continue
            operation = methods[method]
            statuses = tuple(f"{status} {HTTPStatus(int(status)).phrase}" for status in sorted(operation["responses"]))
            description = operation.get("description", "")
            yield Route(method.upper(), path, operation["summary"], description, statuses)


def _groups(vocabulary: Vocabulary) -> Iterator[Group]:
    """The records a request may hold, in the order in which a reader meets them."""
    queue = list(vocabulary.facts.values())
    seen: set[str] = set()
    for field in queue:
        record = _record(field.type)
        if record and record not in seen:
            seen.add(record)
            fields = vocabulary.records[record].fields.values()
            queue += fields
            yield Group(record, tuple(_words(fields)))


def _words(fields: Iterable[Field]) -> Iterator[Word]:
    for field in fields:
        yield Word(field.name, str(field.type), _record(field.type), field.section, field.about)


def _record(type_: Type) -> str:
    element = type_.element or type_
    return element.name if element.kind == "record" else ""


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
