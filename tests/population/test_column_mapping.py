"""Mapping files: foreign columns as facts, and every mistake in one where it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from accounts_to_read import facts, leftovers, lines, policy, read, rows

from engine.population.reading import ColumnsError, MisfitsError, read_mapping

MAPPING = """
columns:
  country: customer.located_in
  type:
    path: customer.kind
    values: {I: individual, C: entity, '?': null}
  used from:
    path: customer.locations_of_use
    separator: ','
    values: {Germany: DE, France: FR}
  mails: customer.emails
  label: {path: malicious, values: {bad: true, good: false}}
set:
  action: account.maintain
  as_of: 2026-12-01
  provider.us_person: true
  customer.payments: [{kind: no_charge}]
ignore: [row id, comment]
delimiter: ;
"""
PAGE = (Path(__file__).parents[2] / "docs" / "populations.md").read_text()
CSV = """row id;comment;country;type;used from;mails;label
1;hello;DE;I;Germany, France;a@b.example;bad
2;"a;b";;?;;;
3;;FR;C;France;;good
"""
WHAT_IS_SET = {"provider": {"us_person": True}}
NO_CHARGE = {"payments": [{"kind": "no_charge"}]}


def test_foreign_columns_become_facts(tmp_path: Path) -> None:
    population = read(tmp_path / "crm.csv", CSV.encode(), MAPPING)
    assert facts(population) == [
        WHAT_IS_SET
        | {
            "customer": {
                "kind": "individual",
                "located_in": "DE",
                "locations_of_use": ["DE", "FR"],
                "emails": ["a@b.example"],
                **NO_CHARGE,
            }
        },
        WHAT_IS_SET | {"customer": NO_CHARGE},
        WHAT_IS_SET | {"customer": {"kind": "entity", "located_in": "FR", "locations_of_use": ["FR"], **NO_CHARGE}},
    ]
    stored = rows(population)
    assert {(row["action"], str(row["as_of"])) for row in stored} == {("account.maintain", "2026-12-01")}
    assert [row["malicious"] for row in stored] == [True, None, False]
    assert population.manifest.source["mapping"].startswith("sha256:")


def test_the_keys_of_ndjson_may_be_mapped_too(tmp_path: Path) -> None:
    mapping = MAPPING.replace("  mails: customer.emails\n", "  home: customer.address\n")
    content = lines(
        {"country": "DE", "type": "I", "used from": "Germany,France", "home": {"city": "Aachen"}, "comment": [1]},
        {"type": None, "used from": ["France"], "customer.name": "Ada", "row id": 2, "label": "good"},
    )
    found = facts(read(tmp_path / "crm.ndjson", content, mapping))
    assert [said["customer"] for said in found] == [
        {
            "kind": "individual",
            "located_in": "DE",
            "locations_of_use": ["DE", "FR"],
            "address": {"city": "Aachen"},
            **NO_CHARGE,
        },
        {"name": "Ada", "locations_of_use": ["FR"], **NO_CHARGE},
    ]


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({"contry": "DE"}, "/contry is neither mapped nor ignored"),
        ({"customer": {}}, "/customer is neither mapped nor ignored"),
        ({"customer.kind": "entity"}, "/customer.kind is neither mapped nor ignored"),
        ({"action": "account.open"}, "/action is neither mapped nor ignored"),
        ({"type": "X"}, "column `type`, /facts/customer/kind is none of the values that the mapping translates"),
        ({"label": "worse"}, "column `label`, /malicious is none of the values that the mapping translates"),
        ({"country": 49}, "column `country`, /facts/customer/located_in is a whole number, not text"),
    ],
)
def test_a_key_or_value_that_the_mapping_does_not_know_is_a_misfit(tmp_path: Path, said: dict, detail: str) -> None:
    with pytest.raises(MisfitsError) as refused:
        read(tmp_path / "crm.ndjson", lines({"country": "DE"}, said), MAPPING)
    assert detail in str(refused.value)


def test_a_value_that_is_not_translated_is_named_by_its_column(tmp_path: Path) -> None:
    with pytest.raises(MisfitsError) as refused:
        read(tmp_path / "crm.csv", CSV.replace("Germany", "Germania").replace(";C;", ";c;").encode(), MAPPING)
    said = str(refused.value)
    assert "column `used from`, /facts/customer/locations_of_use is none of the values that the mapping" in said
    assert "column `type`, /facts/customer/kind is none of the values that the mapping translates" in said
    assert "Germania" not in said


MISTAKES = [
    ("", "the file is empty"),
    ("colums: {a: customer.kind}", "1:1: `colums` is not a known key\n1 | colums"),
    ("columns: [a]", "1:10: `columns` is a list, not an object"),
    ("columns: {a: 5}", "1:14: `a` is a whole number, not text or an object"),
    ("columns: {a: {values: {x: y}}}", "`path` is missing"),
    ("columns: {a: customer.knd}", "1:14: `customer.knd` is not a path to a fact"),
    ("columns:\n  a: {path: located_in}", "2:13: `located_in` is not a path to a fact"),
    ("columns: {a: 'customer.emails[0]'}", "help: a column holds the whole list: `customer.emails`"),
    ("columns: {a: customer.beneficial_owners.name}", "a column holds the whole list: `customer.beneficial_owners`"),
    ("columns: {a: {path: customer.kind, separator: ','}}", "`customer.kind` is no list"),
    ("columns: {a: {path: customer.kind, values: {I: individul}}}", "1:48: `customer.kind` is not one of the words"),
    ("columns: {a: {path: customer.locations_of_use, values: {I: ZZ}}}", "`customer.locations_of_use` is not a known"),
    ("columns: {a: {path: malicious, values: {I: maybe}}}", "`malicious` is true or false"),
    ("columns: {a: customer.kind, b: customer.kind}", "1:29: `customer.kind` is said twice"),
    ("columns: {a: customer.kind}\nset: {customer.kind: entity}", "2:7: `customer.kind` is said twice"),
    ("columns: {a: customer.address, b: customer.address.city}", "`customer.address.city` is said twice"),
    ("columns: {a: customer.kind}\nignore: [b, a]", "2:13: the column `a` is mapped and ignored"),
    ("columns: {a: customer.kind, a: customer.name}", "`a` already stands on line 1"),
    ("set: {action: account.close}", "1:15: `action` is not one of the words known here"),
    ("set: {as_of: 2026-02-30}", "1:14: `as_of` is not a day that exists"),
    ("set: {provider.us_person: 'true'}", "1:27: `provider.us_person` is text, not true or false"),
    ("set: {provider.us_persn: true}", "help: did you mean `provider.us_person`?"),
    ("delimiter: ab", "`delimiter` is too long: the limit is 1"),
    ("columns: {a: customer.kind", "error[R102]"),
]


@pytest.mark.parametrize(("mapping", "says"), MISTAKES)
def test_a_mistake_in_a_mapping_is_shown_where_it_stands(tmp_path: Path, mapping: str, says: str) -> None:
    file = tmp_path / "columns.yaml"
    file.write_text(mapping)
    with pytest.raises(ColumnsError) as refused:
        read_mapping(file, policy())
    said = str(refused.value)
    assert says in said
    assert f"{file}:" in said


def test_a_mapping_that_is_not_there_or_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(ColumnsError, match="cannot be read: no such file"):
        read_mapping(tmp_path / "none.yaml", policy())
    (tmp_path / "columns.yaml").write_bytes(b"set: {a: \xff}")
    with pytest.raises(ColumnsError, match="the file is not UTF-8"):
        read_mapping(tmp_path / "columns.yaml", policy())


def test_columns_and_mapping_that_differ_are_shown_on_both_sides(tmp_path: Path) -> None:
    with pytest.raises(ColumnsError) as refused:
        read(tmp_path / "crm.csv", CSV.replace("country", "contry").replace("comment", "remark").encode(), MAPPING)
    said = str(refused.value)
    assert "crm.csv:1:15: the column `contry` is neither mapped nor ignored" in said
    assert "help: did you mean it by `country`?" in said
    assert "crm.csv:1:8: the column `remark` is neither mapped nor ignored" in said
    assert "help: map it under `columns`, or name it under `ignore`" in said
    assert "columns.yaml:3:3: crm.csv has no column `country`" in said
    assert "help: did you mean `contry`?" in said
    assert leftovers(tmp_path) == []


def test_a_column_named_by_a_path_needs_no_mapping_and_cannot_say_what_is_set(tmp_path: Path) -> None:
    content = "customer.name,customer.kind\nAda,entity\n"
    mapping = "set: {action: account.open}\n"
    assert facts(read(tmp_path / "crm.csv", content.encode(), mapping)) == [
        {"customer": {"name": "Ada", "kind": "entity"}}
    ]
    with pytest.raises(ColumnsError, match=r"`customer\.kind` is said twice"):
        read(tmp_path / "crm.csv", content.encode(), mapping.replace("}", ", customer.kind: entity}"))


def test_left_out_rows_say_their_column(tmp_path: Path) -> None:
    population = read(tmp_path / "crm.csv", CSV.replace(";C;", ";c;").encode(), MAPPING, leave_out=True)
    (named,) = (population.folder / "left-out.ndjson").read_text().splitlines()
    assert json.loads(named)["reasons"][0]["column"] == "type"


def test_the_mapping_of_the_documentation_is_read_and_its_mistake_is_what_is_said(tmp_path: Path) -> None:
    mapping, shown = re.search(r"```yaml\n(.*?)```.*?```\n(error.*?)```", PAGE, re.DOTALL).groups()
    content = "row_id;comment;country;type;used_from;fraud\n1;;DE;C;France, Germany;N\n"
    (found,) = facts(read(tmp_path / "crm.csv", content.encode(), mapping))
    assert found == WHAT_IS_SET | {"customer": {"located_in": "DE", "kind": "entity", "locations_of_use": ["FR", "DE"]}}
    with pytest.raises(ColumnsError) as refused:
        read(tmp_path / "crm.csv", content.encode(), mapping.replace("customer.located_in", "located_in"))
    assert str(refused.value).replace(f"{tmp_path}/", "") == shown.rstrip()
