"""Records of CSV that are too long to be read are misfits, and the next one is read from where it begins."""

from __future__ import annotations

import csv
import gzip
import json
import tracemalloc
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from accounts_to_read import facts, leftovers, policy, read
from hypothesis import example, given
from hypothesis import strategies as st

from engine.accounts.population import Population, PopulationError
from engine.population.reading import LEFT_OUT, MisfitsError
from engine.population.reading.csv_file import CsvFile
from engine.population.reading.csv_quotes import Quotes
from engine.population.reading.text_files import MAX_LINE, text_file

HEADER = b"action,customer.name\n"
ADA, BOB = b"account.open,Ada\n", b"account.open,Bob\n"
BYTES, CELL = "has more than 1,048,576 bytes", "has a cell of more than 131,072 characters"
LONG = b"x" * (MAX_LINE + 1)
CELLS = b",".join([b"x" * 100_000] * 30)


def names(population: Population) -> list[str]:
    return [said["customer"]["name"] for said in facts(population)]


@pytest.mark.parametrize(
    ("record", "detail", "lines"),
    [
        (b"account.open," + LONG + b"\n", BYTES, 1),
        (b"account.open," + LONG + b"\r\n", BYTES, 1),
        (b'account.open,"' + LONG + b'"\n', BYTES, 1),
        (b"account.open," + CELLS + b"\n", BYTES, 1),
        (b"," * 3 * MAX_LINE + b"\n", BYTES, 1),
        (b'account.open,"' + b'""' * 2 * MAX_LINE + b'"\n', BYTES, 1),
        (b'account.open,"' + LONG + b"\n" + LONG + b'"\n', BYTES, 2),
        (b'account.open,"' + b"\n" * 1_000 + LONG + b'\n",a,"\n,"\n', BYTES, 1_003),
        (b'account.open,"' + b'\n","' * MAX_LINE + b'"\n', BYTES, MAX_LINE + 1),
        # Longer by the one byte of its line end.
        (b"account.open," + b"x" * (MAX_LINE - 13) + b"\n", BYTES, 1),
        (b"account.open," + b"x" * 131_073 + b"\n", CELL, 1),
        (b'account.open,"' + b"x" * 131_073 + b'"\n', CELL, 1),
        (b'account.open,"' + b"x\n" * 70_000 + b'\n",a,"\n"\n', CELL, 70_003),
        (b'account.open,"x\n' + b"\xff" * 131_073 + b'"\n', CELL, 2),
        (b"account.open," + b"\xff" * 2 * MAX_LINE + b"\n", BYTES, 1),
    ],
)
def test_one_that_is_too_long_is_left_out_and_the_next_is_read(
    tmp_path: Path, record: bytes, detail: str, lines: int
) -> None:
    assert record.count(b"\n") == lines
    content = HEADER + ADA + record + BOB + b"account.open\n"
    population = read(tmp_path / "accounts.csv", content, leave_out=True)
    assert names(population) == ["Ada", "Bob"]
    left_out = [json.loads(line) for line in (population.folder / LEFT_OUT).read_text().splitlines()]
    assert [(said["row"], said["reasons"][0]["detail"]) for said in left_out] == [
        (3, detail),
        (4 + lines, "has 1 cell, and the header 2"),
    ]
    assert population.manifest.left_out_because == {detail: 1, "has 1 cell, and the header 2": 1}


def test_they_are_counted_by_reason_with_what_to_do(tmp_path: Path) -> None:
    long, cell = b"account.open," + LONG + b"\n", b"account.open," + b"x" * 200_000 + b"\n"
    with pytest.raises(MisfitsError) as refused:
        read(tmp_path / "accounts.csv", HEADER + long + ADA + cell + long)
    assert str(refused.value).splitlines() == [
        "accounts.csv: 3 of 4 lines do not fit",
        f"          2  {BYTES}",
        "             lines 2, 5; say less, or close quotes that were left open",
        f"          1  {CELL}",
        "             line 4; say less, or close quotes that were left open",
    ]


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("length", [MAX_LINE - 13, MAX_LINE - 12, 2 * MAX_LINE - 11, 3 * MAX_LINE])
def test_the_last_may_be_too_long(tmp_path: Path, length: int, end: bytes) -> None:
    content = HEADER + ADA + b"account.open," + b"," * length + end
    population = read(tmp_path / "accounts.csv", content, leave_out=True)
    assert names(population) == ["Ada"]
    assert population.manifest.left_out == 1


