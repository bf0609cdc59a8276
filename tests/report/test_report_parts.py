"""What stands on the report is what the result holds: places, tables, steps, marks and words keep their meaning."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_results import a_day, order, three

import api.report
from api.report import render
from api.report.charts.timeline import HEIGHT, Mark, _placed, marks_of
from api.report.charts.world import steps
from api.report.places import outlines, placed
from api.report.tables import SHOWN, impact_of, runs_of, thinned
from api.report.wording import Wording, day
from engine.simulation.result import Cell, Day, Shift

EXACT = Wording(0)
CODES = st.sampled_from(
    ["DE", "US", "SG", "UA-43", "US-CA", "XK", "X-NCYP", "X-FRED", "HK", "", "e", "ü", "ZZ", "FR-GF"]
)
COUNTS = st.integers(0, 10_000_000)


@given(st.lists(st.tuples(CODES, COUNTS), unique_by=lambda pair: pair[0]))
def test_no_place_is_missing_from_the_map_and_from_what_stands_beside_it(pairs: list[tuple[str, int]]) -> None:
    where = placed([Cell(code, f"name of {code}", number, number, number) for code, number in pairs])
    counted_to_its_country = [place for place in where.beside if "counted to it" in place.why]
    on_the_map = sum(count or 0 for counts in where.caught.values() for count in counts)
    beside = sum(place.caught or 0 for place in where.beside if place not in counted_to_its_country)
    assert on_the_map + beside == sum(number for _, number in pairs)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("DE", None),
        ("XK", None),
        ("X-NCYP", None),
        ("UA-43", "part of Ukraine (UA), counted to it on the map"),
        ("X-FRED", "not on the map"),
        ("SG", "not on the map"),
        ("", "no place is stated"),
    ],
)
def test_it_is_told_what_became_of_a_place(code: str, why: str | None) -> None:
    where = placed([Cell(code, "", 5, 5, 5)])
    assert [place.why for place in where.beside] == ([] if why is None else [why])


def test_the_map_tells_every_country_by_a_key_of_its_own() -> None:
    keys = [country["properties"]["key"] for country in outlines()["objects"]["countries"]["geometries"]]
    assert len(keys) == len(set(keys)) == 176


@given(st.lists(st.integers(1, 10_000_000), min_size=1))
def test_every_number_is_in_one_of_at_most_five_steps(numbers: list[int]) -> None:
    bounds = steps(numbers)
    assert 1 <= len(bounds) <= 5
    assert bounds == sorted(set(bounds))
    assert bounds[0] <= min(numbers)
    assert bounds[-1] <= max(numbers)


@given(st.lists(st.tuples(COUNTS, COUNTS), max_size=60))
def test_the_lines_of_a_table_come_to_the_same_as_its_cells(counts: list[tuple[int, int]]) -> None:
    cells = [Cell(f"R-{n}", "", accounts, caught, caught) for n, (accounts, caught) in enumerate(counts)]
    impact = impact_of("reseller", cells, EXACT)
    assert len(impact.lines) <= SHOWN + 1
    assert sum(int(line.caught.replace(",", "")) for line in impact.lines) == sum(caught for _, caught in counts)
    assert sum(int(line.accounts.replace(",", "")) for line in impact.lines) == sum(number for number, _ in counts)


def test_a_sum_with_suppressed_parts_is_told_from_below() -> None:
    cells = [Cell(f"R-{n}", "", 100, 50, 50) for n in range(SHOWN + 3)] + [Cell("R-X", "", 20, None, None)]
    assert impact_of("reseller", cells, Wording(10)).lines[-1].caught == "at least 150"


def test_values_with_an_order_keep_it() -> None:
    cells = [Cell("0", "less than 1 year", 9, 1, 1), Cell("1", "1 year", 9, 9, 9)]
    assert [line.label for line in impact_of("account_age", cells, EXACT).lines] == ["less than 1 year", "1 year"]
    assert [line.label for line in impact_of("product", cells, EXACT).lines] == ["1 year", "less than 1 year"]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=200))
def test_days_with_the_same_figures_share_a_line_and_none_is_lost(caught: list[int]) -> None:
    first = datetime.date(2027, 1, 1)
    days = [a_day((first + datetime.timedelta(days=n)).isoformat(), number) for n, number in enumerate(caught)]
    runs = runs_of(days)
    assert sum(run.days for run in runs) == len(days)
    assert all(one.figures.caught != other.figures.caught for one, other in pairwise(runs))
    shown = thinned(runs)
    assert len(shown) <= len(runs)
    assert [shown[0], shown[-1]] == [runs[0], runs[-1]]


def test_the_days_of_an_order_are_marked() -> None:
    assert marks_of([order()]) == [
        Mark("2027-07-14", "binds, 180th day after issue"),
        Mark("2028-01-14", "last in force, day 365 with that of issue"),
    ]


@given(st.lists(st.integers(0, 400), unique=True, max_size=8))
def test_words_of_marks_do_not_overlap(offsets: list[int]) -> None:
    first = datetime.date(2027, 1, 1)
    marks = [Mark((first + datetime.timedelta(days=n)).isoformat(), "binds, 180th day") for n in offsets]
    lines: dict[int, list[tuple[float, float]]] = {}
    for mark, line, is_left in _placed(marks, first, 400):
        at, length = (datetime.date.fromisoformat(mark.date) - first).days / 400 * 560, len(mark.label) * 6.6
        words = (at - length, at) if is_left else (at, at + length)
        assert all(words[1] <= other[0] or other[1] <= words[0] for other in lines.get(line, ()))
        lines.setdefault(line, []).append(words)
    assert sum(map(len, lines.values())) == len(marks)
    assert HEIGHT > 0


def test_how_many_were_allowed_before_is_told_where_every_part_is() -> None:
    shifts = [Shift("allow", "allow", 70), Shift("restrict", "deny", 30), Shift("hold", "hold", 900)]
    told = Day("2027-07-14", shifts, 30, 30, 0)
    assert EXACT.caught(told) == "30 of 100 that were allowed before (30%)"
    assert EXACT.caught(attrs.evolve(told, caught=0)) == "0 of 100 that were allowed before"
    assert Wording(10).caught(attrs.evolve(told, shifts=[*shifts, Shift("allow", "hold", None)])) == "30"
    assert Wording(10).caught(attrs.evolve(told, shifts=[*shifts, Shift("hold", "deny", None)])).startswith("30 of 100")


def test_numbers_in_words() -> None:
    few = Wording(10)
    assert few.count(None) == "not shown"
    assert EXACT.count(None) == "not known"
    assert few.of(None, 200) == "not shown of 200"
    assert EXACT.of(30, 200) == "30 of 200 (15%)"
    assert EXACT.share(1, 10_000_000) == "less than 0.1%"
    assert EXACT.share(9_999_999, 10_000_000) == "more than 99.9%"
    assert EXACT.share(0, 5) == "0%"
    assert EXACT.share(0, 0) == ""
    assert EXACT.accounts(1) == "1 account"
    assert EXACT.difference(5, 3) == "\N{MINUS SIGN}2"
    assert few.difference(5, None) == "not shown"
    assert day("2027-07-04") == "July 4, 2027"
    assert day("") == ""


def _luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_everything_it_stands_on(scheme: str) -> None:
    styles = (Path(api.report.__file__).with_name("templates") / "report.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", styles, re.DOTALL)
    colours = dict(re.findall(r"--([a-z0-9-]+): #([0-9a-f]+);", blocks[scheme == "dark"]))
    pairs = [(ink, on) for ink in ("ink", "soft", "accent", "warn") for on in ("paper", "panel")]
    pairs += [("ink", on) for on in ("tint-caught", "tint-released", "tint-other", "tint-same")]
    for ink, on in pairs:
        low, high = sorted((_luminance(colours[ink]), _luminance(colours[on])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, on)  # WCAG 2.2, level AA
    for line in ("caught", "released", "other", "same"):
        low, high = sorted((_luminance(colours[line]), _luminance(colours["paper"])))
        assert (high + 0.05) / (low + 0.05) >= 3, line  # the same for what is drawn


def test_a_drawing_is_the_same_in_every_time_zone() -> None:
    drawing = (
        "from api.report.charts.timeline import draw_timeline, marks_of\n"
        "from api.report.wording import Wording\n"
        "from simulated_results import DATES, a_day, order\n"
        "days = [a_day(date, 5) for date in DATES]\n"
        "print(draw_timeline(days, marks_of([order()]), Wording(0), 'days', 'Days'))\n"
    )
    path = os.pathsep.join([str(Path(api.report.__file__).parents[2]), str(Path(__file__).parent)])
    drawn = [
        subprocess.run(
            [sys.executable, "-c", drawing],
            env={"PYTHONPATH": path, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("UTC", "America/New_York", "Pacific/Auckland")
    ]
    assert len(set(drawn)) == 1
    assert ">Jan 14, 2027<" in drawn[0]
    assert ">Jan 15, 2028<" in drawn[0]


def test_what_no_drawing_can_hold_is_replaced() -> None:
    told = three()
    odd = [attrs.evolve(one, title="P\x1b]0;\x07\x01") for one in told.alternatives]
    assert render(attrs.evolve(told, alternatives=odd)).count("<svg") == render(told).count("<svg")
