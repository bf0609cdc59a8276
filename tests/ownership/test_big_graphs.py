"""Ten thousand holders, the most a request may have: nothing overflows, and the work grows as the graph does."""

from __future__ import annotations

import decimal
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from graphs import MOST, SHAPES, holder, owners, problems

from engine.ownership import AGGREGATE_RELATED, LOOK_THROUGH, READINGS, resolve
from engine.ownership.graph import graph_of
from engine.ownership.shares import PRECISIONS, Shares, resolved

PCTS = {"half": 50, "most": 51, "17 digits": 49.12345678901234, "17 digits of most": 50.12345678901234, "tiny": 5e-324}


def reading(shape: str) -> str:
    return AGGREGATE_RELATED if shape == "relatives" else LOOK_THROUGH


def lines_run(run: Callable[[], object]) -> int:
    """How many lines of the code under test a call runs: the same on every machine."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "ownership" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("pct", PCTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_work_grows_as_the_graph_does(shape: str, pct: str) -> None:
    def work(size: int) -> int:
        customer = {"id": "Customer", "holders": SHAPES[shape](size, PCTS[pct])}
        return lines_run(lambda: resolve(customer, reading(shape)))

    assert work(2_000) < 2.2 * work(1_000)


def _listed(name: str, size: int) -> list[dict[str, Any]]:
    return [{"name": name, "ownership_pct": 1} for _ in range(size)]


LISTED: dict[str, Callable[[int], dict[str, Any]]] = {
    "one id everywhere": lambda size: {
        "beneficial_owners": [{"id": "p", "ownership_pct": 1} for _ in range(size)],
        "holders": [{"id": "p", "pct": 0.01} for _ in range(size)],
    },
    "one name everywhere": lambda size: {
        "beneficial_owners": _listed("Ada", size),
        "holders": [{"id": f"h{n}", "name": "Ada", "pct": 0.01} for n in range(size)],
    },
    "one holder of many names, each that of another": lambda size: {
        "beneficial_owners": [owner for n in range(size) for owner in _listed(f"N{n}", 1)],
        "holders": [{"id": f"h{n * k}", "name": f"N{n}", "pct": 0.01} for n in range(size) for k in (0, 1)],
    },
}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("shape", LISTED)
def test_owners_listed_often_are_looked_up_once(shape: str, reading: str) -> None:
    def work(size: int) -> int:
        return lines_run(lambda: resolve({"id": "Customer", **LISTED[shape](size)}, reading))

    assert work(600) < 2.2 * work(300)


@pytest.mark.parametrize("pct", PCTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_numbers_do_not_grow_with_the_graph(shape: str, pct: str) -> None:
    graph = graph_of({"id": "Customer"}, SHAPES[shape](MOST, PCTS[pct]), direct_only=False)
    shares = Shares(resolved(graph, range(len(graph.into))))
    assert max(len(share.as_tuple().digits) for share in shares.low) <= PRECISIONS[0]


@pytest.mark.parametrize(
    ("shape", "pct", "ids"),
    [
        ("chain", 51, ["end"]),
        ("chain", 50, []),
        ("fan", 0.01, []),
        ("diamonds", 50, []),
        ("ring", 51, []),
        ("zeno", 49, []),
        # A quarter less 2^-4999 of it, which no digits of a double can tell from a quarter.
        ("zeno", 50, []),
        ("relatives", 0.01, None),
        ("relatives", 0.001, []),
    ],
)
def test_ten_thousand(shape: str, pct: float, ids: list[str] | None) -> None:
    found = [owner["id"] for owner in owners(SHAPES[shape](MOST, pct), reading=reading(shape))]
    assert found == (ids if ids is not None else [f"p{n}" for n in range(MOST)])


def test_zeno_arrives_when_somebody_takes_the_last_step() -> None:
    """With the last link the parts come to a quarter exactly; to see that takes a digit for each link."""
    holders = SHAPES["zeno"](2_000, 50)
    assert [owner["id"] for owner in owners([*holders, holder("p 50 C999")])] == []
    whole = [*holders, holder("p 100 C999")]
    assert [owner["id"] for owner in owners(whole)] == ["p"]
    almost = [*holders, holder("p 49.99999999999999 C999")]
    assert [owner["id"] for owner in owners(almost)] == []


@pytest.mark.parametrize(
    ("shape", "pct", "expected"),
    [
        ("ring", 50, {"cycle": 1}),
        ("fan", 100, {"over_100": 1}),
        # Each joint doubles what arrives: 2^2500 times the customer at the last, behind which nobody stands.
        ("diamonds", 100, {"over_100": MOST // 4, "opaque": 1}),
    ],
)
def test_what_is_wrong_with_ten_thousand(shape: str, pct: float, expected: dict[str, int]) -> None:
    assert Counter(kind for kind, _ in problems(SHAPES[shape](MOST, pct))) == expected


def test_ten_thousand_of_one() -> None:
    found = problems([holder("a 1 customer")] * MOST)
    assert [kind for kind, _ in found].count("repeated") == MOST - 1


def test_the_callers_decimal_context_does_not_matter() -> None:
    holders = SHAPES["zeno"](40, 50)
    with decimal.localcontext(prec=3, Emax=2, Emin=-2, traps=[decimal.Inexact, decimal.Rounded, decimal.Overflow]):
        assert [owner["id"] for owner in owners([*holders, holder("p 100 C19")])] == ["p"]
