"""`ostiary serve`: the service on this machine, until it is told to stop."""

from __future__ import annotations

import functools
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import click

from api import metrics, service_log
from api.app import create_app
from api.application import service_of
from api.cli.exit_codes import ExitCode
from api.cli.options import load_or_show, policy_options
from api.cli.processes import supervise
from api.example import curl_line
from api.server import Server, base_url, listen
from api.settings import DECIDES, Settings, SettingsError, from_environment
from engine.audit import LogUnavailable
from engine.evaluators.registry import for_services


@click.command()
@click.option(
    "--host",
    metavar="ADDRESS",
    help="Address to listen on, of this machine only.  [env var: OSTIARY_HOST; default: 127.0.0.1]",
)
@click.option(
    "--port", metavar="NUMBER", help="Port to listen on, 0 for any free one.  [env var: OSTIARY_PORT; default: 8080]"
)
@click.option(
    "--threads", metavar="NUMBER", help="Requests worked on at a time.  [env var: OSTIARY_THREADS; default: 8]"
)
@click.option(
    "--processes",
    metavar="NUMBER",
    help="Processes that serve, on one log.  [env var: OSTIARY_PROCESSES; default: 1]",
)
@click.option(
    "--evaluator",
    metavar="NAME",
    help=f"What decides: {', '.join(for_services())}.  [env var: OSTIARY_EVALUATOR; default: {DECIDES}]",
)
@click.option("--data", metavar="DIRECTORY", help="Directory of all state.  [env var: OSTIARY_DATA; default: var]")
@click.option(
    "--second-opinion",
    metavar="PERCENT",
    help="Decisions that other evaluators are asked about afterwards.  [env var: OSTIARY_SECOND_OPINION; default: 1]",
)
@click.option(
    "--strict-second-opinion",
    flag_value="1",
    help="Ask them about every decision before it is given.  [env var: OSTIARY_STRICT_SECOND_OPINION]",
)
@policy_options
def serve(rules: tuple[Path, ...], jurisdictions: Path, **given: str | None) -> int:
    """Serve decisions over HTTP, on this machine.

    Every decision is written to the log before it is given. Ctrl-C or SIGTERM ends the service once the requests it
    has received are answered.

    \b
    Example:
      ostiary serve --port 8080
    """
    wanted = {f"OSTIARY_{name.upper()}": value for name, value in given.items()}
    try:
        settings = from_environment(os.environ, wanted, rules=rules, jurisdictions=jurisdictions)
        with _listener(settings) as listener, metrics.counted_together(settings.processes):
            if settings.processes == 1:
                return _serve(settings, listener, 0, lambda: None)
            # Forked before anything is loaded: what native libraries keep of a process does not survive being copied.
            return supervise(settings.processes, functools.partial(_serve, settings, listener), metrics.has_ended)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def _listener(settings: Settings) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise click.ClickException(
            f"cannot listen on {settings.host} port {settings.port}: {why}; "
            "end the program that uses it, or give another with --port"
        ) from None


def _serve(settings: Settings, listener: socket.socket, number: int, on_ready: Callable[[], None]) -> int:
    """Serve until told to stop; the process with number 0 speaks for all."""
    policy = load_or_show(settings.rules, settings.jurisdictions)
    if policy is None:
        return ExitCode.RULES_INVALID
    for warning in policy.warnings if number == 0 else ():
        click.echo(f"{warning.span.file}:{warning.span.line}: {warning.message}", err=True)
    service_log.configure(settings.log_level)
    try:
        # One process reads the whole log; the others would only read it again.
        settings = settings if number == 0 else attrs.evolve(settings, start_check="tail")
        app = create_app(settings, policy=policy)
    except (LogUnavailable, SettingsError) as error:
        raise click.ClickException(str(error)) from None
    service = service_of(app)
    for name, why in service.second_opinion.panel.absent.items() if number == 0 else ():
        service_log.LOGGER.warning("evaluator `%s` gives no second opinion here: %s", name, why)
    server = Server(app, listener, settings.threads)
    url = base_url(settings.host, listener)

    def stop(_signal: int, _frame: Any) -> None:  # noqa: ANN401 - the interpreter's own type is not public
        server.stop()

    def announce() -> None:
        click.echo(f"Ostiary serves {url} (docs: {url}/docs)")
        click.echo(f"policy {policy.digest} ({policy.legal_status}); log in {settings.data}")
        asked = service.second_opinion.announcement()
        if asked is not None:
            click.echo(asked)
        if settings.checkpoint is None:
            click.echo("checkpoints stay beside the log; OSTIARY_CHECKPOINT carries them away (docs/log.md)")
        click.echo("Try:")
        click.echo(curl_line(url))
        on_ready()

    for signal_ in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_, stop)
    try:
        server.run(announce if number == 0 else on_ready)
    finally:
        service.close()
    return ExitCode.OK
