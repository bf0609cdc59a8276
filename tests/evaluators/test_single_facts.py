"""Tests of one fact asked together: each bit is what the test comes to by itself."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from engine.accounts.layout import Layout
from engine.evaluators.columnar.duck import connect, sql, table
from engine.evaluators.columnar.lowering import Lowering
from engine.evaluators.columnar.packing import BITS, packed
from engine.evaluators.columnar.single_facts import packed_tests
from engine.program.expressions import (
    TRUE,
    Choose,
    Compare,
    DaysBetween,
    Expr,
    Has,
    Literal,
    Member,
    Read,
    Root,
    Size,
    TextTest,
    Within,
)
from engine.vocabulary import read_vocabulary
from engine.vocabulary.model import DATE, INT, NUMBER, STRING, Type

LAYOUT = Layout(read_vocabulary())
CUSTOMER, ACTION = Root("customer", Type("record", "customer")), Root("action", STRING)
NAME = Read(CUSTOMER, "name", STRING)
PLACE = Read(CUSTOMER, "located_in", Type("place"))
BUSINESS = Read(CUSTOMER, "is_business", Type("bool"))
DAY = Read(Root("account", Type("record", "account")), "opened_on", DATE)
TIER = Read(Root("reseller", Type("record", "reseller")), "tier", INT)
EMAILS = Read(CUSTOMER, "emails", Type("list", element=Type("email")))
PAYMENTS = Read(CUSTOMER, "payments", Type("list", element=Type("record", "payment")))


def text(value: str) -> Literal:
    return Literal(value, STRING)


TESTS: list[Expr] = [
    *(Has(read) for read in (NAME, PLACE, BUSINESS, DAY, TIER, EMAILS, PAYMENTS)),
    *(Compare(word, NAME, text(value)) for word in ("==", "!=") for value in ("a", "b", "")),
    *(Compare(word, NAME, text("b")) for word in ("<", "<=", ">", ">=")),
    Compare("==", text("a"), NAME),
    Compare("!=", NAME, Read(CUSTOMER, "id", STRING)),
    Member(NAME, (text("a"), text("c"))),
    Member(NAME, ()),
    Member(text("b@x"), EMAILS),
    Member(NAME, EMAILS),
    TextTest("startsWith", NAME, text("a")),
    Compare(">", Size(NAME), Literal(1, INT)),
    Within(PLACE, "EU", frozenset({"FR", "DE"})),
    Within(PLACE, "none", frozenset()),
    Compare("==", PLACE, text("FR")),
    BUSINESS,
    Compare("==", BUSINESS, TRUE),
    Compare("<=", DAY, Literal("2026-12-01", DATE)),
    Compare("!=", DAY, Literal("2026-12-01", DATE)),
    Compare(">", DaysBetween(DAY, Literal("2026-12-01", DATE)), Literal(365, INT)),
    Compare("==", TIER, Literal(2, INT)),
    Member(TIER, (Literal(1, INT), Literal(3, INT))),
    Compare("==", Choose(Has(NAME), NAME, text("c"), STRING), text("c")),
    Compare(">", Size(EMAILS), Literal(1, INT)),
    Compare("==", ACTION, text("account.open")),
    Compare("!=", ACTION, text("account.open")),
    Compare("==", Read(CUSTOMER, "share", NUMBER), Literal(0.1, NUMBER)),
]
CASES = [
    {},
    {"customer.name": "a", "customer.id": "a", "customer.located_in": "FR", "customer.is_business": True},
    {"customer.name": "b", "customer.id": "a", "customer.located_in": "US", "customer.is_business": False},
    {"customer.name": "c", "customer.emails": ["b@x"], "account.opened_on": "2024-01-01", "reseller.tier": 2},
    {"customer.name": "", "customer.emails": ["c", "b@x"], "account.opened_on": "2026-12-01", "reseller.tier": 3},
    {"customer.name": "ab", "customer.payments": [{}], "customer.share": 0.1, "customer.located_in": "DE"},
    {"customer.id": "a", "customer.emails": ["a"], "account.opened_on": "2027-01-01", "action": "account.maintain"},
]
SCHEMA = LAYOUT.schema.append(pa.field("customer.share", pa.float64()))


def asked(places: frozenset[str] | None, tests: list[Expr]) -> list[list[tuple[int, ...]]]:
    """The answers to the tests on each case, together and one by one."""
    rows = [{"row": n, "action": "account.open", **case} for n, case in enumerate(CASES)]
    days = pa.array([row.pop("account.opened_on", None) for row in rows]).cast(pa.date32())
    cases = pa.Table.from_pylist(rows, schema=SCHEMA)
    cases = cases.set_column(SCHEMA.get_field_index("account.opened_on"), "account.opened_on", days)
    given = table("cases", SCHEMA)
    lowering = Lowering(given, LAYOUT, places)
    together = packed_tests(tests, lowering, {})
    alone = packed([lowering.test(test) for test in tests])
    assert len(together) == len(alone) == max(1, -(-len(tests) // BITS))
    columns = {f"{kind}{n}": word for kind, words in (("t", together), ("a", alone)) for n, word in enumerate(words)}
    with connect(threads=1) as connection:
        connection.register("cases", cases)
        found = connection.execute(sql(given.select("row", **columns).order_by("row"))).fetchall()
    words = len(together)
    return [[row[1 : 1 + words] for row in found], [row[1 + words :] for row in found]]


@pytest.mark.parametrize("places", [None, frozenset({"US", "DE"})], ids=["any place", "places that occur"])
def test_together_they_come_to_what_each_comes_to(places: frozenset[str] | None) -> None:
    # So many that tests of one fact stand in several integers.
    more = [Member(fact, (text("b"), text(f"n{n}"))) for n in range(BITS) for fact in (NAME, PLACE)]
    half = len(TESTS) // 2
    together, alone = asked(places, [*TESTS[:half], *more, *TESTS[half:]])
    assert together == alone
    assert len({row for row in alone if any(row)}) == len(CASES)


def test_no_tests_are_answered_by_nothing() -> None:
    assert asked(None, []) == [[(0,)] * len(CASES)] * 2


def test_a_fact_that_is_not_there_is_asked_no_more() -> None:
    """What makes it fast: however many texts a fact is compared with, there is one look at it."""
    given = table("cases", SCHEMA)
    tests: list[Expr] = [Has(NAME), *(Compare("==", NAME, text(f"n{n}")) for n in range(20))]
    tests += [Member(NAME, (text("n1"), text("n2"))), Compare("!=", NAME, text("n3"))]
    (word,) = packed_tests(tests, Lowering(given, LAYOUT), {})
    query = sql(given.select(word=word))
    assert query.count("CASE") == 1
    assert [query.count(f"'n{n}'") for n in range(20)] == [1] * 20
    assert ibis.to_sql(word, dialect="duckdb").count("IS NULL") == 1
