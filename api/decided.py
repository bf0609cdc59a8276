"""A decision on its way: made, perhaps checked, recorded, and at last an answer."""

from __future__ import annotations

from typing import Any

import attrs
import orjson

from api.second_opinion import Checked, Given
from engine.audit import Receipt


@attrs.frozen
class Decided:
    """A request and the decision on it, which is not on record yet."""

    request: Any
    checked: Checked

    @property
    def document(self) -> dict[str, Any]:
        """The decision to record and give."""
        return self.checked.document

    def given(self, receipt: Receipt) -> Given:
        """The same, recorded, for those who are asked about it afterwards."""
        return Given(receipt, self.request["action"], orjson.dumps(self.request["facts"]), self.document)


def answer(document: dict[str, Any], receipt: Receipt) -> bytes:
    """The answer that gives a decision: what the engine says, with what only the log can add."""
    log = {"index": receipt.index, "leaf": "sha256:" + receipt.leaf.hex()}
    return orjson.dumps({"id": receipt.id, **document, "log": log})
