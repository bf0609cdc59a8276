"""What goes wrong in the vault, in words for whoever runs it or asks for a destruction."""

from __future__ import annotations

from engine.audit.unavailable import LogUnavailable


class VaultError(LogUnavailable):
    """A key is not to be had or not the right one, or what was sealed is no longer what it was.

    Nothing was written. What the log says of its decisions can be read and proven all the same.
    """


class NotDestroyable(ValueError):  # noqa: N818  the name states the condition
    """A customer's key must be kept still: it is held, or its time is not up. Nothing was written."""


class UnknownSubject(ValueError):  # noqa: N818
    """No customer of that pseudonym has a key, or not any more. Nothing was written."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"`{subject}` has no key: it was destroyed, or is not a subject of this log")
