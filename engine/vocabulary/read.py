"""`facts.yaml` to Vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.vocabulary.model import SCALARS, Field, Record, Type, Vocabulary

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_FILE = Path(__file__).with_name("facts.yaml")


@cache
def read_vocabulary() -> Vocabulary:
    """The vocabulary this version of the engine speaks. The file ships with the code, so a defect in it is a bug."""
    # Our own file, read as plain strings: the loader that knows no types cannot misread `no` or a date.
    return vocabulary_of(yaml.load(_FILE.read_text("utf-8"), Loader=_LOADER))  # noqa: S506 - builds only strings


def vocabulary_of(source: Mapping[str, Any]) -> Vocabulary:
    """The vocabulary of the parsed content of such a file, as the identity of a policy carries it."""
    enums = {name: tuple(values) for name, values in source["enums"].items()}
    read = _Reader(enums, frozenset(source["records"]))
    own = {name: read.fields(body) for name, body in source["records"].items()}
    extends = {name: body.get("extends", "") for name, body in source["records"].items()}
    records = {name: Record(name, _with_included(name, own, extends), extends[name]) for name in own}
    return Vocabulary(enums, records, read.fields(source["facts"]), read.fields(source["derived"]), source)


def _with_included(name: str, own: dict[str, dict[str, Field]], extends: dict[str, str]) -> dict[str, Field]:
    """The fields of a record after those of the records it extends."""
    above = extends[name]
    return {**(_with_included(above, own, extends) if above else {}), **own[name]}


class _Reader:
    """Turns the file's words for types into types."""

    def __init__(self, enums: dict[str, tuple[str, ...]], records: frozenset[str]) -> None:
        self._enums = enums
        self._records = records

    def fields(self, body: dict[str, Any]) -> dict[str, Field]:
        return {
            name: Field(
                name, self.type(spec["type"]), spec["about"], spec.get("section", ""), spec.get("always") == "true"
            )
            for name, spec in body.items()
            if name != "extends"
        }

    def type(self, words: str) -> Type:
        if words.startswith("list of "):
            return Type("list", element=self.type(words.removeprefix("list of ")))
        if words in SCALARS:
            return Type(words)
        if words in self._enums:
            return Type("enum", words)
        if words in self._records:
            return Type("record", words)
        raise ValueError(f"{_FILE}: unknown type {words!r}")
