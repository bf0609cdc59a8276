"""CSV to a population: cells are converted strictly, and what could mean two things is a misfit."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from accounts_to_read import facts, leftovers, policy, read, request, rows

from bench.shipped import DAY, requests
from engine import Decider
from engine.accounts.population import PopulationError
from engine.population.reading import LEFT_OUT, ColumnsError, MisfitsError

HEADER = "action,customer.name\n"


def test_cells_become_facts_by_the_type_of_their_path(tmp_path: Path) -> None:
    content = (
        "action,as_of,malicious,provider.us_person,reseller.tier,training.ops,account.opened_on,customer.emails,"
        "customer.payments,customer.name,customer.kind\n"
        "account.open,2026-11-22,true,false,2,1e26,2024-02-29,a@b.example; c@d.example,"
        '"[{""kind"":""card"",""identifier"":""4""}]","Ada, ""the first""\r\nCountess",individual\r\n'
        "training.start,,,,,0.5,,,,,\n"
    )
    population = read(tmp_path / "accounts.csv", content.encode())
    assert facts(population) == [
        {
            "provider": {"us_person": False},
            "reseller": {"tier": 2},
            "training": {"ops": 1e26},
            "account": {"opened_on": "2024-02-29"},
            "customer": {
                "emails": ["a@b.example", "c@d.example"],
                "payments": [{"kind": "card", "identifier": "4"}],
                "name": 'Ada, "the first"\r\nCountess',
                "kind": "individual",
            },
        },
        {"training": {"ops": 0.5}},
    ]
    stored = rows(population)
    assert [(row["action"], row["malicious"]) for row in stored] == [("account.open", True), ("training.start", None)]
    assert [str(row["as_of"]) for row in stored] == ["2026-11-22", "None"]


def test_a_request_in_cells_decides_as_the_request(tmp_path: Path) -> None:
    decider = Decider(policy())
    paths = ["product.kind", "customer.kind", "customer.located_in", "customer.us_citizen", "account.status"]
    for number, case in enumerate(requests().values()):
        cells, rest = [], {part: dict(said or {}) for part, said in case["facts"].items()}
        for path in paths:
            part, name = path.split(".")
            value = rest.get(part, {}).get(name)
            cells.append("" if value is None else value if isinstance(value, str) else json.dumps(value))
        content = ",".join(["action", *paths]) + "\n" + ",".join([case["action"], *cells]) + "\n"
        known = {}
        for path in paths:
            part, name = path.split(".")
            if rest.get(part, {}).get(name) is not None:
                known.setdefault(part, {})[name] = rest[part][name]
        (found,) = facts(read(tmp_path / "accounts.csv", content.encode()))
        asked = {"action": case["action"], "as_of": DAY}
        assert decider.decide({**asked, "facts": found}).document == decider.decide({**asked, "facts": known}).document
        if number == 11:
            break


@pytest.mark.parametrize(
    ("path", "cell", "detail"),
    [
        ("provider.us_person", "TRUE", "is not true or false"),
        ("provider.us_person", "1", "is not true or false"),
        ("provider.us_person", " true", "is not true or false"),
        ("malicious", "yes", "is not true or false"),
        ("reseller.tier", "2.0", "is not a whole number"),
        ("reseller.tier", "two", "is not a whole number"),
        ("reseller.tier", "٢", "is not a whole number"),
        ("training.ops", '"1,000"', "is not a number"),
        ("training.ops", "NaN", "is not a number"),
        ("training.ops", "inf", "is not a number"),
        ("training.ops", "1e999", "is more than a number can be"),
        ("training.ops", "9007199254740993", "is a whole number of more digits than a number can keep exactly"),
        ("training.ops", "-1", "is less than 0"),
        ("account.opened_on", "22/11/2026", "is not a day of the form YYYY-MM-DD"),
        ("account.opened_on", "2026-02-30", "is not a day that exists"),
        ("customer.located_in", " US", "is not a known place"),
        ("customer.kind", "Individual", "is not one of the words known here"),
        ("customer.emails", "a@b.example;;", "is not an email address"),
        ("customer.payments", "card", "is not well-formed JSON"),
        ("customer.payments", '"[{""kind"":""card"",""kind"":""card""}]"', "has a key twice in one object"),
        ("customer.payments", '"[{""sort"":1}]"', "is not a known key"),
        ("customer.name", "x" * 9_000, "is too long"),
    ],
)
def test_a_cell_that_is_no_value_of_its_fact_is_named_by_column_and_line(
    tmp_path: Path, path: str, cell: str, detail: str
) -> None:
    content = f"action,{path}\naccount.open,\naccount.open,{cell}\n"
    with pytest.raises(MisfitsError) as refused:
        read(tmp_path / "accounts.csv", content.encode())
    said = str(refused.value)
    assert "accounts.csv: 1 of 2 lines does not fit" in said
    assert f"column `{path}`, " in said
    assert detail in said
    assert "line 3" in said


RAGGED = [
    ("account.open\n", "has 1 cell, and the header 2"),
    ("account.open,a,b\n", "has 3 cells, and the header 2"),
    ("account.open,Ada\n\n,\n", "/action is missing"),
]


@pytest.mark.parametrize(("row", "detail"), RAGGED)
def test_a_ragged_row_is_a_misfit(tmp_path: Path, row: str, detail: str) -> None:
    with pytest.raises(MisfitsError) as refused:
        read(tmp_path / "accounts.csv", (HEADER + row + "account.open,Ada\n").encode())
    assert detail in str(refused.value)


@pytest.mark.parametrize(("delimiter", "said"), [(",", "a comma"), (";", "`;`"), ("\t", "a tab")])
def test_what_stands_in_quotes_follows_from_the_delimiter(tmp_path: Path, delimiter: str, said: str) -> None:
    mapping = f"set: {{action: account.open}}\ndelimiter: {json.dumps(delimiter)}\n"
    with pytest.raises(MisfitsError) as refused:
        read(tmp_path / "accounts.csv", delimiter.join(["customer.name", "customer.kind\nAda\n"]).encode(), mapping)
    assert f"a cell with {said} or a line end stands in quotes" in str(refused.value)


def test_a_row_in_another_encoding_is_a_misfit_and_the_others_are_read(tmp_path: Path) -> None:
    content = HEADER.encode() + b"account.open,Ada\naccount.open,Zo\xeb\naccount.open,Bob\n"
    population = read(tmp_path / "accounts.csv", content, leave_out=True)
    assert [said["customer"]["name"] for said in facts(population)] == ["Ada", "Bob"]
    assert json.loads((population.folder / LEFT_OUT).read_text()) == {
        "row": 3,
        "reasons": [{"at": "", "detail": "is not UTF-8"}],
    }


def test_rows_are_known_by_the_line_on_which_they_begin(tmp_path: Path) -> None:
    content = HEADER + '\naccount.open,"a\nb"\naccount.open,Ada,too many\n'
    with pytest.raises(MisfitsError, match="line 5"):
        read(tmp_path / "accounts.csv", content.encode())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty; its first line names the columns"),
        (HEADER.encode(), "there is nothing to make a population of: it has no line"),
        (HEADER.encode("utf-16"), "the file is UTF-16"),
        (b"action,n\xe4me\n", "the first line is not UTF-8"),
        (b"action;customer.name;customer.kind\n", 'separated by `;`; say so in a mapping file: `delimiter: ";"`'),
        (b"action;customer.name\n", 'separated by `;`; say so in a mapping file: `delimiter: ";"`'),
        (b"action\tcustomer.name\tcustomer.kind\n", 'separated by a tab; say so in a mapping file: `delimiter: "\\t"`'),
        (HEADER.encode() + b'account.open,"Ada\n', "line 2: the file cannot be read on from here: quotes are never"),
        (HEADER.encode() + b'account.open,"Ada" L\n', "line 2: the file cannot be read on from here: after closing"),
        (HEADER.encode() + b"account.open,Ada\raccount.open,Bob\r", "a carriage return alone"),
    ],
)
def test_a_file_that_cannot_be_read_on_is_refused_at_the_place(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(PopulationError) as refused:
        read(tmp_path / "accounts.csv", content, leave_out=True)
    assert says in str(refused.value)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("header", "says", "help_"),
    [
        ("action,customer.knd", "column `customer.knd` is not a path to a fact", "did you mean `customer.kind`?"),
        (
            "action,country",
            "column `country` is not a path to a fact",
            "did you mean `customer.address.country`? Else map",
        ),
        ("action,customer.kind,", "a column has no name", "a delimiter too many"),
        ("action,customer.kind,customer.kind", "column `customer.kind` stands 2 times", "a name of its own"),
        ("action,customer.address,customer.address.city", "`customer.address.city` is said twice", "ignore one"),
        ("customer.kind", "no column says the action", "`set: {action: account.maintain}`"),
    ],
)
def test_a_header_is_judged_before_any_row(tmp_path: Path, header: str, says: str, help_: str) -> None:
    with pytest.raises(ColumnsError) as refused:
        read(tmp_path / "accounts.csv", f"{header}\nwhatever\n".encode())
    said = str(refused.value)
    assert "] accounts.csv:1:" in said
    assert (says in said, help_ in said) == (True, True), said
    assert header in said


def test_a_compressed_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    content = gzip.compress(b"\xef\xbb\xbf" + HEADER.encode() + b"account.open,Ada\n")
    assert facts(read(tmp_path / "accounts.csv.gz", content)) == [request(name="Ada")["facts"]]
