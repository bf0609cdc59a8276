"""Who owns a customer through a graph of holders: shares, control, people, problems."""

from __future__ import annotations

import pytest
from graphs import graph, holder, owners, problems

from engine.ownership import AGGREGATE_RELATED, DIRECT_ONLY, LOOK_THROUGH, resolve

# What the graph comes to, in percent, of those who reach a quarter.
SHARES = {
    "exactly a quarter": (["a 25 customer"], {"a": 25}),
    "a hair less": (["a 24.999999999999996 customer"], {}),
    "by the customer's own id": (["a 25 Customer"], {"a": 25}),
    "half of a half": (["A 50 customer", "a 50 A", "b 50 A"], {"a": 25, "b": 25}),
    "half of a half, a hair less": (["A 50 customer", "a 49.99999999999999 A"], {}),
    "thirds of threes": (["A 75 customer", "a 33.333333333333336 A"], {"a": 25.000000000000004}),
    "more than half counts in full": (["A 40 customer", "a 50.1 A"], {"a": 40}),
    "half does not": (["A 40 customer", "a 50 A"], {}),
    "control over control": (["A 30 customer", "B 60 A", "a 51 B"], {"a": 30}),
    "control ends at half": (["A 40 customer", "B 50 A", "a 100 B"], {}),
    "jointly through two companies": (["A 30 customer", "B 30 A", "C 30 A", "a 60 B", "a 60 C"], {"a": 30}),
    "directly and through a company": (["A 30 customer", "B 30 A", "a 60 B", "a 25 A"], {"a": 30}),
    "the minority keeps its part": (["A 90 customer", "a 60 A", "b 40 A"], {"a": 90, "b": 36}),
    "several ways add up": (["a 15 customer", "A 40 customer", "a 25 A"], {"a": 25}),
    "the same company by two ways": (["A 20 customer", "B 20 customer", "C 50 A", "C 50 B", "a 100 C"], {}),
    "the top-up of a company goes on": (["A 40 customer", "B 51 A", "a 50 B", "b 50 B"], {}),
    "control of the customer adds nothing": (["a 60 customer", "b 24 customer"], {"a": 60}),
    "two thirds of the digits": (
        ["a 12.5 customer", "A 12.500000000000001 customer", "a 100 A"],
        {"a": 25.000000000000004},
    ),
    "nothing is nothing": (["A 0 customer", "a 100 A"], {}),
    "the smallest double": (["a 25 customer", "A 5e-324 customer", "b 100 A"], {"a": 25}),
}


@pytest.mark.parametrize("name", SHARES)
def test_shares(name: str) -> None:
    texts, expected = SHARES[name]
    found = {owner["id"]: owner["resolved_pct"] for owner in owners(graph(*texts))}
    assert found == pytest.approx(expected, rel=1e-15)


def test_only_direct_shares_count_where_q01_is_read_so() -> None:
    holders = graph("A 50 customer", "a 100 A", "b 25 customer")
    assert [owner["id"] for owner in owners(holders, reading=DIRECT_ONLY)] == ["b"]
    assert problems(holders, DIRECT_ONLY) == []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("individual", ["x"]), (None, ["x"]), ("entity", [])],
)
def test_an_entity_is_no_owner_and_a_holder_of_unknown_kind_is(kind: str | None, expected: list[str]) -> None:
    found = owners([{"id": "x", "kind": kind, "owner_of": "customer", "pct": 30}])
    assert [owner["id"] for owner in found] == expected


def test_a_holder_without_an_id_or_a_thing_holds_the_customer() -> None:
    (owner,) = owners([{"pct": 25}])
    assert (dict(owner), owner.at) == (
        {"listed": False, "reaches_quarter": True, "resolved_pct": 25.0},
        "/customer/holders/0",
    )


# -- people

SAME = {
    "by the id": ({"id": "a", "name": "Ann"}, {"id": "a", "name": "Anna"}, True),
    "by the name, when one has no id": ({"name": "Ann"}, {"id": "a", "name": "Ann"}, True),
    "by the name, when the other has none": ({"id": "a", "name": "Ann"}, {"name": "Ann"}, True),
    "by the name, when neither has one": ({"name": "Ann"}, {"name": "Ann"}, True),
    "not by the name, when the ids differ": ({"id": "a", "name": "Ann"}, {"id": "b", "name": "Ann"}, False),
    "not by a name that is not there": ({"name": None}, {"name": None}, False),
}


@pytest.mark.parametrize("name", SAME)
def test_a_listed_owner_and_a_holder_are_one_person(name: str) -> None:
    listed, held, is_same = SAME[name]
    found = owners([{**held, "pct": 30, "phones": ["1"]}], [{**listed, "ownership_pct": 3}])
    assert len(found) == (1 if is_same else 2)
    first = found[0]
    assert first.at == "/customer/beneficial_owners/0"
    assert first["listed"]
    assert first["reaches_quarter"] == is_same
    assert first.get("phones") == (["1"] if is_same else None)
    if not is_same:
        assert (found[1].at, found[1]["listed"], found[1]["reaches_quarter"]) == ("/customer/holders/0", False, True)


