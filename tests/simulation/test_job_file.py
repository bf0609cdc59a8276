"""What a simulation's file comes to: its policies, its days, and the digest that names its result."""

from __future__ import annotations

import datetime
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine import load
from engine.accounts.population import Population, PopulationError, open_population
from engine.policy.constants import Overrides
from engine.population.reading import read_population
from engine.simulation.days import Days, days_of, job_days
from engine.simulation.digest import result_digest
from engine.simulation.job import MAX_DATES, Generated, Job, JobError, read_job
from engine.simulation.policies import Policies, job_policies
from engine.simulation.population import population_of
from engine.simulation.ways import BUILT_IN, ELSEWHERE

ROOT = Path(__file__).resolve().parents[2]
RULES, JURISDICTIONS = ROOT / "rules", ROOT / "fixtures" / "jurisdictions"
TODAY = datetime.date(2026, 12, 1)
GENERATED = {"generate": {"accounts": 1000, "seed": 1, "as_of": "2026-12-01"}}
ORDER = {
    "id": "draft",
    "kind": "prohibition",
    "target": {"jurisdiction": "X-RURITANIA"},
    "issued_on": "2027-01-11",
    "finding": "F.",
}


def write(folder: Path, content: Mapping[str, Any], **orders: Mapping[str, Any]) -> Path:
    """A job's file, and beside it the orders in `orders/`."""
    (folder / "orders").mkdir(exist_ok=True, parents=True)
    for name, order in orders.items():
        (folder / "orders" / f"{name}.yaml").write_text(yaml.safe_dump(order), "utf-8")
    said = {"name": "n", "title": "T", "population": GENERATED, "candidates": [{"id": "c", "title": "C"}], **content}
    path = folder / "job.yaml"
    path.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    return path


def policies_of(path: Path) -> tuple[Job, Policies]:
    job = read_job(path)
    return job, job_policies(job, (RULES,), JURISDICTIONS)


def with_measures(*names: str) -> dict[str, Any]:
    return {"id": "c", "title": "C", "measures": [f"orders/{name}.yaml" for name in names]}


def said(path: Path) -> list[str]:
    """The complaints about a job, with the last part of the file's path and the line."""
    with pytest.raises(JobError) as caught:
        policies_of(path)
    return [f"{Path(d.span.file).name}:{d.span.line} {d.code} {d.message}" for d in caught.value.diagnostics]


def test_the_example_has_three_candidates_and_the_days_of_their_orders() -> None:
    job = read_job(ROOT / "fixtures" / "simulations" / "freedonia.yaml")
    policies = job_policies(job, (RULES,), ROOT / "jurisdictions")
    assert [candidate.id for candidate in job.candidates] == ["prohibition", "conditions", "person"]
    assert [order.id for order in policies.added_orders("conditions")] == ["freedonia-conditions-2027"]
    days = job_days(job, policies, TODAY)
    assert days.dates == (
        *("2027-01-10", "2027-01-11", "2027-07-09", "2027-07-10"),
        *("2027-10-10", "2028-01-10", "2028-01-11"),
    )
    assert days.main == "2027-07-10"
    assert job.text.startswith("# Fiction.")


def test_what_is_left_out_is_what_comes_with_ostiary(tmp_path: Path) -> None:
    job, policies = policies_of(write(tmp_path, {}))
    shipped = load(RULES, JURISDICTIONS)
    assert policies.baseline.digest == policies.candidates["c"].digest == shipped.digest
    assert (job.examples, job.suppress_below, job.about, job.mapping) == (1, 0, "", None)
    assert job.population == Generated(1000, 1, "2026-12-01", None, None)
    assert job.baseline.title == "The rules as they stand"
    assert policies.ways[0].id == "reseller-that-tells"
    assert job_days(job, policies, TODAY) == Days(("2026-12-01",), "2026-12-01", need_today=True)


