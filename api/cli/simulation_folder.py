"""The folder of a simulation's result: it appears, or is replaced, when all of it is there."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

RESULT, REPORT, PRINTED, ACCOUNTS = "result.json", "report.html", "report.pdf", "accounts.parquet"
_ALL = (ACCOUNTS, REPORT, PRINTED, RESULT)


def refuse_other_than_result(folder: Path) -> None:
    """Raise a ClickException where a result would be mixed with something else."""
    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise click.ClickException(f"{folder}: is no folder; name another one with -o")
    elif (folder / RESULT).is_file():
        if not _is_result(folder / RESULT):
            what = "is no result of a simulation of Ostiary, and would be replaced by one"
            raise click.ClickException(f"{folder / RESULT}: {what}; move the folder, or name another one with -o")
    elif any(folder.iterdir()):
        message = f"{folder}: the folder holds something that is no result of a simulation; name another one with -o"
        raise click.ClickException(message)


def _is_result(path: Path) -> bool:
    """Whether a simulation wrote the file: other programs, too, have a `result.json`. What cannot be read is none."""
    try:
        result = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return False
    # Both stood there from the first version on, whatever else a result holds.
    digest, command = (str(result.get(key)) if isinstance(result, dict) else "" for key in ("digest", "command"))
    return digest.startswith("sha256:") and command.startswith("ostiary simulate ")


def place(made: Path, folder: Path) -> None:
    """Put the files of a result where they belong, on the same disk. Those of an earlier result there are replaced, or
    removed: none of them may be taken for one of this result. Whatever else is there stays."""
    if not folder.exists():
        made.rename(folder)
        return
    for name in _ALL:
        (folder / name).unlink(missing_ok=True)
    for name in _ALL:
        if (made / name).exists():
            (made / name).replace(folder / name)
