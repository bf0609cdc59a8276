"""The `ostiary` command. Each subcommand is imported only when it is run."""

from __future__ import annotations

import io
import os
import sys
from importlib.metadata import version
from typing import Final

import click

from api.cli.exit_codes import ExitCode
from api.cli.lazy_group import LazyGroup

_COMMANDS: Final = {
    "serve": "Serve decisions over HTTP, on this machine",
    "decide": "Decide requests from a file or standard input, without recording them",
    "check": "Look for mistakes in rules and jurisdictions",
    "test": "Run the rule tests beside the rules",
    "coverage": "Show what answers each paragraph of the law",
    "simulate": "Try a measure on a population before it is imposed",
    "conformance": "Run the published suites of CEL and CEL Policy",
    "export": "Write the rules as plain CEL Policy",
    "population": "Work with populations: accounts that a simulation decides",
    "log": "Work with the log of decisions",
    "retention": "Keep, hold and destroy what identifies customers",
}


@click.group(
    cls=LazyGroup,
    commands_of=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("ostiary"), message="%(prog)s %(version)s")
def ostiary() -> None:
    """Decide, with reasons and citations, whether a cloud account may be opened or kept.

    Exit codes: 0 ok or allowed, 1 usage or input/output, 2 not allowed (decide, retention destroy) or not as recorded
    (log), 3 rules invalid, 4 tests failed (test, conformance). `log verify` has codes of its own for 2 to 4.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code; the `ostiary` console script."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        result = ostiary.main(arguments, prog_name="ostiary", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        return ExitCode.USAGE_OR_IO
    except click.ClickException as error:
        # click leaves with 2 on wrong usage; 2 means "not allowed" here. What it says may repeat what others wrote.
        from engine.language.rendering import harmless  # noqa: PLC0415 - loads the engine, which --help does without

        said = io.StringIO()
        error.show(said)
        click.echo(harmless(said.getvalue()), err=True, nl=False)
        return ExitCode.USAGE_OR_IO
    except BrokenPipeError:
        # Whoever read our output has gone. What is still buffered must not raise again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.USAGE_OR_IO
    return int(result or ExitCode.OK)