def test_a_candidate_has_the_digest_that_the_policy_will_have(tmp_path: Path) -> None:
    _, policies = policies_of(write(tmp_path / "job", {"candidates": [with_measures("draft")]}, draft=ORDER))
    future = tmp_path / "jurisdictions"
    shutil.copytree(JURISDICTIONS, future)
    shutil.copy(tmp_path / "job" / "orders" / "draft.yaml", future / "measures" / "draft.yaml")
    assert policies.candidates["c"].digest == load(RULES, future).digest


def test_a_candidate_has_from_the_baseline_what_it_does_not_say(tmp_path: Path) -> None:
    content = {
        "baseline": {
            "measures": ["orders/one.yaml"],
            "interpretations": {"Q05": "determined", "Q08": "owner_only"},
            "program": {"unverified.pending": "hold", "training.custom.ops_over": 1},
        },
        "candidates": [
            {"id": "same", "title": "Same"},
            {"id": "read", "title": "Read", "interpretations": {"Q05": "verified"}},
            {"id": "none", "title": "None", "measures": []},
            {"id": "two", "title": "Two", "measures": ["orders"]},
        ],
    }
    job, policies = policies_of(write(tmp_path, content, one=ORDER, two={**ORDER, "id": "other"}))
    baseline = policies.baseline
    assert policies.candidates["same"].digest == baseline.digest
    assert baseline.readings["Q05"] == "determined"
    assert policies.candidates["read"].readings["Q05"] == "verified"
    assert policies.candidates["read"].readings["Q08"] == "owner_only"
    assert policies.added_orders("same") == policies.dropped_orders("same") == ()
    assert [order.id for order in policies.dropped_orders("none")] == ["draft"]
    assert [order.id for order in policies.added_orders("two")] == ["other"]
    values = {"unverified.pending": "hold", "training.custom.ops_over": 1.0}
    plain = load(RULES, JURISDICTIONS, Overrides({"Q05": "determined", "Q08": "owner_only"}, values))
    assert policies.candidates["none"].digest == plain.digest
    assert job_days(job, policies, TODAY).main == "2027-07-10"


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("2027-01-15", ["2027-01-15"]),
        (["2027-02-01", "2027-01-01"], ["2027-01-01", "2027-02-01"]),
        (
            {"from": "2027-01-01", "until": "2027-01-20", "every": 7},
            ["2027-01-01", "2027-01-08", "2027-01-15"],
        ),
        ({"from": "9999-12-30", "until": "9999-12-31"}, ["9999-12-30", "9999-12-31"]),
    ],
)
def test_days_that_the_file_names(tmp_path: Path, dates: Any, expected: list[str]) -> None:
    job, policies = policies_of(write(tmp_path, {"dates": dates}))
    assert job_days(job, policies, TODAY) == Days(tuple(expected), expected[0])
    job, policies = policies_of(write(tmp_path, {"dates": dates, "main_date": "2027-01-19"}))
    assert job_days(job, policies, TODAY) == Days(tuple(sorted({*expected, "2027-01-19"})), "2027-01-19")


def test_a_day_that_stands_twice_is_refused_where_it_stands_again(tmp_path: Path) -> None:
    path = write(tmp_path, {"dates": ["2027-01-02", "2027-01-01", "2027-01-02"]})
    line = path.read_text("utf-8").splitlines().index("dates:") + 4
    assert said(path) == [f"job.yaml:{line} R701 the day 2027-01-02 stands here already"]
    assert read_job(write(tmp_path, {"dates": ["2027-01-02", "2027-01-01"]})).dates == ("2027-01-01", "2027-01-02")


def test_whether_the_clock_has_a_say(tmp_path: Path) -> None:
    def need_today(**said: Any) -> bool:
        job, policies = policies_of(write(tmp_path, said, draft=ORDER))
        return job_days(job, policies, TODAY).need_today

    assert need_today()
    assert need_today(main_date="2027-01-01")
    assert not need_today(dates=TODAY.isoformat())
    assert not need_today(candidates=[with_measures("draft")])


