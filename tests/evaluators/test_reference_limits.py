"""What the official runtime does not take, so that the reference evaluator goes round it: when one of these falls, so
may what goes round it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from engine.language.cel_library import environment, evaluate

TYPES = {
    "b": "bool",
    "s": "string",
    "w": "google.protobuf.StringValue",
    "t": "google.protobuf.Timestamp",
    "u": "google.protobuf.Timestamp",
    "l": "list(int)",
}
FIRST, LAST = Timestamp(seconds=-62135596800), Timestamp(seconds=253402214400)


def _value(text: str, **given: object) -> Any:
    env = environment(TYPES, ())
    return evaluate(env.compile(text), env.Activation(given))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"s == '{'x' * 100_000}'", "codepoint limit"),
        ("(b && (b || " * 16 + "b" + "))" * 16, "max recursion depth"),
        ("b ? b : " * 32 + "b", "max recursion depth"),
        ("(" * 33 + "b" + ")" * 33, "recursion limit"),
    ],
)
def test_texts_that_are_too_long_or_too_deep(text: str, complaint: str) -> None:
    with pytest.raises(RuntimeError, match=complaint):
        environment(TYPES, ()).compile(text)


@pytest.mark.parametrize(
    ("text", "given", "complaint"),
    [
        ("l.exists(n, n < 0)", {"l": range(10_000)}, "Iteration budget exceeded"),
        ("l.all(n, l.all(m, m >= 0))", {"l": range(100)}, "Iteration budget exceeded"),
        ("t == u", {"t": datetime.datetime(1, 1, 1, tzinfo=datetime.UTC), "u": FIRST}, "infinite-past"),
        ("(t - u).getHours() > 0", {"t": LAST, "u": FIRST}, "integer overflow"),
    ],
)
def test_values_that_come_to_too_much(text: str, given: Mapping[str, object], complaint: str) -> None:
    with pytest.raises(RuntimeError, match=complaint):
        _value(text, **{name: list(value) if isinstance(value, range) else value for name, value in given.items()})


def test_a_text_ends_at_its_first_nul_unless_it_is_in_a_message() -> None:
    assert _value("size(s)", s="a\0b") == 1
    assert _value("size(w)", w=StringValue(value="a\0b")) == 3


def test_the_ways_round() -> None:
    assert _value("l.exists(n, n < 0)", l=list(range(9_999))) is False
    assert _value("t == u", t=FIRST, u=FIRST) is True
    assert _value("(int(t) - int(u)) / 86400", t=LAST, u=FIRST) == 3652058
