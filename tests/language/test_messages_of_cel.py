"""Messages that CEL knows beside the records of the vocabulary: a mistake about one is a mistake, not a crash."""

from __future__ import annotations

import pytest
from small_rules import mistakes_of


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("google.protobuf.Duration{days: 1}.days == 1", "unknown field `days` in `google.protobuf.Duration`"),
        ("google.protobuf.BoolValue{x: true}", "unknown field `x` in `google.protobuf.BoolValue`"),
    ],
)
def test_a_field_that_such_a_message_has_not(condition: str, message: str) -> None:
    found = mistakes_of(condition)
    assert ("R303", message, None) in [(diagnostic.code, diagnostic.message, diagnostic.help) for diagnostic in found]
