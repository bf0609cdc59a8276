"""`ostiary log backup`: a copy of log and keys that has been verified."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli.administration import administration, record_option, settings_of, shown
from api.cli.subjects import TEXT
from api.record import kek_path
from api.recorder import now
from engine.audit.backup import FILES, back_up


@click.command()
@click.argument("directory", type=TEXT)
@record_option
def log_backup(*, directory: str, data: str | None) -> None:
    """Copy the log and the customers' keys into DIRECTORY, which is empty or not there.

    Services may go on. Every entry of the copy is hashed and compared with what was signed before it counts; DIRECTORY
    is there only if the backup is whole. Neither the key that signs the log nor the one that locks the customers' keys
    is in it: whoever has a backup alone can read no facts and sign no log.

    Keep backups no longer than you must: what is destroyed later can still be read from an older backup by whoever has
    the key-encryption key.

    \b
    Example:
      ostiary log backup /backups/2026-11-25
    """
    settings = settings_of(data)
    target = Path(directory).absolute()
    with administration(settings) as opened:
        if settings.log_url is not None:
            # A server has better tools of its own, and the store says which.
            opened.log.store.back_up(str(target))
        fields = {"directory": str(target), "size": opened.log.size()}
        opened.log.append(opened.recorder.entry("backed_up", fields))
        opened.record.signatory.sign()
        copy = back_up(opened.record.signatory, target, now())
        signing_key = opened.record.signatory.key
    click.echo(f"{copy.checkpoint.size:,} entries of {copy.checkpoint.origin} are in {shown(target)}, verified:")
    click.echo(f"  {', '.join(sorted(FILES))}")
    click.echo("Not in it, and needed to go on after a restore; keep copies of them in another place:")
    click.echo(f"  {shown(signing_key)}  signs the log")
    kek = "OSTIARY_KEK in the environment" if settings.kek is not None else shown(kek_path(settings))
    click.echo(f"  {kek}  locks the customers' keys")