@pytest.mark.parametrize("name", SAME)
def test_two_holders_are_one_person(name: str) -> None:
    one, other, is_same = SAME[name]
    found = owners([{**one, "pct": 15}, {**other, "pct": 60, "owner_of": "A"}, holder("A 20 customer")])
    # 15 percent, and control of another 20.
    assert [owner["resolved_pct"] for owner in found] == ([35.0] if is_same else [])


def test_the_list_is_believed_before_the_holder_and_its_gaps_are_filled() -> None:
    listed = {"id": "a", "name": "Ann", "phones": [], "emails": ["a@b.example"], "address": {"city": None}}
    held = [
        {"id": "a", "pct": 1, "name": "Anna", "phones": ["1"], "kind": "individual"},
        {"id": "a", "owner_of": "A", "pct": 1, "phones": ["2"], "emails": ["c@d.example"], "address": {"city": "Ulm"}},
        holder("A 10 customer"),
    ]
    (owner,) = owners(held, [listed])
    assert dict(owner) == {
        "id": "a",
        "name": "Ann",
        "phones": ["1"],
        "emails": ["a@b.example"],
        "address": {"city": "Ulm"},
        "listed": True,
        "reaches_quarter": False,
        "resolved_pct": 1.1,
    }


@pytest.mark.parametrize(("pct", "reaches"), [(25, True), (25.0, True), (24.999999999999996, False), (None, False)])
@pytest.mark.parametrize("holders", [[], graph("b 30 customer")], ids=["no graph", "a graph of somebody else"])
def test_the_share_listed(pct: float | None, reaches: bool, holders: list) -> None:
    listed = owners(holders, [{"id": "a", "ownership_pct": pct}])[0]
    assert listed["reaches_quarter"] == reaches
    assert "resolved_pct" not in listed


@pytest.mark.parametrize(("listed", "held", "reaches"), [(30, 1, True), (1, 30, True), (13, 13, False)])
def test_the_larger_of_the_two_shares_counts_and_they_do_not_add_up(listed: int, held: int, reaches: bool) -> None:
    (owner,) = owners(graph(f"a {held} customer"), [{"id": "a", "ownership_pct": listed}])
    assert owner["reaches_quarter"] == reaches


@pytest.mark.parametrize("key", [{"control_by": ["senior_officer"]}, {"substantial_control": True}])
def test_a_holder_who_controls_the_customer_is_there_at_any_share(key: dict) -> None:
    (owner,) = owners([holder("a 1 customer", **key)])
    assert (owner["listed"], owner["reaches_quarter"]) == (False, False)
    assert not owners([holder("a 1 customer", control_by=[], substantial_control=False)])


def test_owners_come_in_the_order_in_which_they_stand() -> None:
    holders = graph("c 30 customer", "A 30 customer", "a 30 customer", "b 100 A")
    found = owners(holders, [{"id": "x"}, {"id": "a"}])
    assert [owner["id"] for owner in found] == ["x", "a", "c", "b"]


# -- relatives

RELATED = {
    "nobody said so": ([("a", 13, []), ("b", 13, [])], []),
    "one said so": ([("a", 13, ["b"]), ("b", 13, [])], ["a", "b"]),
    "the other did": ([("a", 13, []), ("b", 13, ["a"])], ["a", "b"]),
    "too little": ([("a", 12, ["b"]), ("b", 12.9, [])], []),
    "through a third": ([("a", 10, ["b"]), ("b", 5, ["c"]), ("c", 10, [])], ["a", "b", "c"]),
    "exactly a quarter": ([("a", 12.4, ["b"]), ("b", 12.6, [])], ["a", "b"]),
    "somebody unknown": ([("a", 13, ["x"]), ("b", 13, ["x"])], []),
}


@pytest.mark.parametrize("name", RELATED)
@pytest.mark.parametrize("where", ["listed", "held", "half"])
def test_relatives_count_together_in_that_reading(name: str, where: str) -> None:
    people, expected = RELATED[name]
    listed, held = [], []
    for n, (own_id, pct, related) in enumerate(people):
        if where == "listed" or (where == "half" and n == 0):
            listed.append({"id": own_id, "ownership_pct": pct, "related_to": related})
        else:
            held.append(holder(f"{own_id} {pct} customer", related_to=related))
    found = owners(held, listed, AGGREGATE_RELATED)
    assert [owner["id"] for owner in found if owner["reaches_quarter"]] == expected
    assert not any(owner["reaches_quarter"] for owner in owners(held, listed, LOOK_THROUGH))


