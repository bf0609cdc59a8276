"""A population on disk: a folder with `population.json`, which says what it is, and `accounts.duckdb`, its accounts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import orjson
import rfc8785

MANIFEST, ACCOUNTS = "population.json", "accounts.duckdb"
TABLE, PLACES = "accounts", "places"
"""Tables of the database: the accounts, and every place code that occurs among them, in a column `code`. For the others
see `engine.accounts.tables`."""
FORMAT = 2
"""Version of the folder and of what is worked out when a population is read; another is read anew."""


class PopulationError(ValueError):
    """A population cannot be used: the message says where, what, and what to do."""


def first_line(error: Exception) -> str:
    """What a database says is wrong, without what follows for whoever wrote the statement."""
    return str(error).partition("\n")[0]


@attrs.frozen
class Manifest:
    """What a population is.

    `source` says what it was made of, so that it can be made again: a file and its digest, a generator and its seed, a
    log and its checkpoint. `ownership` is the reading of Q01 by which owners were resolved. `actions` counts accounts
    by what is asked of them. `malicious` and `legitimate` count labelled accounts, both 0 where nothing is labelled.
    `left_out` counts what did not fit and was left out because that was asked for; `left_out_because` says why, by
    pointer and reason.
    """

    source: Mapping[str, Any]
    ownership: str
    accounts: int
    actions: Mapping[str, int]
    malicious: int = 0
    legitimate: int = 0
    left_out: int = 0
    left_out_because: Mapping[str, int] = attrs.Factory(dict)
    format: int = FORMAT

    @property
    def digest(self) -> str:
        """Names the population: the SHA-256 of the RFC 8785 canonical form of all that the manifest says."""
        return "sha256:" + hashlib.sha256(rfc8785.dumps(attrs.asdict(self))).hexdigest()

    def write(self, folder: Path) -> None:
        """Write it last: a folder without a manifest is no population."""
        document = {"digest": self.digest, **attrs.asdict(self)}
        (folder / MANIFEST).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


@attrs.frozen
class Population:
    """A population that can be asked."""

    folder: Path
    manifest: Manifest

    @property
    def accounts(self) -> Path:
        """The DuckDB database, with the tables of `engine.accounts.tables` and `PLACES`."""
        return self.folder / ACCOUNTS


def kept_population(folder: Path) -> Population | None:
    """The population of a folder; None when there is none, or one that has to be made again."""
    try:
        return open_population(folder)
    except PopulationError:
        return None


def open_population(folder: Path) -> Population:
    """The population of a folder.

    Raises:
        PopulationError: there is none, or one of another version.
    """
    path = folder / MANIFEST
    if not path.is_file() or not (folder / ACCOUNTS).is_file():
        raise PopulationError(f"{folder}: no population; make one with `ostiary population read` or `generate`")
    try:
        document = orjson.loads(path.read_bytes())
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise PopulationError(f"{path}: made by another version of Ostiary; read or generate it again")
        stated = document.pop("digest", None)
        manifest = Manifest(**document)
    except (ValueError, TypeError) as error:
        if isinstance(error, PopulationError):
            raise
        raise PopulationError(f"{path}: no manifest of a population; read or generate it again") from error
    if stated != manifest.digest:
        raise PopulationError(f"{path}: was changed by hand, its digest is that of another; read or generate it again")
    return Population(folder, manifest)
