"""NDJSON to a population: what decides is kept, what does not fit is counted and named, and nothing goes silently."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import orjson
import pytest
from accounts_to_read import facts, leftovers, lines, policy, read, request, rows

from bench.random_cases import RandomCases
from bench.shipped import DAY, complete_facts, requests
from engine import Decider
from engine.accounts.layout import Layout
from engine.accounts.population import Population, PopulationError, open_population
from engine.ownership import resolve
from engine.population.reading import LEFT_OUT, MisfitsError

CASES = 300
ALONE = {"customer": {"name": "Ada"}}


def drawn(decider: Decider) -> list[dict]:
    """Every example request, and random ones, some without a day of their own."""
    cases = RandomCases(decider.policy.vocabulary, decider.policy.places.codes, complete_facts(decider))
    rng = random.Random(7)
    actions = decider.policy.vocabulary.enums["action"]
    found = [{"action": rng.choice(actions), "as_of": DAY, "facts": cases.facts(rng)} for _ in range(CASES)]
    for case in found[::5]:
        del case["as_of"]
    return [*requests().values(), *found]


def test_a_population_decides_as_the_requests_that_it_was_read_from(tmp_path: Path) -> None:
    decider = Decider(policy())
    cases = drawn(decider)
    population = read(tmp_path / "accounts.ndjson", lines(*cases))
    layout = Layout(policy().vocabulary)
    stored = rows(population)
    assert [row["row"] for row in stored] == list(range(len(cases)))
    for case, row in zip(cases, stored, strict=True):
        day = case.get("as_of")
        assert row["as_of"] is None if day is None else row["as_of"].isoformat() == day
        again = {"action": row["action"], "as_of": day or DAY, "facts": layout.case_facts(row)}
        decided = decider.decide({**case, "as_of": day or DAY}).document
        assert orjson.dumps(decider.decide(again).document) == orjson.dumps(decided)
        derived = resolve(again["facts"].get("customer") or {}, decider.reading)
        assert layout.case_derived(row) == {name: list(elements) for name, elements in derived.items()}


def test_the_manifest_says_what_was_read(tmp_path: Path) -> None:
    labelled = [{**request(name="Ada"), "malicious": mark} for mark in (True, False, None, True)]
    population = read(tmp_path / "accounts.ndjson", lines(*labelled, {"action": "training.start", "facts": {}}))
    manifest = population.manifest
    assert (manifest.accounts, manifest.malicious, manifest.legitimate, manifest.left_out) == (5, 2, 1, 0)
    assert manifest.actions == {"account.open": 4, "training.start": 1}
    assert (manifest.source["kind"], manifest.source["name"], manifest.source["mapping"]) == (
        "file",
        "accounts.ndjson",
        None,
    )
    assert open_population(population.folder) == population
    assert not (population.folder / LEFT_OUT).exists()
    assert [row["malicious"] for row in rows(population)] == [True, False, None, True, None]


@pytest.mark.parametrize("name", ["accounts.ndjson.gz", "ACCOUNTS.JSONL.GZ"])
def test_a_compressed_file_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    assert facts(read(tmp_path / name, gzip.compress(lines(request(name="Ada"))))) == [ALONE]


def test_marks_line_ends_and_blank_lines_hold_nothing(tmp_path: Path) -> None:
    line = json.dumps(request(name="Ada")).encode()
    content = b"\xef\xbb\xbf" + line + b"\r\n\r\n \n" + line
    assert facts(read(tmp_path / "accounts.ndjson", content)) == [ALONE, ALONE]


def test_the_ends_of_every_type_are_kept(tmp_path: Path) -> None:
    said = [
        {"customer": {"name": "a\u0000b", "trading_names": ["\U0001f600", "\u00ff\u2028"]}},
        {"account": {"opened_on": "9999-12-31", "closed_on": "0001-01-01"}, "reseller": {"tier": -(2**63)}},
        {"training": {"ops": 1.7976931348623157e308, "report": {"a": ["\u0000", None, {}, 0.1]}}},
    ]
    content = lines(*({"action": "training.start", "facts": part} for part in said))
    assert facts(read(tmp_path / "accounts.ndjson", content)) == said


MISFITS = [
    (b"{", "is not well-formed JSON"),
    (b"[1]", "is not a JSON object"),
    (b'"\xff"', "is not UTF-8"),
    (b'{"action": NaN, "facts": {}}', "is not well-formed JSON"),
    (b'{"action":"account.open","action":"account.open","facts":{}}', "has a key twice in one object"),
    (b'{"action": "account.open", "facts": {"customer": {"name": "\\ud800"}}}', "is not well-formed JSON"),
    (b"[" * 2000 + b"]" * 2000, "is nested too deeply"),
    (b'{"action":"training.start","facts":{"training":{"report":' + b'{"a":' * 400 + b"1" + b"}" * 403, "too deep"),
    (b'{"action":"training.start","facts":{"training":{"ops":9007199254740993}}}', "/facts/training/ops is a whole"),
    (b'{"action":"training.start","facts":{"training":{"ops":18446744073709551616}}}', "number beyond 64 bits"),
    (b'{"action":"account.open","facts":{"reseller":{"tier":9223372036854775808.0}}}', "/facts/reseller/tier is more"),
    (b'{"action":"account.open","facts":{},"malicious":"no"}', "/malicious is not true or false"),
    (b'{"action":"account.open"}', "/facts is missing"),
    (b'{"facts":{}}', "/action is missing"),
    (b'{"action":"account.close","facts":{}}', "/action is not one of the words known here"),
    (
        b'{"action":"account.open","facts":{"customer":{"located_in":"ZZ"}}}',
        "/facts/customer/located_in is not a known",
    ),
    (b'{"action":"account.open","facts":{"customer":{"emails":[null]}}}', "/facts/customer/emails/* is nothing"),
    (b'{"action":"account.open","facts":{"customer":{"nmae":"Ada"}}}', "/facts/customer/nmae is not a known key"),
    (b'{"action":"account.open","as_of":"2026-02-30","facts":{}}', "/as_of is not a day that exists"),
    (b'{"a":"' + b"x" * 1_100_000 + b'"}', "has more than 1,048,576 bytes"),
]


@pytest.mark.parametrize(("line", "detail"), MISFITS)
def test_what_does_not_fit_is_named_and_nothing_is_written(tmp_path: Path, line: bytes, detail: str) -> None:
    good = request(name="Ada")
    with pytest.raises(MisfitsError) as refused:
        read(tmp_path / "accounts.ndjson", lines(good, line, good))
    assert "accounts.ndjson: 1 of 3 lines does not fit" in str(refused.value)
    assert detail in str(refused.value)
    assert "line 2" in str(refused.value)
    assert leftovers(tmp_path) == []


def test_what_does_not_fit_may_be_left_out_and_is_counted_and_named(tmp_path: Path) -> None:
    wrong = [
        request(located_in="ZZ", beneficial_owners=[{"located_in": "ZZ"}, {"located_in": "YY"}]),
        request(nmae="B"),
    ]
    content = lines(request(name="Ada"), *wrong, request(name="Ada"))
    population = read(tmp_path / "accounts.ndjson", content, leave_out=True)
    manifest = population.manifest
    assert (manifest.accounts, manifest.left_out) == (2, 2)
    assert manifest.left_out_because == {
        "/facts/customer/beneficial_owners/*/located_in is not a known place": 1,
        "/facts/customer/located_in is not a known place": 1,
        "/facts/customer/nmae is not a known key": 1,
    }
    assert facts(population) == [ALONE, ALONE]
    named = [json.loads(line) for line in (population.folder / LEFT_OUT).read_text().splitlines()]
    assert [entry["row"] for entry in named] == [2, 3]
    assert [reason["at"] for reason in named[0]["reasons"]] == [
        "/facts/customer/beneficial_owners/0/located_in",
        "/facts/customer/beneficial_owners/1/located_in",
        "/facts/customer/located_in",
    ]
    assert named[1]["reasons"] == [{"at": "/facts/customer/nmae", "detail": "is not a known key"}]
    assert "ZZ" not in (population.folder / LEFT_OUT).read_text()


def test_misfits_of_many_kinds_take_no_more_room_than_a_thousand(tmp_path: Path) -> None:
    content = lines(*(request(**{f"k{number}": 1}) for number in range(1_200)))
    with pytest.raises(MisfitsError) as refused:
        read(tmp_path / "accounts.ndjson", content)
    kinds = refused.value.misfits.kinds
    assert len(kinds) == 1_001
    assert sum(found.rows for found in kinds.values()) == 1_200
    assert str(refused.value).count("\n") < 100


NOTHING = "there is nothing to make a population of"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("accounts.ndjson", b"", f"{NOTHING}: it has no line"),
        ("accounts.ndjson", b"\n \n", NOTHING),
        ("accounts.ndjson", "{}\n".encode("utf-16"), "the file is UTF-16; save it as UTF-8"),
        ("accounts.ndjson.gz", b"{}", "the file cannot be read to its end: not a gzipped file"),
        ("accounts.ndjson.gz", gzip.compress(lines({}), mtime=0)[:-9], "the file cannot be read to its end"),
        ("accounts.json", b"{}", "of no known format; the name of such a file ends in .ndjson"),
    ],
)
def test_a_file_that_is_none_of_accounts_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(PopulationError) as refused:
        read(tmp_path / name, content)
    assert says in str(refused.value)
    assert leftovers(tmp_path) == []


def test_leaving_out_everything_makes_no_population(tmp_path: Path) -> None:
    with pytest.raises(MisfitsError, match="1 of 1 line does not fit"):
        read(tmp_path / "accounts.ndjson", lines({}), leave_out=True)
    assert leftovers(tmp_path) == []


def test_a_population_replaces_a_population_and_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "accounts.ndjson"
    first = read(source, lines(request(name="Ada")))
    second = read(source, lines(request(name="Bob"), request(name="Ada")))
    assert (first.folder, open_population(second.folder).manifest.accounts) == (second.folder, 2)
    keepsake = second.folder / "population.json"
    keepsake.unlink()
    with pytest.raises(PopulationError, match="holds something that is no population"):
        read(source)
    assert (second.folder / "accounts.duckdb").exists()


def test_progress_is_told_in_rows_and_shares(tmp_path: Path) -> None:
    told: list[tuple[int, float]] = []
    read(
        tmp_path / "accounts.ndjson",
        lines(*[request(name="Ada")] * 2_500),
        progress=lambda rows, share: told.append((rows, share)),
    )
    assert [rows for rows, _ in told] == [1_000, 2_000, 2_500]
    assert told[-1][1] == 1.0
    assert sorted(told) == told


def test_reading_the_same_again_gives_the_same_digest(tmp_path: Path) -> None:
    def made() -> Population:
        return read(tmp_path / "accounts.ndjson", lines(request(name="Ada"), request(kind="entity")))

    assert made().manifest.digest == made().manifest.digest
