"""What is JSON here, and what is refused with which problem and which pointer."""

from __future__ import annotations

import math
import time

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_shape import check_problem

from api.json_body import MAX_DEPTH, MAX_VALUES, read_json
from api.problems import RefusedError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def refused(body: bytes, **how: int) -> dict:
    with pytest.raises(RefusedError) as caught:
        read_json(body, **how)
    return check_problem(caught.value.problem.document())


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"", "empty-body"),
        (b" \r\n\t ", "empty-body"),
        (b"\xef\xbb\xbf{}", "not-utf-8"),
        (b'{"a":"\xff"}', "not-utf-8"),
        ('{"a":1}'.encode("utf-16"), "not-utf-8"),
        (b'"\xed\xa0\x80"', "not-utf-8"),
        (b"{", "malformed-json"),
        (b'{"a":1}{"a":1}', "malformed-json"),
        (b'{"a":1} x', "malformed-json"),
        (b"{'a':1}", "malformed-json"),
        (b'{"a":1,}', "malformed-json"),
        (b'{"a":NaN}', "malformed-json"),
        (b'{"a":-Infinity}', "malformed-json"),
        (b'{"a":1e400}', "malformed-json"),
        (b'{"a":01}', "malformed-json"),
        (b'{"a":+1}', "malformed-json"),
        (b'{"a":.5}', "malformed-json"),
        (b'{"a":0x1f}', "malformed-json"),
        (b'{"a":"\\ud800"}', "malformed-json"),
        (b'{"a":"\\udc00\\ud800"}', "malformed-json"),
        (b'{"a":"\n"}', "malformed-json"),
        (b'{"a":1 /* why */}', "malformed-json"),
        (b"[" * 100_000, "too-deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too-deep"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "too-deep"),
        (b'{"a":1,"a":1}', "duplicate-key"),
        (b'{"a":1,"\\u0061":2}', "duplicate-key"),
        (b'{"a":9223372036854775808}', "number-out-of-range"),
        (b'{"a":-9223372036854775809}', "number-out-of-range"),
        (b'{"a":18446744073709551615}', "number-out-of-range"),
        (b"1" * 300, "number-out-of-range"),
        (b"[" + b"1," * (MAX_VALUES + 1) + b"1]", "body-too-large"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(body: bytes, slug: str) -> None:
    assert refused(body)["type"] == f"/problems/{slug}"


def test_depth_is_counted_in_objects_and_arrays() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    read_json(deepest)
    assert refused(b"[" + deepest + b"]")["type"] == "/problems/too-deep"
    read_json(b"[" + deepest + b"]", MAX_DEPTH + 1)
    read_json(b"[" + b",".join([deepest[1:-1]] * 1000) + b"]")


def test_every_repeated_key_is_named_by_its_pointer() -> None:
    problem = refused(b'{"a":{"x":1,"x":2},"b":[{"y~/z":1,"y~/z":1}]}')
    assert [error["pointer"] for error in problem["errors"]] == ["/a/x", "/b/0/y~0~1z"]


def test_every_wide_integer_is_named_by_its_pointer() -> None:
    problem = refused(b'{"a":[1,99999999999999999999],"b":{"c":-99999999999999999999}}')
    assert [error["pointer"] for error in problem["errors"]] == ["/a/1", "/b/c"]
    assert "9999" not in orjson.dumps(problem).decode()


def test_the_place_of_a_syntax_error_is_told_without_the_text() -> None:
    problem = refused(b'{\n  "name": "Ada" "Lovelace"}')
    assert problem["detail"].startswith("Line 2, column ")
    assert "Ada" not in orjson.dumps(problem).decode()


@pytest.mark.parametrize("text", ["9223372036854775807", "-9223372036854775808", "1e26", "1.5", "-0.0", "1E-400"])
def test_numbers_within_range_are_what_they_say(text: str) -> None:
    value = read_json(text.encode())
    assert value == float(text) or value == int(text)
    assert math.isfinite(value)


def test_long_keys_and_many_mistakes_cost_little_and_are_cut() -> None:
    key = b'"' + b"k" * 500_000 + b'"'
    body = b"{" + key + b":[" + b",".join([b"18446744073709551616"] * 20_000) + b"]}"
    begun = time.monotonic()
    problem = refused(body)
    assert time.monotonic() - begun < 5
    assert len(problem["errors"]) == 100
    assert "20,000 places" in problem["detail"]


@settings(max_examples=50, deadline=None)
@given(VALUES)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert read_json(orjson.dumps(value)) == value


@given(st.binary(max_size=64))
def test_any_bytes_are_a_value_or_a_problem(body: bytes) -> None:
    try:
        read_json(body)
    except RefusedError as error:
        check_problem(error.problem.document())
