"""Checkpoints carried away from the machine: to a file, which may lie on another disk, or to a web address."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from engine.audit import LogUnavailable
from engine.audit.anchor import write_anchor

_SECONDS = 5
_MOST_WORDS = 200


def publisher(target: str | None) -> Callable[[str], None] | None:
    """What publishes a note to the file or `http(s)://` address `target`; None if there is no target.

    It raises LogUnavailable when that does not work. An address gets a PUT with the note as its body.
    """
    if target is None:
        return None
    if target.startswith(("http://", "https://")):
        return lambda note: _put(target, note)
    path = Path(target).absolute()
    return lambda note: write_anchor(path, note)


def _put(url: str, note: str) -> None:
    request = urllib.request.Request(  # noqa: S310  the settings let only http and https through
        url, data=note.encode(), method="PUT", headers={"Content-Type": "text/plain; charset=utf-8"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310
            pass
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        # What an address answers that speaks no HTTP is shown, but not at any length.
        words = ascii(str(error))[1:-1][:_MOST_WORDS]
        raise LogUnavailable(
            f"the checkpoint could not be published to {url} ({words}); see that it takes a PUT. It is tried again"
        ) from error
