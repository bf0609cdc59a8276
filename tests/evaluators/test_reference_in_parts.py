"""What the official runtime does not take as a whole, the reference evaluator takes apart: it comes to the same."""

from __future__ import annotations

import json

import pytest
from decided_alike import decided_alike, holds_alike
from small_rules import DAY, PROGRAM, definitions, item, policy, rule_set, variables

CHOICES = (
    "has(customer.kind) == _ ? !has(customer.id) : has(customer.name)",
    "has(customer.kind) ? !_ : has(customer.id)",
    "has(customer.id) ? has(customer.kind) : _",
    "!(has(customer.kind) && (has(customer.id) || _))",
    "owners.exists(w, !w.listed || _) != true",
)


@pytest.mark.parametrize("asked", [*((choice,) for choice in CHOICES), CHOICES])
def test_what_is_too_deep_for_the_runtime_comes_out_alike(asked: tuple[str, ...]) -> None:
    # Each asks the one before, so written out they come up to the limit of the runtime one by one, and go beyond.
    texts = {"v0": "has(customer.name)"}
    for n in range(1, 33):
        texts[f"v{n}"] = asked[n % len(asked)].replace("_", f"variables.v{n - 1}")
    items = [item(f"i{n}", f"variables.{name}") for n, name in enumerate(texts)]
    made = policy(rule_set(*items, variables=variables(**texts)))
    for customer in ({}, {"kind": "entity", "beneficial_owners": [{}]}, {"id": "c"}, {"kind": "entity", "name": "x"}):
        decided_alike(made, {"action": "account.open", "as_of": DAY, "facts": {"customer": customer}})


def test_what_is_too_deep_in_a_loop_comes_out_alike() -> None:
    functions = [("f0", "o: beneficial_owner", "has(o.name) && o.name == 'Ada'")] + [
        (f"f{n}", "o: beneficial_owner", f"has(o.ownership_pct) == d.f{n - 1}(o) ? has(o.id) : has(o.name)")
        for n in range(1, 25)
    ]
    shared = definitions(functions=tuple(functions))
    last = functions[-1][0]
    every = item("every", f"has(customer.beneficial_owners) && customer.beneficial_owners.exists_one(o, d.{last}(o))")
    each = item("each", f"d.{last}(o)", **{"for": {"o": "customer.beneficial_owners"}})
    made = policy(rule_set(every, each, uses=["definitions.d"]), definitions__d=shared)
    for owners in (
        [],
        [{"name": "Ada"}],
        [{"name": "Ada"}, {"id": "x"}, {"ownership_pct": 30, "id": "y", "name": "Bo"}],
    ):
        facts = {"customer": {"beneficial_owners": owners}}
        decided_alike(made, {"action": "account.open", "as_of": DAY, "facts": facts})


@pytest.mark.parametrize("name", ["w29x39", "w30x0", "none", "\0" + "y" * 8000])
def test_what_is_too_long_for_the_runtime_comes_out_alike(name: str) -> None:
    words = [[f"w{n}x{m}" + "y" * 70 * (m < 39) for m in range(40)] for n in range(30)]
    texts = {
        f"v{n}": "has(customer.name) && (" + " || ".join(f"customer.name == '{word}'" for word in listed) + ")"
        for n, listed in enumerate(words)
    }
    condition = " || ".join(f"variables.{variable}" for variable in texts)
    facts = {"customer": {"name": name}}
    assert holds_alike(condition, facts, variables=variables(**texts)) == (name == "w29x39")


@pytest.mark.parametrize("name", ["term 1999", "term 2000", "z" * 8000])
def test_a_list_of_the_program_that_is_too_long_for_the_runtime_comes_out_alike(name: str) -> None:
    terms = [f"term {n}" for n in range(2000)] + ["y" * 100_000, "z" * 8000]
    program = PROGRAM.replace("terms: [no training runs, one instance]", f"terms: {json.dumps(terms)}")
    assert program != PROGRAM
    condition = "has(customer.name) && customer.name in program.unverified.terms"
    assert holds_alike(condition, {"customer": {"name": name}}, program=program) == (name != "term 2000")


@pytest.mark.parametrize("length", [9_999, 10_000])
def test_long_lists_come_out_alike(length: int) -> None:
    facts = {"customer": {"phones": [str(n) for n in range(length)]}}
    assert holds_alike(f"has(customer.phones) && customer.phones.exists(p, p == '{length - 1}')", facts)
    assert not holds_alike(f"has(customer.phones) && customer.phones.all(p, p != '{length - 1}')", facts)


def test_a_long_list_of_an_element_comes_out_alike_in_another_loop() -> None:
    """Three loops that are all taken apart: the innermost runs over what the outermost stands at."""
    facts = {"customer": {"phones": ["9999"], "holders": [{"related_to": [str(n) for n in range(10_000)]}]}}
    loop = "customer.phones.exists(p, h.related_to.exists(r, r == p))"
    condition = f"customer.holders.exists(h, has(h.related_to) && {loop})"
    assert holds_alike(f"has(customer.holders) && has(customer.phones) && {condition}", facts)


def test_loops_of_many_rounds_come_out_alike() -> None:
    facts = {"customer": {"phones": [str(n) for n in range(120)], "emails": [f"{n}@x" for n in range(120)]}}
    loop = "customer.phones.exists_one(p, customer.emails.exists(e, e.startsWith(p) && size(p) == 3 && e == '119@x'))"
    assert holds_alike(f"has(customer.phones) && has(customer.emails) && {loop} == true", facts)
