"""What happens often is told of once in a while, with how often it happened."""

from __future__ import annotations

from api.second_opinion.seldom import Seldom


def test_each_kind_is_told_of_once_in_so_many_seconds() -> None:
    now = [100.0]
    seldom = Seldom(60, lambda: now[0])
    assert [seldom.count("a") for _ in range(3)] == [1, 0, 0]
    assert seldom.count("b") == 1
    now[0] += 59
    assert seldom.count("a") == 0
    now[0] += 1
    assert seldom.count("a") == 4
    assert seldom.count("a") == 0
