"""What would make this pass: the smallest set of missing facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from engine.decision.severity import stands_against
from engine.program.finding import Finding, Need
from engine.vocabulary import Type, Vocabulary
from engine.vocabulary.json_schema import need_schema


class Needs:
    """Collects needs; the schema of each type is made once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._schemas: dict[Type, bytes] = {}

    def of(self, findings: Sequence[Finding]) -> list[dict[str, Any]]:
        """The facts to supply, in the order of the findings.

        Empty when a finding stands against the case that no fact could remove: then nothing the caller supplies helps.
        """
        against = [finding for finding in findings if stands_against(finding)]
        if not all(finding.needs for finding in against):
            return []
        wanted = {need.at: need for finding in against for need in finding.needs}
        return [{"at": need.at, "schema": self._schema(need)} for need in _smallest(wanted.values())]

    def _schema(self, need: Need) -> dict[str, Any]:
        """A schema that is the caller's own: what one caller does to it reaches no other decision."""
        if need.type not in self._schemas:
            self._schemas[need.type] = orjson.dumps(need_schema(self._vocabulary, need.type))
        schema: dict[str, Any] = orjson.loads(self._schemas[need.type])
        return schema


def _smallest(needs: Iterable[Need]) -> list[Need]:
    """Without what is part of something that is asked for as a whole."""
    listed = list(needs)
    places = {need.at for need in listed}
    return [need for need in listed if not any(above in places for above in _above(need.at))]


def _above(at: str) -> Iterable[str]:
    while at := at.rpartition("/")[0]:
        yield at