def test_too_many_days_and_just_enough(tmp_path: Path) -> None:
    job = read_job(write(tmp_path, {"dates": {"from": "2027-01-01", "until": "2028-02-04"}}))
    assert len(job.dates) == MAX_DATES
    with pytest.raises(JobError, match="more than 400 days"):
        read_job(write(tmp_path, {"dates": {"from": "2027-01-01", "until": "9999-12-31"}}))


def test_the_main_day_is_the_first_on_which_most_orders_bind(tmp_path: Path) -> None:
    later = {**ORDER, "id": "later", "issued_on": "2027-03-01"}
    content = {"candidates": [with_measures("one", "later")], "dates": {"from": "2027-06-01", "until": "2027-12-31"}}
    job, policies = policies_of(write(tmp_path, content, one=ORDER, later=later))
    assert job_days(job, policies, TODAY).main == "2027-08-28"


def test_days_of_an_order_that_is_extended(tmp_path: Path) -> None:
    stated = {**ORDER, "extensions": [{"published_on": "2028-01-01", "until": "2029-01-10"}]}
    open_ended = {**ORDER, "id": "open", "extensions": [{"published_on": "2028-01-01"}]}
    content = {"candidates": [with_measures("stated", "open")]}
    _, policies = policies_of(write(tmp_path, content, stated=stated, open=open_ended))
    of = {order.id: days_of(order) for order in policies.added_orders("c")}
    assert of["draft"][-5:] == ("2028-01-10", "2028-01-11", "2028-04-10", "2029-01-10", "2029-01-11")
    assert of["open"][-2:] == ("2028-01-10", "2028-01-11")


def test_the_digest_follows_what_is_said_and_not_where_it_lies(tmp_path: Path) -> None:
    content = {"candidates": [with_measures("draft")]}

    def digest(folder: str, more: Mapping[str, Any], order: Mapping[str, Any] = ORDER, people: str = "sha256:1") -> str:
        job, policies = policies_of(write(tmp_path / folder, {**content, **more}, draft=order))
        return result_digest(job, people, policies, job_days(job, policies, TODAY))

    first = digest("a", {})
    assert first.startswith("sha256:")
    assert digest("b/c", {}) == first
    others = [
        digest("a", {"name": "m"}),
        digest("a", {"title": "Other"}),
        digest("a", {"examples": 2}),
        digest("a", {"suppress_below": 5}),
        digest("a", {"evasion": []}),
        digest("a", {"dates": "2027-08-01"}),
        digest("a", {"main_date": "2027-10-10"}),
        digest("a", {}, {**ORDER, "finding": "Another."}),
        digest("a", {}, people="sha256:2"),
        digest("a", {"baseline": {"interpretations": {"Q05": "determined"}}}),
    ]
    assert len({first, *others}) == 1 + len(others)


def test_mistakes_of_orders_are_told_with_their_own_files(tmp_path: Path) -> None:
    wrong = {**ORDER, "target": {"jurisdiction": "RURITANIA"}}
    unfound = {key: value for key, value in ORDER.items() if key != "finding"}
    content = {
        "candidates": [
            {"id": "a", "title": "A", "measures": ["orders/wrong.yaml"]},
            {"id": "b", "title": "B", "measures": ["orders/unfound.yaml"]},
        ]
    }
    complaints = said(write(tmp_path, content, wrong=wrong, unfound=unfound))
    assert [complaint.partition(" ")[2] for complaint in complaints] == [
        "R403 the order states no finding, on which every measure rests (7.307(a)(3))",
        "R403 `RURITANIA` is not a known place",
    ]
    assert [complaint.partition(":")[0] for complaint in complaints] == ["unfound.yaml", "wrong.yaml"]


