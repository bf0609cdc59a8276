"""The folder of a simulation's result: it appears, or is replaced, when all of it is there."""

from __future__ import annotations

from pathlib import Path

import click

RESULT, REPORT, PRINTED, ACCOUNTS = "result.json", "report.html", "report.pdf", "accounts.parquet"
_ALL = (ACCOUNTS, REPORT, PRINTED, RESULT)


def refuse_other_than_result(folder: Path) -> None:
    """Raise a ClickException where a result would be mixed with something else."""
    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise click.ClickException(f"{folder}: is no folder; name another one with -o")
    elif not (folder / RESULT).is_file() and any(folder.iterdir()):
        message = f"{folder}: the folder holds something that is no result of a simulation; name another one with -o"
        raise click.ClickException(message)


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
