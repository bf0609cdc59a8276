"""`ostiary log export`: the log as text, to be verified elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli.administration import administration, in_words, record_option, settings_of, shown
from engine.audit.checkpoint import size_of
from engine.audit.export import export
from engine.audit.layout import PUBLIC_KEYS


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@record_option
def log_export(*, directory: Path, data: str | None) -> None:
    """Write the log into DIRECTORY, which is empty or not there.

    An export is text: entries, checkpoints and policies, and of sealed facts the hashes only. It identifies nobody, and
    `ostiary log verify` verifies it without the database. The public keys are not in it, since whoever could change the
    export could change them too.

    \b
    Example:
      ostiary log export /tmp/log-for-the-auditor
    """
    settings = settings_of(data)
    target = directory.absolute()
    with administration(settings) as opened:
        fields = {"start": 0, "end": opened.log.size(), "directory": in_words(target)}
        opened.log.append(opened.recorder.entry("exported", fields))
        size = export(opened.log, target, lambda: size_of(opened.record.signatory.sign()))
    click.echo(f"{size:,} entries are in {shown(target)}, and no facts.")
    click.echo(f"Verify them with: ostiary log verify {shown(target)} --key {shown(settings.data / PUBLIC_KEYS)}")
