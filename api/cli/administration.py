"""What the commands that administer a record share: which one it is, who acts, and that every act is signed."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import attrs
import click

from api.in_force import InForce, policy_in_force
from api.record import Record, record_over
from api.recorder import Recorder
from api.settings import Settings, SettingsError, from_environment
from engine.audit import DecisionLog, LogUnavailable
from engine.audit.destroying import Destroyer
from engine.audit.store.opening import why_no_log
from engine.audit.vault import Readings

_Command = TypeVar("_Command", bound=Callable[..., Any])
KEPT_BY = "7.302(e)(2)"
"""The paragraph that says how long records are kept."""


def record_option(command: _Command) -> _Command:
    """The option `--data`; the other settings of the record come from the environment, as the service's do."""
    return click.option(
        "--data",
        metavar="DIRECTORY",
        help="Directory of all state.  [env var: OSTIARY_DATA; default: var]",
    )(command)


@attrs.frozen
class Administration:
    """A record that is open, the policy in force in it, and who acts."""

    settings: Settings
    record: Record
    in_force: InForce
    recorder: Recorder

    @property
    def log(self) -> DecisionLog:
        """The log of the record."""
        return self.record.log

    @property
    def today(self) -> date:
        """The day on which the law is read."""
        return self.recorder.today()

    def readings(self) -> Readings:
        """How long records are kept, as the policy in force reads it.

        Raises:
            click.ClickException: it does not say.
        """
        try:
            return Readings.of(self.in_force.switches)
        except ValueError as error:
            raise click.ClickException(
                f"the policy in force, {self.in_force.digest}, does not say how long records are kept ({error}); "
                "start the service with rules whose `interpretations.yaml` has Q16 and Q17"
            ) from None

    def destroyer(self) -> Destroyer:
        """Destroys what is due today."""
        return Destroyer(self.log, self.readings(), self.today, self.recorder.entry)


def settings_of(data: str | None) -> Settings:
    """The settings of the environment, with the option `--data`.

    Raises:
        click.ClickException: one is wrong.
    """
    try:
        return from_environment(os.environ, {"OSTIARY_DATA": data})
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


@contextlib.contextmanager
def administration(settings: Settings) -> Iterator[Administration]:
    """The record that the settings name, for the body alone; whatever the body appends is signed at its end.

    A record that is not there is not made.

    Raises:
        click.ClickException: there is none, it cannot be used, or it is not what was signed.
    """
    try:
        if (missing := why_no_log(settings.data, settings.log_url)) is not None:
            raise click.ClickException(missing)
        with DecisionLog.open(settings.data, settings.log_url) as log:
            opened = administration_of(log, settings)
            try:
                yield opened
            finally:
                # Also after a refusal: what had been done by then is on record, and is signed.
                note = opened.record.signatory.sign()
            _publish(opened.record, note)
    except LogUnavailable as error:
        raise click.ClickException(error.reason) from None


def administration_of(log: DecisionLog, settings: Settings) -> Administration:
    """A log that is open, as a record under the policy in force in it. Raises LogUnavailable."""
    in_force = policy_in_force(log)
    recorder = Recorder(in_force.digest, lambda: in_force.today(recorder.now), caller=f"cli:{_user()}")
    return Administration(settings, record_over(log, settings, recorder), in_force, recorder)


def shown(path: Path) -> str:
    """A path as one would type it from the working directory."""
    here = Path.cwd()
    return in_words(path.relative_to(here) if path.is_relative_to(here) else path)


def in_words(path: Path) -> str:
    """A path as text for the record; bytes of a name that are no UTF-8 are spelt out."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _publish(record: Record, note: str) -> None:
    if record.publish is None:
        return
    try:
        record.publish(note)
    except LogUnavailable as trouble:
        # What was done is done and signed; a service that runs, or the next command, publishes it.
        click.echo(f"warning: {trouble.reason}", err=True)


def _user() -> str:
    """The user of the process; the environment may say what it likes."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
