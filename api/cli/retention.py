"""`ostiary retention`: how long what identifies customers is kept, and its end."""

from __future__ import annotations

from typing import Final

import click

from api.cli.lazy_group import LazyGroup

_COMMANDS: Final = {
    "due": "List the customers whose records may be destroyed, and why the others' may not",
    "hold": "Keep a customer's records for a case, whatever their time",
    "release": "End a hold",
    "destroy": "Destroy the keys of customers whose records are due",
    "rotate-kek": "Lock the customers' keys with a new key",
}


@click.group(cls=LazyGroup, commands_of=_COMMANDS, prefix="retention_")
def retention() -> None:
    """Keep what identifies customers as long as 7.302(e)(2) asks, and destroy it then.

    Every act is an entry of the log. A service may run on the same log meanwhile.
    """
