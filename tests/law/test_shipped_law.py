"""The text of the law that comes with Ostiary, and what its rules say."""

from __future__ import annotations

import re
from itertools import groupby, pairwise

import pytest

from api.settings import default_jurisdictions, default_rules
from engine import Policy, load
from engine.law.paragraphs import above
from engine.vocabulary import read_vocabulary

SOURCE = "FR-2024-01580"
SLIPS = [
    "7.302(c)",
    "7.303(b)",
    "7.303(e)",
    "7.304(a)(1)(iii)",
    "7.304(a)(2)(iii)",
    "7.306(c)",
    "7.306(e)(1)",
    "7.307(a)(1)",
    "7.307(a)(2)",
    "7.308(a)(2)",
    "7.308(c)(3)",
    "7.308(c)(4)",
    "7.308(d)(1)(ii)(C)",
    "7.309(b)(1)",
]
"""Where the text is known to be at fault."""
ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"]
SERIES = [[*"abcdefghij"], ROMAN, [*"ABCDEFGHIJ"], [str(n) for n in range(1, 12)]]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(default_rules(), default_jurisdictions())


@pytest.fixture(scope="module")
def sections(policy: Policy) -> list[str]:
    return [p.section for p in policy.law.paragraphs if not p.term and p.source == SOURCE]


def test_every_section_of_the_subpart_is_there(sections: list[str]) -> None:
    assert [section for section in sections if "(" not in section] == [f"7.{n}" for n in range(300, 311)]


@pytest.mark.parametrize(
    "deepest",
    [
        "7.302(d)(1)(iii)(B)(4)",
        "7.302(d)(1)(iii)(C)(7)",
        "7.304(a)(2)(ix)(D)",
        "7.306(b)(3)(ix)",
        "7.307(b)(3)(ii)(D)",
        "7.308(d)(1)(ii)(D)(2)",
        "7.309(a)(8)",
        "7.309(c)(1)(ii)",
    ],
)
def test_it_goes_down_to_the_last_letter(sections: list[str], deepest: str) -> None:
    assert deepest in sections


def test_letters_and_numbers_have_no_gaps_and_stand_in_order(sections: list[str]) -> None:
    by_parent = groupby(sorted((s for s in sections if above(s)), key=above), key=above)
    for parent, below in by_parent:
        labels = [section[len(parent) + 1 : -1] for section in below]
        assert any(labels == series[: len(labels)] for series in SERIES), (parent, labels)


def test_sections_stand_where_one_would_look_for_them(sections: list[str]) -> None:
    for earlier, section in pairwise(sections):
        parent = above(section)
        assert not parent or earlier == parent or earlier.startswith(f"{parent}("), section


@pytest.mark.parametrize("section", SLIPS)
def test_slips_of_the_text_are_recorded_where_they_bite(policy: Policy, section: str) -> None:
    (paragraph,) = [p for p in policy.law.paragraphs if p.section == section]
    assert paragraph.slip


def test_sentences_are_sentences(policy: Policy) -> None:
    for paragraph in policy.law.paragraphs:
        for sentence in (paragraph.says, paragraph.slip, paragraph.duties, paragraph.untranslatable, paragraph.decides):
            assert not sentence or (sentence[0].isupper() and sentence.endswith(".")), (paragraph.cite, sentence)


def test_facts_speak_of_sections_that_exist(sections: list[str]) -> None:
    vocabulary = read_vocabulary()
    groups = [record.fields for record in vocabulary.records.values()] + [vocabulary.facts, vocabulary.derived]
    spoken_of = {field.section for fields in groups for field in fields.values() if field.section}
    assert spoken_of - set(sections) == set()


# -- messages

_PLACEHOLDER = re.compile(r"[{}<>$%`_\\]|\b[a-z]+\.[a-z]|\bQ\d\d\b|\bT\d\d\b")


def test_messages_are_plain_sentences(policy: Policy) -> None:
    """A message may be shown to the customer: a sentence, with no place to fill in and no word of the machinery."""
    rules = [rule for rule_set in policy.program for rule in rule_set.rules]
    assert rules
    for rule in rules:
        assert rule.message[0].isupper(), rule.id
        assert rule.message.endswith("."), rule.id
        assert not _PLACEHOLDER.search(rule.message), rule.id
        assert len(rule.message) <= 200, rule.id
