"""`ostiary retention release`: the end of a hold."""

from __future__ import annotations

import contextlib

import click

from api.cli.administration import Administration, administration, record_option, settings_of
from api.cli.subjects import TEXT, subject_of, subject_options
from engine.audit.store import Transaction
from engine.audit.vault import UnknownSubject
from engine.audit.vault.keystore import Hold, customer, release_hold


@click.command()
@subject_options
@click.option("--case", type=TEXT, required=True, metavar="NAME", help="The case for which the customer is held.")
@click.option(
    "--reason", type=TEXT, required=True, metavar="TEXT", help="Why; it stands in the log for good, so name nobody."
)
@record_option
def retention_release(*, subject: str | None, customer: str | None, case: str, reason: str, data: str | None) -> None:
    """End a hold.

    Nothing is destroyed by that. If the customer is due, `ostiary retention destroy` may take it from then on.

    \b
    Example:
      ostiary retention release --customer cus_81 --case 1:26-cv-0042 --reason 'closed by order of 9 June'
    """
    with administration(settings_of(data)) as opened:
        who = subject_of(opened.record.vault, subject, customer)
        _check_held(_holds(opened, who), who, case)
        # On record first: where keys and log are two files, no hold may be gone without an entry that says so.
        opened.log.append(opened.recorder.entry("hold_released", {"subject": who, "case": case, "reason": reason}))
        opened.log.change(lambda transaction: _release(transaction, who, case))
        left = _holds(opened, who)
    others = ", ".join(f"`{hold.case}`" for hold in left)
    click.echo(f"{who} is no longer held for `{case}`" + (f"; it is still held for {others}." if left else "."))


def _release(transaction: Transaction, subject: str, case: str) -> None:
    # That somebody else was first, with the release or even the destruction, is just as well.
    with contextlib.suppress(UnknownSubject):
        release_hold(transaction.keys, subject, case)


def _holds(opened: Administration, subject: str) -> tuple[Hold, ...]:
    with opened.log.store.reading_keys() as keys:
        found = customer(keys, subject)
    if found is None:
        raise click.ClickException(str(UnknownSubject(subject)))
    return found.holds


def _check_held(holds: tuple[Hold, ...], subject: str, case: str) -> None:
    if case not in {hold.case for hold in holds}:
        held = ", ".join(f"`{hold.case}`" for hold in holds)
        what = (
            f"; it is held for {held}, give one of them" if held else ", nor for any other; nothing is to be released"
        )
        raise click.ClickException(f"`{subject}` is not held for `{case}`{what}")
