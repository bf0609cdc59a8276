"""What all evaluators decide, decided by Spark: the corpus, the example requests, programs drawn at random.

Each policy is put to one table of all its cases, by the law of the day in each row and by that of single days.
"""

from __future__ import annotations

import pytest
from matrix_corpus import Entry, entries

from bench.agreement.contenders import answers, contender
from bench.agreement.sample import draw
from bench.agreement.tabled import Query, Tabled
from bench.shipped import DAY, EXAMPLE_JURISDICTIONS, requests, shipped_policy
from engine import Policy

SEED = 11
PROGRAMS = 6
CASES = 25


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_finds_what_it_must(entry: Entry, query: Query) -> None:
    found = Tabled(entry.policy, query).answers([case.request for case in entry.cases])
    wrong = [(case.request, case.misses(answer)) for case, answer in zip(entry.cases, found, strict=True)]
    assert [one for one in wrong if one[1] is not None] == []


def test_the_example_requests_are_decided_alike(query: Query) -> None:
    """Under the shipped rules, with orders of every kind."""
    dated = [{"as_of": DAY, **request} for request in requests().values()]
    assert len(dated) > 50
    assert_alike(shipped_policy(EXAMPLE_JURISDICTIONS), dated, query)


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_programs_drawn_at_random_decide_alike(number: int, query: Query) -> None:
    sample = draw(SEED, number)
    assert_alike(sample.policy, [sample.request(case) for case in range(CASES)], query)


def assert_alike(policy: Policy, asked: list[dict], query: Query) -> None:
    expected = answers(contender("compiled", policy), asked)
    found = Tabled(policy, query).answers(asked)
    differing = [trio for trio in zip(asked, expected, found, strict=True) if not trio[1].agrees_with(trio[2])]
    assert differing == []
    assert all(answer.document == other.document for answer, other in zip(expected, found, strict=True))