def test_one_of_the_utmost_length_is_read(tmp_path: Path) -> None:
    padding = b",".join([b"x" * 131_072] * 7 + [b"x" * (MAX_LINE - 7 * 131_073 - len(ADA) - 1)])
    mapping = "columns: {n: customer.name}\nignore: [" + ", ".join("abcdefgh") + "]\n"
    content = b"action,n,a,b,c,d,e,f,g,h\n" + ADA.strip() + b"," + padding + b"\n"
    assert len(content.splitlines(keepends=True)[1]) == MAX_LINE
    assert names(read(tmp_path / "accounts.csv", content, mapping)) == ["Ada"]


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (
            b'account.open,"' + LONG + b"\n" + ADA * 9,
            "lines 3 to 13: the file cannot be read on from here: quotes are never",
        ),
        (
            b'account.open,"' + b"x" * 200_000 + b"\n" + ADA * 9,
            "lines 3 to 13: the file cannot be read on from here: quo",
        ),
        (
            b'account.open,"' + LONG + b'" L\n' + ADA,
            "line 3: the file cannot be read on from here: after closing quotes",
        ),
        (
            b'account.open,"' + LONG + b'\n"Ada"\n' + ADA,
            "lines 3 to 4: the file cannot be read on from here: after closi",
        ),
        # Else all accounts of a file with such line ends would be one that is too long.
        (b"account.open,Ada\r" * MAX_LINE, "line 3: the file cannot be read on from here: a line ends with a carriage"),
        (
            b"account.open," + LONG + b'\r"\n',
            "line 3: the file cannot be read on from here: a line ends with a carriage",
        ),
    ],
)
def test_where_nobody_can_tell_its_end_the_file_is_refused(tmp_path: Path, record: bytes, says: str) -> None:
    with pytest.raises(PopulationError) as refused:
        read(tmp_path / "accounts.csv", HEADER + ADA + record + BOB, leave_out=True)
    assert says in str(refused.value)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("length", [MAX_LINE - 6, MAX_LINE - 4, MAX_LINE, 3 * MAX_LINE])
def test_a_header_that_is_too_long_is_refused(tmp_path: Path, mark: bytes, length: int) -> None:
    with pytest.raises(PopulationError, match=f"the first line {BYTES}; it names the columns"):
        read(tmp_path / "accounts.csv", mark + b"action," + b"," * length + b"\n" + ADA, leave_out=True)


def test_memory_does_not_grow_with_it(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(HEADER + ADA + b'account.open,"')
        for number in range(40):
            file.write(b"x" * MAX_LINE + (b"\n" if number % 7 == 0 else b""))
        file.write(b'"\n' + b"," * 5 * MAX_LINE + b"\n" + b'"\n",' * (MAX_LINE // 2) + b"\n" + BOB)
    with text_file(path) as file:
        tracemalloc.start()
        try:
            rows = list(CsvFile(file, None, policy().vocabulary).rows())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert [bool(row.violations) for row in rows] == [False, True, True, True, False]
    assert peak < 10 * MAX_LINE


@given(st.lists(st.text('a",\r\n', max_size=12), min_size=1, max_size=6), st.integers(1, 4))
@example(['a"\n', '"a\n', '"\n'], 1)
@example(['"a"\r', "\n"], 1)
def test_quotes_are_followed_as_the_reader_does(texts: list[str], size: int) -> None:
    lines = [line + "\n" for line in "".join(texts).split("\n")]
    taken = count()
    given_lines = (line for line in lines if next(taken) >= 0)
    try:
        next(csv.reader(given_lines, strict=True))
        expected: int | str = next(taken)
    except csv.Error as error:
        expected = str(error)[:12]
    assert followed(lines, size) == expected


def followed(lines: list[str], size: int) -> int | str:
    """How many lines the first record has, or why nobody can tell; fed in parts of a size."""
    quotes = Quotes(",", are_open=False)
    try:
        for number, line in enumerate(lines, 1):
            for part in parts(line, size):
                quotes.follow(part)
            if not quotes.are_open:
                return number
    except csv.Error as error:
        return str(error)[:12]
    return "unexpected end of data"[:12]


def parts(line: str, size: int) -> Iterator[str]:
    return (line[at : at + size] for at in range(0, len(line), size))
