"""Expressions are written back as an author would type them."""

from __future__ import annotations

import pytest

from engine.program.cel_text import cel_text
from engine.program.rule_set import Item
from tests.small_rules import definitions, item, policy, rule_set

TEXTS = [
    "!has(customer.name)",
    "has(customer.name) && (has(customer.emails) || !has(customer.phones))",
    "!(has(customer.name) && has(customer.emails))",
    "has(customer.kind) && customer.kind in ['individual', 'entity']",
    "has(customer.identity.methods) && 'documentary' in customer.identity.methods",
    "has(customer.located_in) && customer.located_in.within('US')",
    "has(customer.name) && customer.name == 'D\\'Arcy \\\\ Söhne'",
    "has(training.ops) && (training.ops + 1.0) * 2.0 > 10.0 - (training.ops - 1.0)",
    "has(customer.payments) && customer.payments.exists(p, has(p.kind) && p.kind != 'card')",
    "has(customer.emails) && size(customer.emails) >= 2",
    "has(customer.name) && customer.name.startsWith('A')",
    "has(account.opened_on) && calendar.days_between(account.opened_on, as_of) > 30",
    "as_of < date('2027-01-01')",
    "has(customer.is_business) ? has(customer.name) : has(customer.emails)",
    "d.is_named(customer) && action == 'account.open'",
]


@pytest.mark.parametrize("text", TEXTS)
def test_written_back(text: str) -> None:
    named = definitions(functions=(("is_named", "p: person", "has(p.name)"),))
    made = policy(rule_set(item(condition=text), uses=["definitions.d"]), definitions__d=named)
    (only,) = made.program[0].block.items
    assert isinstance(only, Item)
    assert cel_text(only.condition.expr) == text
