"""`ostiary population`: files and the log into populations, and what is said about them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from small_log import REQUESTS, Logged
from test_log_replay_facts import destroy

from api.cli.population import population

DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
ACCOUNTS = "".join(json.dumps(request) + "\n" for request in REQUESTS.values())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.ndjson"
    path.write_text(ACCOUNTS)
    return path


@pytest.mark.parametrize("name", ["read", "describe"])
def test_every_option_is_documented(name: str) -> None:
    command = population.get_command(click.Context(population), name)
    assert f"## `ostiary population {name}`" in DOCS
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert all(f"`{option}" in DOCS for option in parameter.opts if option.startswith("--")), parameter.opts
            assert parameter.help or parameter.name == "form"


def test_a_file_becomes_a_population_that_can_be_described(run: Callable, source: Path) -> None:
    done = run("population", "read", source)
    folder = source.with_name("accounts.ndjson.population")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{folder}: 4 accounts\nsha256:")
    told = run("population", "describe", folder)
    assert (told.code, told.err) == (0, "")
    assert f"{folder}: 4 accounts\n" in told.out
    assert "name accounts.ndjson" in told.out
    assert "by action\n            4  100.0 %  account.open\n" in told.out
    document = run("population", "describe", folder, "--format", "json").json
    assert document["digest"] in done.out
    assert document["counts"]["action"] == [{"value": "account.open", "accounts": 4}]
    assert document["counts"]["label"] == [{"value": None, "accounts": 4}]


def test_what_does_not_fit_is_a_table_and_exit_code_1(run: Callable, source: Path) -> None:
    source.write_text(ACCOUNTS + '{"action": "account.open", "facts": {"customer": {"nmae": 1}}}\n')
    done = run("population", "read", source, "-o", source.with_name("made"))
    assert (done.code, done.out) == (1, "")
    assert "accounts.ndjson: 1 of 5 lines does not fit" in done.err
    assert "/facts/customer/nmae is not a known key\n             line 5; did you mean `name`?" in done.err
    assert "Nothing was written: mend them in the source, or leave them out with --leave-out." in done.err
    assert not source.with_name("made").exists()
    done = run("population", "read", source, "-o", source.with_name("made"), "--leave-out")
    assert (done.code, done.err) == (0, "")
    assert "left out: 1 row, named in" in done.out
    assert (
        "left out   1 row\n            1  /facts/customer/nmae is not"
        in run("population", "describe", source.with_name("made")).out
    )


def test_a_mapping_names_foreign_columns(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text("country\nDE\nFR\n")
    mapping = tmp_path / "columns.yaml"
    mapping.write_text("columns: {country: customer.located_in}\nset: {action: account.maintain}\n")
    done = run("population", "read", tmp_path / "crm.csv", "--mapping", mapping)
    assert (done.code, done.err) == (0, "")
    mapping.write_text("columns: {contry: customer.located_in}\nset: {action: account.maintain}\n")
    done = run("population", "read", tmp_path / "crm.csv", "--mapping", mapping)
    assert done.code == 1
    assert "columns.yaml:1:11: crm.csv has no column `contry`" in done.err
    assert "help: did you mean `country`?\n" in done.err
    assert done.err.startswith("error[R208] ")
    assert done.err.endswith("\n\n2 mistakes\n")


def test_the_log_becomes_a_population(run: Callable, logged: Logged, tmp_path: Path) -> None:
    done = run("population", "read", "--log", logged.data, "-o", tmp_path / "recorded")
    assert (done.code, done.err) == (0, "")
    document = run("population", "describe", tmp_path / "recorded", "--format", "json").json
    assert (document["accounts"], document["left_out"]) == (4, 0)
    source = document["source"]
    assert source["kind"] == "log"
    assert source["size"] > 4
    assert source["root"]
    assert source["origin"].startswith("ostiary.local/")


def test_destroyed_facts_are_counted_and_the_rest_is_read(run: Callable, logged: Logged, tmp_path: Path) -> None:
    data = shutil.copytree(logged.data, tmp_path / "data")
    destroy(data, removes=True)
    done = run("population", "read", "--log", data, "-o", tmp_path / "recorded")
    assert (done.code, done.err) == (0, "")
    assert "3 accounts" in done.out
    assert "        1  the facts were destroyed" in done.out
    assert json.loads((tmp_path / "recorded" / "left-out.ndjson").read_text()) == {
        "row": logged.index("eve"),
        "reasons": [{"at": "", "detail": "the facts were destroyed"}],
    }


def test_facts_that_stay_sealed_are_no_population(run: Callable, logged: Logged, tmp_path: Path) -> None:
    data = shutil.copytree(logged.data, tmp_path / "data")
    (data / "kek.key").unlink()
    done = run("population", "read", "--log", data, "-o", tmp_path / "recorded")
    assert done.code == 1
    assert "the facts stay sealed" in done.err
    assert "4 of 4 entries do not fit" in done.err
    assert "the facts are sealed and were not opened" in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name a file to read, or a log with --log, and not both"),
        (("SOURCE", "--log", "DATA"), "and not both"),
        (("--log", "DATA"), "with --log, name the folder with -o"),
        (("--log", "DATA", "-o", "MADE", "--mapping", "SOURCE"), "and no --mapping"),
        (("--log", "NOWHERE", "-o", "MADE"), "no log"),
        (("NOWHERE",), "does not exist"),
        (("SOURCE", "-o", "SOURCE"), "is no folder; name another one"),
        (("SOURCE", "-o", "SOURCE/made"), "nothing can be written there"),
        (("SOURCE", "-o", "DATA"), "the folder holds something that is no population"),
    ],
)
def test_wrong_usage_is_said_and_nothing_is_touched(
    run: Callable, source: Path, logged: Logged, arguments: tuple[str, ...], says: str
) -> None:
    names = {"SOURCE": source, "DATA": logged.data, "SOURCE/made": source / "made"}
    names |= {"MADE": source.with_name("made"), "NOWHERE": source.with_name("nowhere")}
    done = run("population", "read", *(names.get(argument, argument) for argument in arguments))
    assert (done.code, done.out) == (1, "")
    assert says in done.err
    assert "Traceback" not in done.err
    assert source.read_text() == ACCOUNTS


def test_a_folder_that_is_no_population_cannot_be_described(run: Callable, tmp_path: Path) -> None:
    done = run("population", "describe", tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "no population; make one with `ostiary population read`" in done.err


def test_a_database_that_is_damaged_is_said(run: Callable, source: Path) -> None:
    folder = source.with_name("made")
    run("population", "read", source, "-o", folder)
    (folder / "accounts.duckdb").write_bytes(b"nothing of the kind")
    done = run("population", "describe", folder)
    assert (done.code, done.out) == (1, "")
    assert "cannot be read; read or generate the population again" in done.err


def test_a_disk_that_is_full_is_said_and_leaves_nothing(source: Path) -> None:
    script = (
        "import resource, sys; from api.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); main(sys.argv[1:])"
    )
    arguments = [sys.executable, "-c", script, "population", "read", str(source)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in source.parent.iterdir()] == [source.name]


@pytest.mark.parametrize("name", ["read", "describe"])
def test_without_the_extra_the_command_says_how_to_install_it(
    run: Callable, source: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = run("population", name, source if name == "read" else source.parent)
    assert (done.code, done.out) == (1, "")
    assert "need pyarrow, which is not installed: run `make setup-simulation`" in done.err
    assert "(or `pip install 'ostiary[simulation]'`)" in done.err


def test_help_imports_nothing_that_has_to_be_installed() -> None:
    script = "import sys, api.cli.population_read, api.cli.population_describe; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"duckdb", "numpy", "pyarrow", "engine.population"} & set(done.stdout.split())
