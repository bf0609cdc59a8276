"""Every count of a simulation against the same count made in Python, account by account."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from counted_one_by_one import ROOT, OneByOne, Ran, ran, texts

from bench.random_cases import RandomCases
from bench.shipped import complete_facts, requests, shipped_policy
from engine import Decider
from engine.decision.decision import Decision
from engine.ownership import LOOK_THROUGH, SWITCH
from engine.simulation.result import Alternative

DRAFTS = ROOT / "fixtures" / "simulations"
EXAMPLES = ROOT / "fixtures" / "jurisdictions"
DAYS = ["2026-12-20", "2027-07-10"]
PROVIDERS = ("account.open", "account.maintain", "reseller.onboard", "reseller.maintain", "training.start")
IDENTIFYING = ("name", "street", "emails", "phones", "identifier", "ip", "id", "note", "plan", "trading_names")
Checked = tuple[Ran, OneByOne, Path]


def order(name: str, folder: Path, **said: Any) -> str:
    document = {
        "id": name,
        "kind": "prohibition",
        "issued_on": "2027-01-11",
        "finding": "Fiction, for a test.",
        **said,
    }
    (folder / f"{name}.yaml").write_text(json.dumps(document))
    return f"{name}.yaml"


def written(folder: Path, **said: Any) -> Path:
    path = folder / "job.yaml"
    path.write_text(yaml.safe_dump({"name": "n", "title": "T", "dates": DAYS, **said}, sort_keys=False))
    return path


def measures_job(folder: Path) -> Path:
    """Orders of every kind, on accounts that are made up."""
    drafts = {path.stem: str(path) for path in (DRAFTS / "orders").iterdir()}
    extended = order(
        "extended",
        folder,
        target={"jurisdiction": "X-SYLVANIA"},
        issued_on="2025-12-01",
        extensions=[{"published_on": "2026-11-20", "until": "2027-09-01"}],
    )
    south = order("south", folder, target={"jurisdiction": "X-FREEDONIA-SOUTH"}, issued_on="2026-06-01")
    return written(
        folder,
        population={
            "generate": {
                "accounts": 1200,
                "seed": 11,
                "as_of": "2026-12-01",
                "malicious_share": 0.1,
                "distributions": str(DRAFTS / "distributions.yaml"),
            }
        },
        baseline={"jurisdictions": str(EXAMPLES)},
        candidates=[
            {"id": "conditions", "title": "C", "measures": [drafts["freedonia-conditions-2027"]]},
            {"id": "person", "title": "One", "measures": [drafts["gantrix-hosting-2027"]]},
            {"id": "several", "title": "S", "measures": [extended, south, drafts["freedonia-prohibition-2027"]]},
            {"id": "dropped", "title": "D", "jurisdictions": str(without_orders(folder))},
        ],
        examples=2,
    )


def without_orders(folder: Path) -> Path:
    """The example jurisdictions with fewer orders, and places laid out otherwise."""
    made = folder / "places"
    made.mkdir()
    places = yaml.safe_load((EXAMPLES / "places.yaml").read_text())
    (made / "places.yaml").write_text(yaml.safe_dump(places))
    (made / "measures").mkdir()
    shutil.copy(EXAMPLES / "measures" / "hynkel-group.yaml", made / "measures")
    return made


def readings_job(folder: Path) -> Path:
    """Rules, readings and values of the program, on cases of every odd kind."""
    odd = folder / "odd.ndjson"
    odd.write_text("".join(json.dumps(request) + "\n" for request in odd_requests()))
    edited = folder / "rules"
    shutil.copytree(ROOT / "rules", edited)
    owners = edited / "cip" / "owners.yaml"
    assert "effect: hold" in owners.read_text()
    owners.write_text(owners.read_text().replace("effect: hold", "effect: review"))
    return written(
        folder,
        population=str(odd),
        baseline={"jurisdictions": str(EXAMPLES)},
        dates=[DAYS[0]],
        candidates=[
            {"id": "multiplied", "title": "M", "interpretations": {"Q01": other("Q01")}},
            {"id": "stricter", "title": "S", "rules": [str(ROOT / "rules"), str(ROOT / "fixtures/programs/stricter")]},
            {"id": "edited", "title": "E", "rules": [str(edited)]},
            {
                "id": "switched",
                "title": "O",
                "interpretations": {q: other(q) for q in ("Q05", "Q16", "Q30", "Q31", "Q32", "Q33")},
                "program": {"unverified.pending": "hold", "review.interval_days": 30},
            },
        ],
        evasion=["another-place-of-use", "owner-no-longer-named"],
        examples=1,
    )


def other(switch: str) -> str:
    """The last of the readings that is not the one chosen."""
    said = yaml.safe_load((ROOT / "rules" / "interpretations.yaml").read_text())[switch]
    return [name for name in said["options"] if name != said["chosen"]][-1]


def odd_requests() -> Iterator[dict[str, Any]]:
    """The example requests, and what becomes of them when facts are removed, altered and added at random."""
    policy = shipped_policy(EXAMPLES)
    decider = Decider(policy)
    for request in requests().values():
        yield dict(request)
    rng = random.Random(4)
    drawing = RandomCases(policy.vocabulary, sorted(policy.places.within), complete_facts(decider))
    for _ in range(400):
        yield {"action": rng.choice(PROVIDERS), "facts": drawing.facts(rng)}


@pytest.fixture(scope="module", params=[measures_job, readings_job], ids=["measures", "readings"])
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    write: Callable[[Path], Path] = request.param
    folder = tmp_path_factory.mktemp("simulated")
    done = ran(write(folder), accounts=folder / "accounts.parquet")
    return done, OneByOne(done), folder / "accounts.parquet"


@pytest.fixture
def alternatives(checked: Checked) -> list[Alternative]:
    return list(checked[0].result.alternatives)


def test_what_shifts_on_every_day(checked: Checked, alternatives: list[Alternative]) -> None:
    _, alone, _ = checked
    for one in alternatives:
        for day in one.timeline:
            assert {(s.before, s.after): s.accounts for s in day.shifts} == alone.shifts(one.id, day.date), one.id
            flips = alone.flips(one.id, day.date)
            assert day.changed == sum(alone.changed(one.id, day.date))
            assert day.caught == sum(alone.caught(one.id, day.date))
            assert day.released == sum(after.allowed and not before.allowed for before, after in flips)
        assert one.main == next(day for day in one.timeline if day.date == alone.days.main)


def test_whom_it_touches(checked: Checked, alternatives: list[Alternative]) -> None:
    done, alone, _ = checked
    reading = done.policies.baseline.reading(SWITCH, LOOK_THROUGH)
    for one in alternatives:
        for name, cells in one.impact.items():
            told = {cell.value: (cell.accounts, cell.changed, cell.caught) for cell in cells}
            assert told == alone.cells(one.id, name, reading), (one.id, name)


def test_which_rules_apply(checked: Checked, alternatives: list[Alternative]) -> None:
    _, alone, _ = checked
    for one in alternatives:
        assert {(r.rule, r.order): (r.before, r.after) for r in one.rules} == alone.rules(one.id), one.id


def test_what_is_asked_for(checked: Checked, alternatives: list[Alternative]) -> None:
    _, alone, _ = checked
    for one in alternatives:
        assert {d.at: (d.before, d.after) for d in one.demands} == alone.demands(one.id), one.id
        assert all(demand.about for demand in one.demands)


def test_under_what_terms_accounts_are_allowed(checked: Checked, alternatives: list[Alternative]) -> None:
    _, alone, _ = checked
    for one in alternatives:
        told = {(t.rule, t.order, t.term): (t.before, t.after) for t in one.restrictions}
        assert told == alone.restrictions(one.id), one.id


def test_how_many_of_those_labelled_are_caught(checked: Checked, alternatives: list[Alternative]) -> None:
    done, alone, _ = checked
    for one in alternatives:
        if done.population.manifest.malicious:
            p = one.precision
            assert p is not None
            told = (p.malicious, p.malicious_caught, p.legitimate, p.legitimate_caught)
            assert told == alone.precision(one.id)
        else:
            assert one.precision is None


def test_the_ways_around_it(checked: Checked, alternatives: list[Alternative]) -> None:
    done, alone, _ = checked
    has_labels = bool(done.population.manifest.malicious)
    for one in alternatives:
        told = {way.id: (way.tried, way.evaded, way.malicious) for way in one.evasion}
        expected = alone.evasion(one.id)
        assert told == {name: (*counts[:2], counts[2] if has_labels else None) for name, counts in expected.items()}
        assert {way.sample for way in one.evasion} <= {0}


def test_the_examples_are_of_the_flips_they_stand_for(checked: Checked, alternatives: list[Alternative]) -> None:
    done, alone, _ = checked
    for one in alternatives:
        kinds = Counter((example.before, example.after) for example in one.examples)
        changed = {kind: n for kind, n in alone.shifts(one.id, alone.days.main).items() if kind[0] != kind[1]}
        assert kinds.keys() == changed.keys(), one.id
        assert max(kinds.values(), default=0) <= done.job.examples
        for example in one.examples:
            before, after = alone.flips(one.id, alone.days.main)[example.row]
            assert (example.before, example.after) == (before.outcome, after.outcome)
            assert example.decisions == (before.document, after.document)
            alike = [flip for flip in alone.flips(one.id, alone.days.main) if flip_of(*flip) == flip_of(before, after)]
            assert example.accounts == len(alike)
            words = set(texts(example.facts)) | set(example.reasons)
            account = alone.accounts[example.row]
            assert not words & {word for word in identifying(account.facts) if word not in allowed_words(done)}


def flip_of(before: Decision, after: Decision) -> tuple[Any, ...]:
    """A change of outcome, and the findings that come and go with it."""
    old, new = ({(f.rule.id, f.order) for f in decision.findings} for decision in (before, after))
    return before.outcome, after.outcome, new - old, old - new


def allowed_words(done: Ran) -> set[str]:
    return {word for words in done.policies.baseline.vocabulary.enums.values() for word in words} | set(
        done.policies.baseline.places.within
    )


def identifying(facts: Any) -> Iterator[str]:
    if isinstance(facts, dict):
        for name, value in facts.items():
            if name in IDENTIFYING:
                yield from texts(value)
            yield from identifying(value)
    elif isinstance(facts, list):
        for item in facts:
            yield from identifying(item)


def test_a_row_for_every_account(checked: Checked, alternatives: list[Alternative]) -> None:
    _, alone, path = checked
    with duckdb.connect() as connection:
        asked = connection.execute("FROM read_parquet(?) ORDER BY row", [str(path)])
        names = [name for name, *_ in asked.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
    day = alone.days.main
    assert [row["row"] for row in rows] == list(range(len(alone.accounts)))
    assert [row["baseline"] for row in rows] == [decision.outcome for decision in alone.decisions("", day)]
    assert [row["malicious"] for row in rows] == [account.malicious for account in alone.accounts]
    for one in alternatives:
        assert [row[one.id] for row in rows] == [d.outcome for d in alone.decisions(one.id, day)]
        for name, cells in one.impact.items():
            assert Counter(row[name] for row in rows) == {cell.value: cell.accounts for cell in cells}


def test_accounts_of_which_something_new_is_asked(checked: Checked, alternatives: list[Alternative]) -> None:
    _, alone, _ = checked
    for one in alternatives:
        sentence = "Accounts whose customers are asked for facts that nobody asks of them otherwise: "
        told = [f.shown.partition(sentence)[2].partition(".")[0] for f in one.factors if sentence in (f.shown or "")]
        assert told == ([f"{alone.newly_asked(one.id):,}"] if one.factors else []), one.id
