"""`ostiary population`: accounts by the million, to be decided together."""

from __future__ import annotations

from typing import Final

import click

from api.cli.lazy_group import LazyGroup

_COMMANDS: Final = {
    "read": "Read accounts from a file, or from the log",
    "generate": "Make accounts up, from a seed",
    "describe": "Say what a population is, and count its accounts",
}


@click.group(cls=LazyGroup, commands_of=_COMMANDS, prefix="population_")
def population() -> None:
    """Work with populations: accounts that a simulation decides."""
