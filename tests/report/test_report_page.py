"""The report as a file: whole, on its own, readable for whoever does not see its drawings, with all of the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from report_document import ReportDocument
from simulated_results import EVERY, UGLY, alternative, rendered, result, three

from api.report import render
from api.report.charts.drawing import Colour
from api.report.made_of import made_of
from api.report.page import coded
from api.report.wording import standing


@pytest.fixture(params=EVERY)
def page(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param, rendered(request.param)


def test_it_is_well_formed_and_on_its_own(page: tuple[str, str]) -> None:
    _, text = page
    document = ReportDocument(text)
    assert len(document.ids) == len(set(document.ids))
    assert set(document.described_by) <= set(document.ids)
    assert {link.removeprefix("#") for link in document.links} <= set(document.ids)
    assert document.loads == []
    assert not {"script", "link", "img", "iframe", "object", "image", "use"} & set(document.tags)
    assert "@import" not in document.styles
    assert "url(" not in document.styles
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#{id_}" for id_ in document.ids}


def test_nothing_unreadable_is_left_in_it(page: tuple[str, str]) -> None:
    name, text = page
    document = ReportDocument(text)
    words = document.words + "".join("".join(drawing.values()) for drawing in document.drawings)
    # What a user writes is shown as it is, markup and all.
    said = words.replace(UGLY, "") if name not in {"huge", "five"} else re.sub(r'\{"a": 1\}', "", words)
    assert not re.search(r"\{|\bNone\b|\bnull\b|\bTrue\b|\bFalse\b|\bnan\b|\de[+-]\d", said)
    assert "undefined" not in said


def test_every_drawing_has_a_title_a_description_and_labelled_axes(page: tuple[str, str]) -> None:
    _, text = page
    drawings = ReportDocument(text).drawings
    assert drawings
    for drawing in drawings:
        assert drawing["title"]
        assert drawing["desc"]
        if "Accounts caught in the world" in drawing["title"]:
            assert "Accounts caught, by where the customer is located" in drawing["text"]
        else:
            assert len(drawing["axes"].split(";")) >= 3, drawing["title"]


def test_every_drawing_follows_the_colours_of_the_page(page: tuple[str, str]) -> None:
    _, text = page
    assert not [colour for colour in Colour if colour.value in text]
    styles = ReportDocument(text).styles
    light, dark = styles.split("@media screen and (prefers-color-scheme: dark)")
    for variable in {colour.variable for colour in Colour} & set(re.findall(r"var\((--[a-z0-9-]+)\)", text)):
        assert f"{variable}:" in light
        assert f"{variable}:" in dark
    drawn = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    colours = {found for svg in drawn for found in re.findall(r'(?:fill|stroke)="([^"]*)"', svg)}
    assert colours <= {"none", "transparent"} | {f"var({colour.variable})" for colour in Colour}


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in {"facts", "decisions", "suppressed_below"}:
                yield from _numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _numbers(inner)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


@pytest.mark.parametrize("name", ["one", "three"])
def test_every_number_of_the_result_is_on_it(name: str) -> None:
    document = ReportDocument(rendered(name))
    words = document.words + "".join(drawing["text"] for drawing in document.drawings)
    shown = set(re.findall(r"\d[\d,]*\d|\d", words))
    expected = EVERY[name]().document
    assert expected["population"]["source"]["generator"].pop("seed") == 71_234
    assert "71234" in shown
    for one in expected["alternatives"]:
        one["rules"] = [rule for rule in one["rules"] if rule["before"] != rule["after"]]
        one["impact"]["place"] = [cell for cell in one["impact"]["place"] if cell["changed"]]
        for day in one["timeline"]:
            del day["shifts"]  # those of the day looked at are under `main`
    assert {number for number in _numbers(expected) if f"{number:,}" not in shown} == set()


def test_what_is_suppressed_is_said_and_no_number_stands_for_it() -> None:
    text = ReportDocument(rendered("suppressed")).words
    assert "Small cells are suppressed" in text
    assert "not shown of 2,000" in text


def test_accounts_that_are_made_up_are_called_so_wherever_they_are_judged_by() -> None:
    words = ReportDocument(rendered("made up")).words
    said = "These accounts are made up: what is counted of them says nothing of real customers."
    ends = [words.index(part) for part in ("What was asked", "How to read it", "Whom it hits", "The factors of 7.307")]
    parts = [words[start:end] for start, end in zip([0, *ends], [*ends, len(words)], strict=True)]
    assert [part.count(said) for part in parts] == [1, 1, 0, 1, 1]
    assert "came with the population" not in words
    assert "made up" not in ReportDocument(rendered("one")).words


def test_what_accounts_are_made_of_and_the_standing_of_the_law_are_words() -> None:
    words = re.sub(r"\s+", " ", ReportDocument(rendered("made up")).words)
    assert "Accounts made up, by version 1 of the generator Seed of the accounts 71234" in words
    assert "Accounts as they stand on December 1, 2026 Share labelled malicious 0.2%" in words
    assert "Standing of the law proposed, not in force" in words
    assert standing("final, proposed_not_in_force") == "final; proposed, not in force"
    source = {"kind": "file", "name": "a.csv", "sha256": "ab", "mapping": None}
    assert list(made_of(source)) == [
        ("Accounts", "read from the file a.csv"),
        ("SHA-256 of the file", "ab"),
        ("Mapping of its columns", "none: they have the names of the vocabulary"),
    ]


def test_an_empty_change_says_so_and_why() -> None:
    text = ReportDocument(rendered("unchanged")).words
    assert "none of 1,000,000 accounts would have another outcome" in text
    assert text.count("both have the same digest") == 2
    assert "no map is drawn" in text


def test_what_a_user_writes_is_no_markup() -> None:
    named = attrs.evolve(alternative(), title=UGLY, about=UGLY, no_effect=UGLY, changes=[UGLY])
    text = render(result([named], title=UGLY, about=UGLY, job=UGLY, command=UGLY, baseline_title=UGLY))
    assert "<script" not in text
    assert "Söhne" in text


def test_a_result_without_candidates_is_told() -> None:
    assert "nothing is compared" in ReportDocument(render(attrs.evolve(result(), alternatives=[]))).words


def test_the_order_the_job_the_command_and_the_digests_are_on_it() -> None:
    made = three()
    document = ReportDocument(rendered("three"))
    for quoted in (made.job, made.command, *(order.text for one in made.alternatives for order in one.orders)):
        assert quoted.strip() in document.quoted
    for digest in (made.digest, made.baseline, made.population.digest, *(one.digest for one in made.alternatives)):
        assert digest in document.words


def test_a_factor_that_the_data_does_not_show_is_named() -> None:
    assert "not shown by this data" in ReportDocument(rendered("one")).words


def test_the_answer_has_a_line_for_each_alternative() -> None:
    text = ReportDocument(rendered("three")).words
    assert "On July 14, 2027, of 1,000,000 accounts, would no longer be allowed:" in text
    assert "12,346 of 938,800 that were allowed before (1.3%). Of those labelled malicious 310 of 2,000 (15.5%)" in text
    assert "12,002 of 938,800 that were allowed before (1.3%)." in text


def test_those_caught_are_told_of_those_who_were_allowed_before() -> None:
    text = ReportDocument(rendered("one")).words
    assert "of 1,000,000 accounts, 12,346 of 938,800 that were allowed before (1.3%) would no longer be" in text
    assert re.search(r"Accounts caught\s+12,346 of 938,800 that were allowed before \(1\.3%\)", text)
    assert (
        "The share caught is of all accounts of a line, and those that were not allowed before are among them" in text
    )
    assert "The share caught is of all accounts so labelled" in text
    # The figures of one part are hidden, so what all come to is not told.
    hidden = ReportDocument(rendered("suppressed")).words
    assert re.search(r"Accounts caught\s+not shown ", hidden)
    assert "that were allowed before (" not in hidden


def test_it_is_said_that_ways_were_tried_with_a_sample() -> None:
    one = alternative()
    drawn = attrs.evolve(one, evasion=[attrs.evolve(way, sample=5_000) for way in one.evasion])
    text = ReportDocument(render(result([drawn, alternative("other", "Another")]))).words
    assert "5,000 accounts were drawn at random" in text
    assert "of 5,000 drawn at random of those caught" in text
    assert "which were drawn at random of those caught." in text
    assert "drawn at random" not in ReportDocument(rendered("three")).words


def test_the_widest_way_is_named_and_nobody_is_said_to_walk_it() -> None:
    text = ReportDocument(rendered("one")).words
    assert "The widest way around, “Place of use”, leaves allowed 9,807 of 12,345 (79.4%)." in text
    compared = text[text.index("by the widest way") : text.index("Days on which it bites")]
    assert "Place of use. Another place of use is stated" in compared
    ways = text[text.index("Each way changes stated facts") :]
    assert "Neither says that anybody would: a way costs money, and some are breaches of the law" in ways


def test_accounts_without_a_reseller_are_no_bar_and_are_counted_beside_it() -> None:
    document = ReportDocument(rendered("one"))
    (bars,) = [drawing for drawing in document.drawings if drawing["title"].startswith("Accounts caught by reseller")]
    assert "no reseller" not in bars["text"] + bars["desc"]
    assert "800,001 accounts have none; 6,000 of these are caught." in document.words


def test_what_a_change_says_in_backticks_is_code() -> None:
    assert coded("Order `a<b` is added.") == "Order <code>a&lt;b</code> is added."
    assert coded("One ` alone") == "One ` alone"
