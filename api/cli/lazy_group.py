"""A group of commands, each imported only when it is run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for.

    `commands_of` says what each does. The command `rotate-key` of a group with the prefix `log_` is the function
    `log_rotate_key` of the module `api.cli.log_rotate_key`.
    """

    def __init__(self, *arguments: Any, commands_of: Mapping[str, str], prefix: str = "", **options: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*arguments, **options)
        self._commands_of = commands_of
        self._prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order in which help shows them."""
        return list(self._commands_of)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name, None when there is none."""
        if cmd_name not in self._commands_of:
            return None
        name = self._prefix + cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"api.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands into the help, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._commands_of.items()))
