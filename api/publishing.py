"""Checkpoints carried away from the machine: to a file, which may lie on another disk, or to a web address."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from engine.audit import LogUnavailable
from engine.audit.anchor import read_anchor, write_anchor

_SECONDS = 5
_MOST_WORDS = 200


def publisher(target: str | None) -> Callable[[str], None] | None:
    """What publishes a note to the file or `http(s)://` address `target`; None if there is no target.

    It raises LogUnavailable when that does not work. An address gets a PUT with the note as its body.
    """
    if target is None:
        return None
    path = published_file(target)
    return (lambda note: _put(target, note)) if path is None else (lambda note: _replace(path, note))


def published_file(target: str | None) -> Path | None:
    """The file that notes are published to, None if they go to an address or nowhere."""
    if target is None or target.startswith(("http://", "https://")):
        return None
    return Path(target).absolute()


def _replace(path: Path, note: str) -> None:
    """Put the note in the file, unless a newer one is there already: another process may have been quicker."""
    before = read_anchor(path)
    if before is None or not _is_newer(before.decode(errors="replace"), note):
        write_anchor(path, note)


def _is_newer(one: str, other: str) -> bool:
    """Whether the first is a note of the same log about more entries."""
    (origin, size, *_), (other_origin, other_size, *_) = [f"{note}\n\n".split("\n") for note in (one, other)]
    return origin == other_origin and size.isdecimal() and int(size) > int(other_size)


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
