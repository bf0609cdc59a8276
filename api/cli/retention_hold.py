"""`ostiary retention hold`: a customer's records are kept for a case."""

from __future__ import annotations

import click

from api.cli.administration import administration, record_option, settings_of
from api.cli.subjects import TEXT, subject_of, subject_options
from api.recorder import timestamp
from engine.audit.vault import UnknownSubject
from engine.audit.vault.keystore import Hold, set_hold


@click.command()
@subject_options
@click.option(
    "--case", type=TEXT, required=True, metavar="NAME", help="The case, such as a court's or an agency's file number."
)
@click.option(
    "--reason", type=TEXT, required=True, metavar="TEXT", help="Why; it stands in the log for good, so name nobody."
)
@record_option
def retention_hold(*, subject: str | None, customer: str | None, case: str, reason: str, data: str | None) -> None:
    """Keep a customer's records for a case, whatever their time.

    A customer may be held for several cases, and is kept until each is released. Said again for the same case, the
    reason is replaced.

    \b
    Example:
      ostiary retention hold --customer cus_81 --case 1:26-cv-0042 --reason 'preservation letter of 3 May'
    """
    with administration(settings_of(data)) as opened:
        who = subject_of(opened.record.vault, subject, customer)
        hold = Hold(who, case, reason, timestamp(opened.recorder.now()))
        entry = opened.recorder.entry("hold_set", {"subject": who, "case": case, "reason": reason})
        try:
            opened.log.change(lambda transaction: set_hold(transaction.keys, hold), [entry])
        except UnknownSubject as refusal:
            raise click.ClickException(str(refusal)) from None
    click.echo(f"{who} is held for `{case}`.")
