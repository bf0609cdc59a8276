"""Which customer a command is about: by pseudonym, or by the provider's own id."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from engine.audit.vault import Vault

_Command = TypeVar("_Command", bound=Callable[..., Any])
_SUBJECT = re.compile(r"[0-9a-f]{32}")


class _TextType(click.ParamType[str]):
    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail(f"{value!a} is not UTF-8, and could not be put on record; type it in UTF-8", param, ctx)
        if not value.strip():
            self.fail("it is empty; say it in words", param, ctx)
        return str(value)


TEXT: Final = _TextType()
"""Text that goes into the log or names a customer."""


def subject_options(command: _Command) -> _Command:
    """The argument SUBJECT and the option `--customer`, one of which is given."""
    argument = click.argument("subject", required=False)
    option = click.option(
        "--customer", type=TEXT, metavar="ID", help="The customer's `customer.id`, in place of a pseudonym."
    )
    return argument(option(command))


def check_subject(subject: str) -> str:
    """A pseudonym as it was typed.

    Raises:
        click.UsageError: it cannot be one.
    """
    if not _SUBJECT.fullmatch(subject):
        raise click.UsageError(
            f"`{subject}` is no pseudonym, which has 32 hexadecimal digits; `ostiary retention due --all` lists them, "
            "and --customer takes the provider's own id"
        )
    return subject


def subject_of(vault: Vault, subject: str | None, customer: str | None) -> str:
    """The pseudonym of the customer that is meant.

    Raises:
        click.ClickException: none or two are named, or there is no key of that customer.
    """
    if (subject is None) == (customer is None):
        raise click.UsageError("name one customer, by its pseudonym or with --customer")
    if subject is not None:
        return check_subject(subject)
    assert customer is not None
    found = vault.subject_of(customer)
    if found is None:
        raise click.ClickException(
            "no customer of that id has a key: it was destroyed, or no request with that `customer.id` was recorded"
        )
    return found