def test_relatives_control_together() -> None:
    holders = [holder("A 30 customer"), holder("a 30 A", related_to=["b"]), holder("b 30 A")]
    assert [owner["id"] for owner in owners(holders, reading=AGGREGATE_RELATED)] == ["a", "b"]
    assert owners(holders) == []


# -- problems

INCOMPLETE = {
    "all of it": (["a 100 customer"], LOOK_THROUGH, False),
    "a quarter left": (["a 75 customer"], LOOK_THROUGH, True),
    "a hair less left": (["a 75 customer", "b 2e-14 customer"], LOOK_THROUGH, False),
    "a quarter left of the direct shares": (["A 75 customer"], DIRECT_ONLY, True),
    "a share to be asked for first": (["a 5 customer", "b ? customer"], LOOK_THROUGH, False),
}


@pytest.mark.parametrize("name", INCOMPLETE)
@pytest.mark.parametrize("is_listed", [False, True])
def test_what_is_left_of_the_customer(name: str, is_listed: bool) -> None:
    texts, reading, expected = INCOMPLETE[name]
    customer = {"holders": graph(*texts), "beneficial_owners": [{"id": "a"}] if is_listed else []}
    found = [
        problem.at for problem in resolve(customer, reading)["ownership_problems"] if problem["problem"] == "incomplete"
    ]
    assert found == (["/customer/holders"] if expected and not is_listed else [])


PROBLEMS = {
    "all is well": (["A 40 customer", "a 100 A", "b 60 customer"], []),
    "nobody behind a company": (["A 25 customer"], [("opaque", 0)]),
    "a company too small to hide anybody": (["A 24.9 customer"], []),
    "half of a company unknown, which may control nothing": (["A 49 customer", "a 50 A"], []),
    "half of a half": (["A 50 customer", "a 50 A"], [("part_unknown", 0)]),
    "more than half, which may control": (["A 25 customer", "a 49.9 A"], [("part_unknown", 0)]),
    "a company behind a company": (["A 40 customer", "B 100 A"], [("opaque", 1)]),
    "an owner who has the rest": (["A 40 customer", "a 60 A"], []),
    "circle": (["A 10 customer", "B 10 A", "A 10 B"], [("cycle", 1)]),
    "circle of one": (["A 10 customer", "A 10 A"], [("cycle", 1)]),
    "circle through the customer": (["A 10 customer", "Customer 10 A"], [("cycle", 0)]),
    "two circles": (["A 1 customer", "A 1 A", "B 1 customer", "B 1 B"], [("cycle", 1), ("cycle", 3)]),
    "a circle that has nothing to do with the customer": (["A 10 B", "B 10 A"], [("cycle", 0)]),
    "more than the whole": (["a 60 customer", "b 40.1 customer", "c 1 customer"], [("over_100", 1)]),
    "a tenth ten times": ([f"p{n} 10 customer" for n in range(10)], []),
    "a hair more than the whole": (["a 99.99999999999999 customer", "b 2e-14 customer"], [("over_100", 1)]),
    "an unknown share": (["a ? customer", "b 30 customer"], [("unknown_share", 0)]),
    "an unknown share of a company": (["A ? customer"], [("unknown_share", 0)]),
    "an unknown share in a company, which is asked for first": (["A 40 customer", "a ? A"], [("unknown_share", 1)]),
    "an unknown share of somebody who is an owner anyway": (["a 30 customer", "A 1 customer", "a ? A"], []),
    "of something unknown": (["a 30 B"], [("dangling", 0)]),
    "twice": (["a 10 customer", "b 10 customer", "a 10 customer"], [("repeated", 2)]),
    "an individual is held": (["a 10 customer", "A 60 a"], [("held_individual", 1)]),
    "several of one holder": (["A 30 customer", "A ? B"], [("dangling", 1), ("opaque", 0)]),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems(name: str) -> None:
    texts, expected = PROBLEMS[name]
    assert problems(graph(*texts)) == sorted(expected, key=lambda found: (found[1], found[0]))


def test_what_is_repeated_adds_up() -> None:
    assert [owner["id"] for owner in owners(graph("a 12.5 customer", "a 12.5 customer"))] == ["a"]


def test_a_problem_is_the_record_of_its_holder() -> None:
    record = holder("a ? customer", name="Ann")
    (problem,) = resolve({"holders": [record]}, LOOK_THROUGH)["ownership_problems"]
    assert (dict(problem), problem.at) == (record | {"problem": "unknown_share"}, "/customer/holders/0")


def test_the_first_record_of_a_holder_is_believed_whether_or_not_it_has_the_id() -> None:
    nameless = {"kind": "individual", "name": "Ann", "owner_of": "customer", "pct": 20, "located_in": "FR"}
    (owner,) = owners([nameless, holder("a 20 customer", name="Ann", located_in="DE")])
    assert (owner.at, owner["id"], owner["located_in"]) == ("/customer/holders/0", "a", "FR")
