"""`ostiary log settle`: somebody has looked into what evaluators differed on."""

from __future__ import annotations

import click
import orjson

from api.cli.administration import administration, record_option, settings_of
from api.cli.subjects import TEXT


@click.command()
@click.argument("decision", metavar="ID")
@click.option(
    "--reason", type=TEXT, required=True, metavar="TEXT", help="What came of it; it stands in the log, so name nobody."
)
@record_option
def log_settle(*, decision: str, reason: str, data: str | None) -> None:
    """Say that a disagreement of evaluators has been looked into.

    ID is that of the decision they differed on last. It settles that and all before; a strict service that was not
    ready because of them is ready again.

    \b
    Example:
      ostiary log settle 0198… --reason 'rete lost a fact; compiled and reference are right'
    """
    with administration(settings_of(data)) as opened:
        last = opened.log.last_of("opinions_differ")
        if last is None:
            raise click.ClickException("evaluators have not differed on any decision in this log; nothing is to settle")
        differed = orjson.loads(last.body)["decision"]["id"]
        if differed != decision:
            raise click.ClickException(
                f"evaluators differed last on decision {differed} (entry {last.index}); look into that and give its id"
            )
        fields = {"decision": decision, "entry": last.index, "reason": reason}
        opened.log.append(opened.recorder.entry("opinions_settled", fields))
    click.echo(f"What evaluators differed on is settled up to entry {last.index}.")
