"""`ostiary log settle`: somebody has looked into what evaluators differed on."""

from __future__ import annotations

import click

from api.cli.administration import administration, record_option, settings_of
from api.cli.subjects import TEXT
from api.second_opinion.differences import on_which, told, unsettled


@click.command()
@click.argument("decision", metavar="ID")
@click.option(
    "--reason", type=TEXT, required=True, metavar="TEXT", help="What came of it; it stands in the log, so name nobody."
)
@record_option
def log_settle(*, decision: str, reason: str, data: str | None) -> None:
    """Say that a disagreement of evaluators has been looked into.

    ID is that of the decision they differed on last. It settles that and all before, and says how many they are; a
    strict service that was not ready because of them is ready again.

    \b
    Example:
      ostiary log settle 0198… --reason 'rete lost a fact; compiled and reference are right'
    """
    with administration(settings_of(data)) as opened:
        left = list(unsettled(opened.log))
        names = [entry.decision for entry in left]
        if decision in names[1:]:
            raise click.ClickException(
                f"evaluators differ {on_which(left)}; look into all of them and give the id of the last"
            )
        if decision in names:
            fields = {"decision": decision, "entry": left[0].index, "reason": reason}
            opened.log.append(opened.recorder.entry("opinions_settled", fields))
        elif decision not in (entry.decision for entry in told(opened.log, "opinions_differ")):
            instead = f"they differ {on_which(left)}" if left else "nothing is to settle"
            raise click.ClickException(f"`{decision}` is no decision on which evaluators differed; {instead}")
    if decision in names:
        click.echo(f"Settled: evaluators differed {on_which(left)}.")
    else:
        still = f"; evaluators differ {on_which(left)}" if left else ""
        click.echo(f"Decision {decision} is already settled{still}.")
