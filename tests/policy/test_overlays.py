"""What overlays may do, what comes of it, and that whatever loosens is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from overlays import over_shipped, over_small, refused, written
from small_rules import HEAD, fired, item, rule_set

from bench.shipped import JURISDICTIONS, ROOT, RULES
from engine import Decider, PolicyError, load, load_files
from engine.policy.files import in_layers, layer_of, path_in_rules
from engine.policy.shapes import schema
from engine.vocabulary import read_vocabulary

BASE = rule_set(
    item("note", effect="allow", message="Noted."),
    item("asked", "!has(customer.name)", effect="hold", needs=["customer.name"], message="Who?"),
    item("judged", "has(customer.phones)", effect="review", message="Somebody looks."),
)
BOUNDED = {**BASE, "effective": {"from": "2024-01-29", "until": "2030-12-31"}}
OWN = {**rule_set(item("own", "!has(customer.emails)", message="No email.")), "name": "own"}
PERSONS = "name: definitions.persons\nvariables: [{name: passes_us_gate, expression: 'true'}]\n"
GATE = (RULES / "cip" / "gate.yaml").read_text("utf-8")
TRAINING = (
    "name: mine\nsource: FR-2024-01580\nsection: '7.308'\neffective: {from: 2024-01-29}\n"
    "actions: [account.open]\nrule: {match: [{id: a, effect: allow, message: Fine.}]}\n"
)

LOOSENING = {
    "failed verification goes to a person": ("program.yaml", "unverified: {failed: review}", "R602"),
    "failed verification is passed over in silence": ("program.yaml", "unverified: {failed: unstated}", "R602"),
    "a term of restricted use is dropped": (
        "program.yaml",
        "unverified: {terms: [Monitor the account more closely than a verified one.]}",
        "R602",
    ),
    "a longer interval": ("program.yaml", "review: {interval_days: 366}", "R602"),
    "a deny becomes a review": ("tighten.yaml", "cip.verification/failed: review", "R603"),
    "a deny becomes a note": ("tighten.yaml", "cip.verification/removed-before: {effect: allow}", "R603"),
    "a hold becomes a restriction": ("tighten.yaml", "cip.collection/email: restrict", "R603"),
    "a review becomes a hold": ("tighten.yaml", "cip.owners/reason-recorded: hold", "R603"),
    "a note becomes a hold for nothing": ("tighten.yaml", "cip.gate/us-persons: hold", "R604"),
    "a restriction becomes a hold for nothing": ("tighten.yaml", "cip.verification/pending-restricted: hold", "R604"),
    "a rule that is not there": ("tighten.yaml", "cip.gate/nobody: deny", "R208"),
    "a rule set of the base": ("gate.yaml", GATE, "R601"),
    "a rule set of the base at its own path": ("cip/gate.yaml", GATE, "R601"),
    "definitions of the base": ("definitions/persons.yaml", PERSONS, "R601"),
    "the law is said to be in force": ("sources.yaml", "FR-2024-01580: {title: A, status: in_force}", "R601"),
    "another reading": ("interpretations.yaml", (RULES / "interpretations.yaml").read_text("utf-8"), "R601"),
    "a law where there is none yet": ("early.yaml", TRAINING.replace("2024-01-29", "2024-01-28"), "R605"),
    "an unknown value of the program": ("program.yaml", "unverified: {succeeded: allow}", "R402"),
    "a word that the program does not know": ("program.yaml", "unverified: {pending: allow}", "R402"),
    "an effect that does not exist": ("tighten.yaml", "cip.gate/us-persons: forbid", "R606"),
}


@pytest.mark.parametrize("attempt", LOOSENING)
def test_loosening_the_shipped_rules_is_refused(attempt: str, tmp_path: Path) -> None:
    file, text, code = LOOSENING[attempt]
    with pytest.raises(PolicyError) as caught:
        over_shipped(tmp_path / "overlay", {file: text})
    codes = {diagnostic.code for diagnostic in caught.value.diagnostics}
    assert codes == {code}
    for diagnostic in caught.value.diagnostics:
        # Where it stands on this disk, what is wrong, and what to do.
        assert Path(diagnostic.span.file) == tmp_path / "overlay" / file
        assert diagnostic.help
    assert "^" in str(caught.value)


def test_an_action_of_which_the_base_says_nothing_stays_with_a_person() -> None:
    training = {**OWN, "actions": ["training.start"]}
    (said,) = refused(BASE, {"training.yaml": training})
    assert (said.code, "`training.start`" in said.message) == ("R605", True)


def test_where_no_rule_speaks_the_law_is_cited_and_not_the_overlay() -> None:
    made = over_small(BASE, {"sources.yaml": {"A-PROGRAM": {"title": "Ours", "status": "internal_policy"}}})
    decision = Decider(made).decide({"action": "training.start", "as_of": "2026-11-22", "facts": {}})
    (finding,) = decision.document["findings"]
    assert (finding["rule"], finding["section"]) == ("ostiary.law/not-in-force", "SRC")


@pytest.mark.parametrize(
    ("since", "until", "is_covered"),
    [
        ("2024-01-29", "2030-12-31", True),
        ("2025-01-01", "2025-01-01", True),
        ("2024-01-28", "2030-12-31", False),
        ("2024-01-29", "2031-01-01", False),
        ("2024-01-29", None, False),
        ("2031-01-01", None, False),
    ],
)
def test_days_of_which_the_base_says_nothing_stay_with_a_person(since: str, until: str | None, *, is_covered: bool):
    effective = {"from": since} | ({"until": until} if until else {})
    said = refused(BOUNDED, {"own.yaml": {**OWN, "effective": effective}})
    assert [diagnostic.code for diagnostic in said] == ([] if is_covered else ["R605"])


@pytest.mark.parametrize(("since", "codes"), [("2031-01-01", []), ("2031-01-02", ["R605"]), ("2030-06-01", [])])
def test_versions_of_the_law_that_follow_each_other_leave_no_gap(since: str, codes: list[str]) -> None:
    rule = {"aggregate": [{**one, "message": "Later."} for one in BASE["rule"]["aggregate"][:1]]}
    later = {**BASE, "name": "later", "effective": {"from": since}, "rule": rule}
    assert [said.code for said in refused(BOUNDED, {"own.yaml": OWN}, base={"later.yaml": later})] == codes


TIGHTENING = {
    "nothing": ({}, "allow"),
    "a note that denies": ({"tighten.yaml": {"small/note": "deny"}}, "deny"),
    "a note that goes to a person": (
        {"tighten.yaml": {"small/note": {"effect": "review", "message": "Wait."}}},
        "review",
    ),
    "a note with a restriction": ({"tighten.yaml": {"small/note": "restrict"}}, "restrict"),
    "an effect said again": ({"tighten.yaml": {"small/note": "allow"}}, "allow"),
    "a rule set added": ({"own.yaml": OWN}, "deny"),
}


@pytest.mark.parametrize("how", TIGHTENING)
def test_what_is_tightened_decides(how: str) -> None:
    overlay, outcome = TIGHTENING[how]
    request = {"action": "account.open", "as_of": "2026-11-22", "facts": {"customer": {"name": "Ada"}}}
    assert Decider(over_small(BASE, overlay)).decide(request).outcome == outcome


def test_a_tightened_rule_keeps_everything_but_its_effect_and_says_what_it_is_told_to_say() -> None:
    (before, *_) = over_small(BASE).program[0].rules
    overlay = {"tighten.yaml": {"small/note": {"effect": "deny", "message": "Not\n here."}}}
    (after, *_) = over_small(BASE, overlay).program[0].rules
    assert (after.effect, after.message) == ("deny", "Not here.")
    assert (after.id, after.section, after.span, after.at) == (before.id, before.section, before.span, before.at)


def test_the_second_overlay_lies_over_the_first() -> None:
    first = {"program.yaml": {"unverified": {"pending": "hold"}}, "tighten.yaml": {"small/note": "review"}}
    milder = {"program.yaml": {"unverified": {"pending": "restrict"}}, "tighten.yaml": {"small/note": "restrict"}}
    assert {said.code for said in refused(BASE, first, milder)} == {"R602", "R603"}
    assert refused(BASE, milder, first) == ()
    own = {"own.yaml": OWN}
    assert [said.code for said in refused(BASE, own, own)] == ["R601"]
    assert [said.code for said in refused(BASE, own, {"tighten.yaml": {"own/own": "review"}})] == ["R603"]
    assert refused(BASE, own, {"tighten.yaml": {"own/own": "deny"}}) == ()


def test_an_overlay_does_not_tighten_its_own_rules() -> None:
    assert [said.code for said in refused(BASE, {"own.yaml": OWN, "tighten.yaml": {"own/own": "deny"}})] == ["R208"]


def test_findings_come_base_first_and_in_the_order_of_overlays() -> None:
    overlays = [{"own.yaml": {**OWN, "name": f"own{n}", "rule": {"match": [item(f"of{n}")]}}} for n in range(1, 12)]
    found = fired(over_small(BASE, *overlays), {"customer": {"name": "Ada"}})
    assert [one.partition("@")[0] for one in found] == ["note", *(f"of{n}" for n in range(1, 12))]


@pytest.mark.parametrize(
    ("name", "layer", "path"),
    [
        ("rules/cip/gate.yaml", 0, "cip/gate.yaml"),
        ("overlays/1/program.yaml", 1, "program.yaml"),
        ("overlays/12/overlays/1/x.yaml", 12, "overlays/1/x.yaml"),
    ],
)
def test_a_name_tells_the_layer_and_the_path_in_it(name: str, layer: int, path: str) -> None:
    assert (layer_of(name), path_in_rules(name)) == (layer, path)


def test_only_rules_are_in_layers() -> None:
    assert [layer_of(name) for name in ("jurisdictions/places.yaml", "overlays/x.yaml", "overlays/0/x.yaml")] == [
        None
    ] * 3
    names = ["overlays/10/a.yaml", "overlays/2/b.yaml", "rules/c.yaml"]
    assert in_layers(names) == ["rules/c.yaml", "overlays/2/b.yaml", "overlays/10/a.yaml"]


def test_the_digest_names_what_the_overlay_changes_and_nothing_else(tmp_path: Path) -> None:
    shipped = load(RULES, JURISDICTIONS)
    overlay = {"program.yaml": "review: {interval_days: 90}\n"}
    here, there = over_shipped(tmp_path / "here", overlay), over_shipped(tmp_path / "there", overlay)
    commented = over_shipped(tmp_path / "commented", {"program.yaml": "# Strict.\nreview:\n  interval_days: 90\n"})
    shorter = over_shipped(tmp_path / "shorter", {"program.yaml": "review: {interval_days: 89}\n"})
    tested = over_shipped(tmp_path / "tested", {"a_test.yaml": "tests: []\n", "cases.yaml": "cases: {}\n"})
    assert here.digest == there.digest == commented.digest
    assert len({shipped.digest, here.digest, shorter.digest}) == 3
    assert tested.digest == shipped.digest
    assert load_files(here.files).digest == here.digest
    assert here.files["overlays/1/program.yaml"] == overlay["program.yaml"]
    assert load([RULES], JURISDICTIONS).digest == shipped.digest


def test_one_directory_may_be_given_alone_and_a_missing_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no such directory") as caught:
        load([RULES, tmp_path / "nowhere"], JURISDICTIONS)
    assert caught.value.diagnostics[0].span.file == str(tmp_path / "nowhere")
    with pytest.raises(PolicyError, match="--rules BASE --rules OVERLAY"):
        load(written(tmp_path, {"own.yaml": OWN}), JURISDICTIONS)


# -- the form of the program


def _forms(part: dict) -> list[dict]:
    inner = [*part.get("properties", {}).values(), *part.get("$defs", {}).values()]
    return [part] if "stricter" in part else [form for one in inner for form in _forms(one)]


def _leaves(part: dict) -> list[dict]:
    if "$ref" in part:
        return []
    inner = [*part.get("properties", {}).values(), *part.get("$defs", {}).values()]
    return [leaf for one in inner for leaf in _leaves(one)] if inner else [part]


def test_every_value_of_the_program_says_which_way_is_stricter() -> None:
    leaves = _leaves(schema("program"))
    assert len(leaves) >= 10
    assert [leaf for leaf in leaves if "stricter" not in leaf] == []


def test_every_value_of_the_program_is_documented() -> None:
    page = (ROOT / "docs" / "overlays.md").read_text("utf-8")
    documented = {
        part for cell in re.findall(r"^\| (.*?) \|", page, re.MULTILINE) for part in re.split(r"[^a-z_]+", cell)
    }
    form = schema("program")
    groups = {name: part["properties"] for name, part in form["properties"].items()}
    del groups["extra"]
    words = {*groups, *(name for inner in groups.values() for name in inner)}
    words |= {name for part in form["$defs"].values() for name in part["properties"]}
    assert words - documented == set()


def test_words_of_the_program_are_those_of_the_vocabulary() -> None:
    enums = read_vocabulary().enums
    marks = schema("program")["$defs"]["marks"]["properties"]
    asked = schema("program")["$defs"]["asked"]["properties"]
    methods = schema("program")["properties"]["verification"]["properties"]["methods"]
    words = {
        "product_kind": [marks["services"], asked["products"]],
        "opening_method": [marks["openings"]],
        "customer_kind": [marks["customers"]],
        "identity_method": [methods],
    }
    for enum, forms in words.items():
        assert [tuple(form["items"]["enum"]) for form in forms] == [enums[enum]] * len(forms)


# -- lists of the program


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("has(customer.located_in) && customer.located_in.within(program.risk.high.places)", True),
        ("has(customer.located_in) && customer.located_in.within(program.risk.elevated.places)", False),
        ("has(customer.located_in) && customer.located_in in program.risk.high.places", False),
        ("has(customer.located_in) && customer.located_in in program.risk.elevated.places", False),
        ("has(customer.located_in) && !(customer.located_in in program.risk.elevated.places)", True),
        ("'FR' in program.risk.high.places", True),
        ("'FR' in program.risk.elevated.places", False),
        ("size(program.risk.elevated.places) == 0 && size(program.risk.high.places) == 2", True),
    ],
)
def test_lists_of_the_program_may_be_empty(condition: str, *, holds: bool) -> None:
    made = over_small(rule_set(item(condition=condition)))
    facts = {"customer": {"located_in": "DE-BY"}}
    assert bool(fired(made, facts)) is holds


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("has(customer.name) && customer.name.within(program.risk.high.places)", "R304"),
        ("has(customer.located_in) && customer.located_in.within(program.unverified.pending)", "R309"),
        ("has(customer.located_in) && customer.located_in.within(customer.locations_of_use)", "R305"),
        ("program.risk.high.places.within('US')", "R304"),
    ],
)
def test_within_takes_places_and_lists_of_them(condition: str, code: str) -> None:
    assert code in {said.code for said in refused({**rule_set(item(condition=condition)), "source": HEAD["source"]})}


def test_ten_overlays_tighten_in_turn_and_the_tenth_comes_last() -> None:
    """By their numbers, not by the letters of these: `10` lies over `9`, and over `1`."""
    terms = [f"{n}" for n in range(1, 11)]
    programs = [
        {"program.yaml": {"unverified": {"terms": ["no training runs", "one instance", *terms[:n]]}}}
        for n in range(1, 11)
    ]
    assert over_small(BASE, *programs).world.constants["program.unverified.terms"].items[-1].value == "10"
    (said,) = refused(BASE, *programs[:8], programs[9], programs[8])
    assert (said.code, said.span.file) == ("R602", "overlays/10/program.yaml")
