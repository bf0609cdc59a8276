"""Requests put to a policy as one table are decided as one by one: under the shipped rules, and under orders of every
kind, on every ground and on every day of their life."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from small_rules import item, policy, rule_set

from bench.agreement.contenders import POPULATION, Answer, answers, contender
from bench.random_cases import RandomCases
from bench.shipped import DAY, EXAMPLE_JURISDICTIONS, complete_facts, requests, shipped_policy
from engine import Decider, Policy

Requests = Sequence[dict[str, Any]]
SHIPPED = 300
ORDERED = 600
DAYS = (DAY, "2024-01-28", "2025-12-31", "2026-01-10", "2026-07-08", "2026-07-09", "2027-01-09", "2027-01-10")
WORDS = ("DE", "DE-BY", "FR", "GB", "US")
NAMES = ("Hynkel", "o-1", "x")


def alike(made: Policy, asked: Requests) -> list[Answer]:
    """What both come to."""
    one_by_one, together = (answers(contender(name, made), asked) for name in ("compiled", POPULATION))
    for request, single, one in zip(asked, one_by_one, together, strict=True):
        assert (one.failure, one.document) == ("", single.document), request
    return together


def test_under_the_shipped_rules() -> None:
    made = shipped_policy(EXAMPLE_JURISDICTIONS)
    decider, rng = Decider(made), Random(20261201)
    drawn = RandomCases(made.vocabulary, made.places.codes, complete_facts(decider))
    actions = made.vocabulary.enums["action"]
    asked = [{"as_of": DAY, **request} for request in requests().values()]
    asked += [
        {"action": rng.choice(actions), "as_of": rng.choice((DAY, DAY, *DAYS)), "facts": drawn.facts(rng)}
        for _ in range(SHIPPED)
    ]
    outcomes = Counter(answer.outcome for answer in alike(made, asked))
    assert set(outcomes) == {"allow", "restrict", "hold", "review", "deny"}


def order(id_: str, issued_on: str = "2026-01-10", **keys: Any) -> dict[str, Any]:
    target = {key: keys.pop(key) for key in ("jurisdiction", "person") if key in keys}
    listed = [
        {"id": f"c{n}", "condition": text, "message": f"M{n} of {id_}."}
        for n, text in enumerate(keys.pop("conditions", ()))
    ]
    kind = {"kind": "conditions", "conditions": listed} if listed else {"kind": "prohibition"}
    return {"id": id_, **kind, "target": target, "issued_on": issued_on, "finding": "F.", **keys}


def ordered() -> Policy:
    identified = "has(customer.identity.methods) && 'documentary' in customer.identity.methods"
    paid = "has(customer.payments) && customer.payments.all(p, has(p.kind) && p.kind == 'card')"
    counted = "!(has(customer.emails) && size(customer.emails) > 1)"
    orders = [
        order("de", jurisdiction="DE", conditions=[paid, identified]),
        order("by", jurisdiction="DE-BY", conditions=[counted]),
        order(
            "fr", "2025-06-01", jurisdiction="FR", extensions=[{"published_on": "2026-05-01", "until": "2027-01-09"}]
        ),
        order("gb", "2025-12-31", jurisdiction="GB", extensions=[{"published_on": "2026-07-08"}]),
        order("hynkel", person="Hynkel", conditions=[identified, counted]),
        order("o-1", "2026-07-09", person="o-1"),
    ]
    each: dict[str, Any] = {"for": {"m": "measures"}}
    rules = [
        item("prohibited", "m.kind == 'prohibition' && m.state in ['binding', 'extended', 'extension_open']", **each),
        item("unmet", "m.conditions == 'unmet' && m.state != 'lapsed'", at="customer.name", **each),
        item("met", "m.conditions == 'met'", effect="restrict", terms="program.unverified.terms", **each),
        item("unknown", "m.conditions == 'unknown'", effect="hold", needs=["customer.name"], **each),
        item("one", "measures.exists_one(m, m.ground == 'use' || m.state == 'lapsed')", effect="review"),
        item("persons", "measures.all(m, m.target == 'person')", effect="allow"),
        item("many", "size(measures) > 2", effect="review"),
        item(
            "known-by-id",
            "measures.exists(m, has(customer.beneficial_owners) && "
            "customer.beneficial_owners.exists(o, has(o.id) && o.id == m.id))",
            effect="review",
        ),
        item(
            "owner",
            "has(o.name) && measures.exists(m, m.ground == 'stake' && m.id == 'hynkel')",
            effect="hold",
            needs=["o.phones"],
            **{"for": {"o": "customer.beneficial_owners"}},
        ),
    ]
    return policy(rule_set(*rules), **{f"jurisdictions__measures__{one['id']}": one for one in orders})


def person(rng: Random) -> dict[str, Any]:
    said = {
        "id": rng.choice(NAMES),
        "name": rng.choice(NAMES),
        "located_in": rng.choice(WORDS),
        "address": rng.choice((None, {}, {"country": rng.choice(WORDS)})),
    }
    return {key: value for key, value in said.items() if rng.random() < 0.5}


def facts(rng: Random) -> dict[str, Any]:
    shares = (None, 5, 24.9, 25, 60)
    customer = person(rng) | {
        "organized_in": rng.choice((None, None, *WORDS)),
        "branch_of_organized_in": rng.choice((None, None, None, *WORDS)),
        "locations_of_use": rng.choices(WORDS, k=rng.choice((0, 0, 1, 3))),
        "trading_names": rng.choices(NAMES, k=rng.choice((0, 0, 0, 2))),
        "payments": rng.choices(({}, {"kind": "card"}, {"kind": "wallet"}), k=rng.choice((0, 1, 1, 2))),
        "identity": rng.choice(
            (None, {}, {"methods": []}, {"methods": ["documentary"]}, {"methods": ["non_documentary"]})
        ),
        "emails": rng.choices(("a@b.example",), k=rng.choice((0, 1, 2))),
        "beneficial_owners": [
            person(rng) | {"ownership_pct": rng.choice(shares)} for _ in range(rng.choice((0, 0, 1, 2)))
        ],
        "holders": [
            person(rng)
            | {"owner_of": rng.choice(("customer", "x")), "pct": rng.choice(shares)}
            | {"kind": rng.choice(("individual", "entity", None))}
            for _ in range(rng.choice((0, 0, 1, 2)))
        ],
    }
    reseller = {key: value for key, value in person(rng).items() if key != "address"}
    return {
        "customer": customer,
        "reseller": reseller,
        "account": {"involves": rng.sample(NAMES, rng.choice((0, 0, 1)))},
    }


def test_under_orders_of_every_kind() -> None:
    made, rng = ordered(), Random(307)
    asked = [{"action": "account.open", "as_of": rng.choice((DAY, *DAYS)), "facts": facts(rng)} for _ in range(ORDERED)]
    alike(made, asked)
    decider = Decider(made)
    met = Counter(
        (word, measure[word])
        for request in asked
        for measure in decider.derived(decider.case(request))["measures"]
        for word in ("ground", "state", "conditions", "id")
    )
    record = made.vocabulary.records["measure"].fields
    for word in ("ground", "state", "conditions"):
        for value in made.vocabulary.enums[record[word].type.name]:
            assert met[word, value] > 5, (word, value)
    assert all(met["id", one.id] > 5 for one in made.orders)
