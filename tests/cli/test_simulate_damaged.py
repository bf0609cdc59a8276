"""`ostiary simulate` and a population whose database is not what its manifest says, or of other columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import small_law

KIND = " of the kind that this version of Ostiary keeps"
DAMAGE = {
    "no accounts": ("DROP TABLE accounts", "it has no table `accounts`"),
    "no owners": ("DROP TABLE owners", "it has no table `owners`"),
    "no places": ("DROP TABLE places", "it has no table `places`"),
    "no fact": ('ALTER TABLE accounts DROP COLUMN "customer.kind"', f"`accounts` has no column `customer.kind`{KIND}"),
    "no size": ('ALTER TABLE accounts DROP COLUMN "owners#"', f"`accounts` has no column `owners#`{KIND}"),
    "no label": ("ALTER TABLE accounts DROP COLUMN malicious", f"`accounts` has no column `malicious`{KIND}"),
    "no field": ("ALTER TABLE owners DROP COLUMN located_in", f"`owners` has no column `located_in`{KIND}"),
    "other kind": ("ALTER TABLE accounts ALTER COLUMN as_of TYPE VARCHAR", f"`accounts` has no column `as_of`{KIND}"),
    "fewer": ("DELETE FROM accounts WHERE row < 3", "it has 93 accounts, and its manifest says 96"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small_law.accounts(tmp_path / "accounts.ndjson", each=4)
    small_law.rules(tmp_path / "rules")
    small_law.job(tmp_path, baseline={"rules": ["rules"]}, candidates=[{"id": "draft", "title": "A draft"}])
    return tmp_path


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_population_is_refused_with_what_to_do(
    name: str, run: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement, said = DAMAGE[name]
    monkeypatch.chdir(folder)
    assert run("simulate", "job.yaml", "-o", "first", "--no-pdf").code == 0
    path = Path("accounts.ndjson.population", "accounts.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute(statement)
    done = run("simulate", "job.yaml", "-o", "second", "--no-pdf")
    assert done.code == 1
    assert done.err == f"Error: {path}: {said}; remove the folder, then read or generate it again\n"
    assert not (folder / "second").exists()


def test_a_file_that_is_no_database_is_refused(run: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert run("simulate", "job.yaml", "-o", "first", "--no-pdf").code == 0
    path = Path("accounts.ndjson.population", "accounts.duckdb")
    path.write_bytes(b"x" * 5000)
    done = run("simulate", "job.yaml", "-o", "second", "--no-pdf")
    assert done.code == 1
    assert done.err.startswith(f"Error: {path}: cannot be read (")
    assert done.err.endswith("; remove the folder, then read or generate it again\n")
