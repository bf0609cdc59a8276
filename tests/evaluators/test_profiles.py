"""What could go wrong in a profile unnoticed: tests that share an integer, lists, loops in loops, sizes of texts."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from small_rules import DAY, item, policy, rule_set

from bench.agreement.contenders import POPULATION, answers, contender
from engine import Policy
from engine.accounts.layout import Layout
from engine.evaluators.columnar.asking import Asking
from engine.evaluators.columnar.packing import BITS
from engine.evaluators.columnar.profile import Questions
from engine.simulation.asked import law_on

OWNERS = {"for": {"o": "customer.beneficial_owners"}}
EDGES = (BITS - 1, BITS, BITS + 1, BITS + 2, 2 * BITS + 1)


def found_alike(made: Policy, facts: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The findings on each of the facts, as both the compiled evaluator and a table have them."""
    asked = [{"action": "account.open", "as_of": DAY, "facts": one} for one in facts]
    one_by_one, together = (answers(contender(name, made), asked) for name in ("compiled", POPULATION))
    assert [(one.failure, one.document) for one in together] == [("", one.document) for one in one_by_one]
    return [one.findings for one in together]


def questions_of(made: Policy) -> Questions:
    """With those that tell which elements a finding is about."""
    return Asking([law_on(made, DAY)], Layout(made.vocabulary), of_elements=True).questions


@pytest.mark.parametrize("tests", EDGES)
def test_each_test_of_a_case_has_a_bit_of_its_own(tests: int) -> None:
    """As many as fill an integer, one less, and more: the action and the presence of the name are two of them."""
    words = [f"n{n}" for n in range(tests - 2)]
    made = policy(
        rule_set(*(item(word, f"has(customer.name) && customer.name == '{word}'") for word in words)),
    )
    assert len(questions_of(made).tests) == tests
    found = found_alike(made, [{}, *({"customer": {"name": word}} for word in (*words, "x"))])
    assert found == [(), *((f"small/{word}@/customer/name",) for word in words), ()]


@pytest.mark.parametrize("tests", EDGES)
def test_each_test_of_an_element_has_a_bit_of_its_own(tests: int) -> None:
    words = [f"n{n}" for n in range(tests - 1)]
    made = policy(rule_set(*(item(word, f"has(o.name) && o.name == '{word}'", **OWNERS) for word in words)))
    (of_element,) = questions_of(made).lists.values()
    assert len(of_element) == tests
    lists = [None, [], [{}], [{}, {"name": "n0"}], *([{}, {"name": word}, {"name": "x"}] for word in words)]
    lists.append([{"name": word} for word in reversed(words)])
    found = found_alike(made, [{"customer": {"beneficial_owners": one}} for one in lists])
    at = "@/customer/beneficial_owners"
    last = len(words) - 1
    assert found[:4] == [(), (), (), (f"small/n0{at}/1",)]
    assert found[4:-1] == [(f"small/{word}{at}/1",) for word in words]
    assert found[-1] == tuple(f"small/{word}{at}/{last - n}" for n, word in enumerate(words))


LISTS = "has(customer.beneficial_owners) && has(customer.holders) && "
LOOPS = {
    "same-list": "OWNERS.exists(o, OWNERS.exists(p, has(o.id) && has(p.name) && o.id == p.name))",
    "each-in-it": "OWNERS.all(o, OWNERS.exists_one(p, has(o.id) && has(p.id) && o.id == p.id))",
    "once": "OWNERS.exists_one(o, has(o.name) && o.name == 'a')",
    "once-once": "OWNERS.exists_one(o, has(o.id) && HOLDERS.exists_one(h, has(h.owner_of) && h.owner_of == o.id))",
    "beside": "OWNERS.all(o, has(o.id) || HOLDERS.exists(h, has(h.id) && h.id == 'a'))",
    "in-list": "HOLDERS.exists(h, has(h.located_in) && OWNERS.exists(o, has(o.locations_of_use) && "
    "h.located_in in o.locations_of_use))",
    "inner-list": "OWNERS.exists(o, has(o.payments) && o.payments.all(p, has(p.kind) && p.kind == 'card'))",
    "inner-beside": "OWNERS.exists(o, has(o.payments) && size(o.payments) > 1 && HOLDERS.exists(h, has(h.id)))",
    "all-of-none": "HOLDERS.all(h, has(h.payments) && h.payments.exists_one(p, !has(p.kind)))",
}


def test_loops_in_loops() -> None:
    made = policy(rule_set(*(item(name, LISTS + written_out(text)) for name, text in LOOPS.items())))
    rng = Random(62)

    def person(**others: Any) -> dict[str, Any]:
        said = {"id": rng.choice("ab"), "name": rng.choice("ab"), **others}
        said |= {
            "located_in": rng.choice(("DE", "FR")),
            "locations_of_use": rng.sample(("DE", "FR"), rng.choice((0, 1, 2))),
        }
        said["payments"] = rng.choices(({}, {"kind": "card"}, {"kind": "wallet"}), k=rng.choice((0, 0, 1, 2)))
        return {key: value for key, value in said.items() if rng.random() < 0.6}

    facts = [
        {
            "customer": {
                "beneficial_owners": [person() for _ in range(rng.choice((0, 1, 2, 3)))],
                "holders": [person(owner_of=rng.choice("ab")) for _ in range(rng.choice((0, 1, 2, 3)))],
            }
        }
        for _ in range(300)
    ]
    found = found_alike(made, facts)
    for name in LOOPS:
        times = sum(any(one.startswith(f"small/{name}@") for one in findings) for findings in found)
        assert 0 < times < len(facts), name


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("é", 1),
        ("e\N{COMBINING ACUTE ACCENT}", 2),
        ("\U0001f468\u200d\U0001f469", 3),
        ("\U0001d518\U0001d52b", 2),
        ("a\0b", 3),
    ],
)
def test_texts_are_measured_in_code_points(text: str, size: int) -> None:
    made = policy(
        rule_set(
            item("as-long", f"has(customer.name) && size(customer.name) == {size}"),
            item("itself", f"has(customer.name) && customer.name.endsWith({_quoted(text)})"),
        )
    )
    found, other = found_alike(made, [{"customer": {"name": text}}, {"customer": {"name": text + "x"}}])
    assert found == ("small/as-long@/customer/name", "small/itself@/customer/name")
    assert other == ()


def written_out(text: str) -> str:
    return text.replace("OWNERS", "customer.beneficial_owners").replace("HOLDERS", "customer.holders")


def _quoted(text: str) -> str:
    return "'" + "".join(f"\\U{ord(char):08x}" for char in text) + "'"
