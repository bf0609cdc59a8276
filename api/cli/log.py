"""`ostiary log`: what can be done with the log of decisions."""

from __future__ import annotations

from typing import Final

import click

from api.cli.lazy_group import LazyGroup

_COMMANDS: Final = {
    "verify": "Is every entry what was recorded, and are all there?",
    "replay": "Decide logged requests again: does the same come out, or what would change?",
    "settle": "Say that a disagreement of evaluators has been looked into",
    "rotate-key": "Replace the key that signs the log",
    "backup": "Copy the log and the customers' keys, also while a service runs",
    "restore": "Put a backup in the place of a log",
    "export": "Write the log as text, to be kept or verified elsewhere",
}


@click.group(cls=LazyGroup, commands_of=_COMMANDS, prefix="log_")
def log() -> None:
    """Work with the log of decisions."""