def test_two_orders_cannot_have_one_file_name_or_one_id(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "draft.yaml").write_text("id: other\n", "utf-8")
    content = {"candidates": [{"id": "c", "title": "C", "measures": ["orders", "more/draft.yaml"]}]}
    assert said(write(tmp_path, content, draft=ORDER)) == [
        f"draft.yaml:1 R205 another order has a file of this name, {tmp_path}/orders/draft.yaml"
    ]
    same_id = {"candidates": [{"id": "c", "title": "C", "measures": ["orders"]}]}
    (complaint,) = said(write(tmp_path, same_id, draft=ORDER, twin=ORDER))
    assert "R205 an order `draft` exists already" in complaint
    shipped = {"candidates": [{"id": "c", "title": "C", "measures": [str(JURISDICTIONS / "measures")]}]}
    complaints = said(write(tmp_path, shipped))
    assert len(complaints) == len(list((JURISDICTIONS / "measures").glob("*.yaml")))


def test_a_mistake_that_the_baseline_hands_down_is_told_once(tmp_path: Path) -> None:
    content = {
        "baseline": {"program": {"unverified.pending": "never"}},
        "candidates": [{"id": "a", "title": "A"}, {"id": "b", "title": "B", "interpretations": {"Q05": "maybe"}}],
    }
    complaints = said(write(tmp_path, content))
    assert [complaint.partition(" ")[2] for complaint in complaints] == [
        "R401 `maybe` is not an option of `Q05`",
        "R402 `unverified.pending` is not one of the words known here",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file is empty"),
        ("- a list\n", "the file is a list, not an object"),
        ("name: [\n", "while parsing a flow node"),
        ("name: n\ntitle: T\npopulation: '\0'\ncandidates: []\n", "U+0000"),
        (f"name: n\ntitle: T\npopulation: {'x' * 5000}\ncandidates: [{{id: a, title: A}}]\n", "there is no"),
        (f"name: n\ntitle: T\npopulation: .\nmapping: {'x' * 5000}\ncandidates: [{{id: a, title: A}}]\n", "is no"),
        (f"name: n\ntitle: T\npopulation: .\ncandidates: [{{id: a, title: A, rules: [{'x' * 500}]}}]\n", "is no"),
        (f"name: n\ntitle: T\npopulation: .\ncandidates: [{{id: a, title: A, measures: [{'x' * 500}]}}]\n", "is no"),
        ('name: n\ntitle: T\npopulation: "a\\0b"\ncandidates: [{id: a, title: A}]\n', "there is no"),
        ("name: n\ntitle: T\npopulation: *x\ncandidates: [{id: a, title: A}]\n", "alias"),
    ],
)
def test_what_is_no_job_is_refused_in_words(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(JobError, match=r"error\[R\d+\] .*job.yaml:\d+:\d+: ") as caught:
        read_job(path)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("day", ["0001-01-05", "1989-12-31", "3000-01-01", "9999-12-31"])
def test_accounts_are_made_up_only_for_days_that_leave_room_for_births_and_clocks(tmp_path: Path, day: str) -> None:
    path = write(tmp_path, {"population": {"generate": {"accounts": 9, "seed": 1, "as_of": day}}})
    assert said(path) == [f"job.yaml:7 R701 no accounts can be made up for {day}"]


def test_a_job_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no such file"):
        read_job(tmp_path / "job.yaml")
    with pytest.raises(JobError, match="is a directory"):
        read_job(tmp_path)


# -- docs/simulation.md

PAGE = (ROOT / "docs" / "simulation.md").read_text("utf-8")


def test_the_examples_of_the_documentation_are_simulations(tmp_path: Path) -> None:
    job, ways = re.findall(r"^```yaml\n(.*?)```", PAGE, flags=re.MULTILINE | re.DOTALL)
    beside = tmp_path / "simulations"
    shutil.copytree(ROOT / "fixtures" / "simulations", beside)
    shutil.copytree(JURISDICTIONS, tmp_path / "jurisdictions")
    (beside / "documented.yaml").write_text(job + ways, "utf-8")
    read, policies = policies_of(beside / "documented.yaml")
    assert [candidate.id for candidate in read.candidates] == ["prohibition", "determined"]
    assert [way.id for way in policies.ways] == ["another-place-of-use", "moves-its-seat"]


def test_persons_for_an_order_are_found_as_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (snippet,) = re.findall(r"^```python\n(.*?)```", PAGE, flags=re.MULTILINE | re.DOTALL)
    (named,) = re.findall(r'"([^"]+\.population)/', snippet)
    made_up(tmp_path, generate={"accounts": 500}).folder.rename(tmp_path / named)
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    exec(snippet, found)  # noqa: S102 - of our own documentation
    assert "person" in capsys.readouterr().out
    rows = found["persons"].fetchall()
    assert len(rows) == 10
    assert rows[0][2] >= rows[1][2] >= 1
    order = {**ORDER, "target": {"person": rows[0][0]}}
    _, policies = policies_of(write(tmp_path / "job", {"candidates": [with_measures("draft")]}, draft=order))
    assert [added.target for added in policies.added_orders("c")] == [rows[0][0]]
    found["accounts"].close()


def test_every_key_and_every_built_in_way_is_documented() -> None:
    form = yaml.safe_load((ROOT / "engine" / "simulation" / "form.yaml").read_text("utf-8"))
    parts = [form, form["properties"]["baseline"], form["properties"]["candidates"]["items"], form["$defs"]["way"]]
    keys = {key for part in parts for key in part["properties"]}
    built_in = {way["id"] for way in yaml.safe_load(BUILT_IN.read_text("utf-8"))}
    assert [word for word in sorted(keys | built_in) if f"`{word}`" not in PAGE] == []
    assert ", ".join(ELSEWHERE[:-1]) + f" and {ELSEWHERE[-1]}" in PAGE


def test_ids_are_no_columns_of_the_result_and_differ_in_more_than_their_letters_size(tmp_path: Path) -> None:
    ids = ["Baseline", "row", "place", "P", "p"]
    content = {"candidates": [{"id": id_, "title": id_} for id_ in ids]}
    complaints = said(write(tmp_path, content))
    assert [complaint.partition(" ")[2] for complaint in complaints] == [
        "R205 a column of the result is `baseline`",
        "R205 a column of the result is `row`",
        "R205 a column of the result is `place`",
        "R205 a candidate `P` stands here already",
    ]


def made_up(folder: Path, **said: Any) -> Population:
    """The population of a job that is called `n` and has its accounts made up, kept in a folder."""
    generate = {**GENERATED["generate"], "accounts": 20, **said.pop("generate", {})}
    job, policies = policies_of(write(folder / "job", {"population": {"generate": generate}, **said}))
    return population_of(job, policies.baseline, folder, lambda _what, _done: None)


def test_made_up_accounts_are_kept_apart_by_what_they_are_made_of(tmp_path: Path) -> None:
    first = made_up(tmp_path)
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    others = [
        made_up(tmp_path, generate={"seed": 2}),
        made_up(tmp_path, generate={"accounts": 21}),
        made_up(tmp_path, generate={"as_of": "2026-12-02"}),
        made_up(tmp_path, generate={"malicious_share": 0.5}),
        made_up(tmp_path, baseline={"interpretations": {"Q01": "aggregate_related"}}),
    ]
    assert len({one.folder for one in (first, *others)}) == 6
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
    assert all(open_population(one.folder).manifest == one.manifest for one in (first, *others))
    assert all(re.fullmatch(r"n-[0-9a-f]{12}\.population", one.folder.name) for one in (first, *others))


def test_made_up_accounts_are_used_again(tmp_path: Path) -> None:
    first = made_up(tmp_path)
    made = (first.folder / "population.json").stat().st_mtime_ns
    # What is asked of them does not make them others.
    again = made_up(tmp_path, title="Another question", baseline={"interpretations": {"Q05": "determined"}})
    assert again == first
    assert (again.folder / "population.json").stat().st_mtime_ns == made


@pytest.mark.parametrize("kind", ["read", "made up"])
def test_other_accounts_are_not_replaced_by_made_up_ones(tmp_path: Path, kind: str) -> None:
    folder = made_up(tmp_path).folder
    shutil.rmtree(folder)
    if kind == "read":
        accounts = tmp_path / "accounts.ndjson"
        accounts.write_text('{"action": "account.open", "facts": {"customer": {"kind": "individual"}}}\n', "utf-8")
        read_population(accounts, folder, load(RULES, JURISDICTIONS))
    else:
        made_up(tmp_path, generate={"seed": 2}).folder.rename(folder)
    kept = open_population(folder)
    with pytest.raises(PopulationError, match="holds other accounts than this job has made up; move the folder"):
        made_up(tmp_path)
    assert open_population(folder) == kept


@pytest.mark.parametrize(
    ("where", "number", "message", "help_"),
    [
        ("examples", "21", "`examples` is more than 20", "write a number from 0 to 20"),
        (
            "examples",
            "9" * 40,
            "`examples` has more digits than a whole number can have",
            "write a number from 0 to 20",
        ),
        ("examples", "1e3", "`examples` is text, not a whole number", "write digits alone, without quotes"),
        ("suppress_below", "1001", "`suppress_below` is more than 1000", "write a number from 0 to 1000"),
        ("suppress_below", "-1", "`suppress_below` is less than 0", "write a number from 0 to 1000"),
        ("accounts", "1000000001", "`accounts` is more than 1000000000", "write a number from 1 to 1000000000"),
        (
            "seed",
            "9007199254740992",
            "`seed` is more than 9007199254740991",
            "write a number from 0 to 9007199254740991",
        ),
        (
            "malicious_share",
            "2%",
            "`malicious_share` is text, not a number",
            "write a number from 0 to 1, without quotes",
        ),
        ("malicious_share", "2", "`malicious_share` is more than 1", "write a number from 0 to 1"),
        (
            "as_of",
            "3000-01-01",
            "no accounts can be made up for 3000-01-01",
            "write a day from 1990-01-01 to 2999-12-31",
        ),
        ("main_date", "10000-01-01", "`main_date` is not a day that exists", "write it as YYYY-MM-DD"),
        ("dates", "99999999", "`dates` is a whole number, not text or a list or an object", "write it as YYYY-MM-DD"),
        (
            "dates",
            "{from: 0001-01-01, until: 9999-12-31}",
            "there are more than 400 days to look at",
            "name fewer, or a larger number of days under `every`",
        ),
        ("dates", "[]", "`dates` is too short: the limit is 1", "name at least 1"),
        ("evasion", "{}", "`evasion` is an object, not a list", "write a list, be it of one"),
        ("title", "", "`title` is nothing, not text", "write text, in quotes where it looks like something else"),
        ("title", None, "`title` is missing", "add `title:`"),
    ],
)
def test_what_is_too_large_is_told_with_what_to_do(
    tmp_path: Path, where: str, number: str | None, message: str, help_: str
) -> None:
    made = {"accounts": "5", "seed": "1", "as_of": "2026-12-01"}
    said = {
        "name": "n",
        "title": "T",
        "candidates": "[{id: c, title: C}]",
        **({} if where in {*made, "malicious_share"} else {where: number}),
    }
    made |= {where: number} if where in {*made, "malicious_share"} else {}
    lines = [f"{key}: {value}" for key, value in said.items() if value is not None]
    generate = ", ".join(f"{key}: {value}" for key, value in made.items())
    path = tmp_path / "job.yaml"
    path.write_text("\n".join([*lines, f"population: {{generate: {{{generate}}}}}"]) + "\n")
    with pytest.raises(JobError) as caught:
        read_job(path)
    assert [(one.message, one.help) for one in caught.value.diagnostics] == [(message, help_)]


@pytest.mark.parametrize("content", ["", "title: [", "title: !x T", "? [a]\n: b", "a: b: c"])
def test_a_file_that_is_no_mapping_is_told_with_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(content)
    with pytest.raises(JobError) as caught:
        read_job(path)
    assert all(one.help for one in caught.value.diagnostics)
