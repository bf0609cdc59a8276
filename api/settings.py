"""The environment to Settings: every `OSTIARY_*` variable, checked once at the start."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

import engine

_HOME = Path(engine.__file__).resolve().parents[1]
"""Where `rules/` and `jurisdictions/` lie: beside the engine package in a checkout, an editable install and a wheel."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts the service may listen on. It has no doors yet, so nobody beyond this machine may knock."""

LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """A setting is wrong; the text names it, says what is wrong and what to do."""


@attrs.frozen
class Settings:
    """Where the service finds and keeps things, and how it listens. Paths are absolute.

    `rules` are the base and what is laid over it, in order; `data` holds all state; `port` 0 lets the system choose;
    `threads` is how many requests are worked on at a time.
    """

    data: Path
    rules: tuple[Path, ...]
    jurisdictions: Path
    host: str = "127.0.0.1"
    port: int = 8080
    threads: int = 8
    log_level: str = "info"


VARIABLES = {
    "OSTIARY_DATA": "directory of all state, above all the decision log; default `var` in the working directory",
    "OSTIARY_RULES": (
        "directory of rule files, then those laid over it, joined as in PATH; default the rules that come with Ostiary"
    ),
    "OSTIARY_JURISDICTIONS": "directory of places and special measures; default the one that comes with Ostiary",
    "OSTIARY_HOST": "address to listen on, one of 127.0.0.1, ::1, localhost; default 127.0.0.1",
    "OSTIARY_PORT": "port to listen on, 0 to 65535, 0 for any free one; default 8080",
    "OSTIARY_THREADS": "requests worked on at a time, 1 to 256; default 8",
    "OSTIARY_LOG_LEVEL": "what is written to standard error: debug, info, warning or error; default info",
}
"""Every variable with what it means; docs/http.md lists them."""


def default_rules() -> Path:
    """The rules that come with Ostiary."""
    return _HOME / "rules"


def default_jurisdictions() -> Path:
    """The places and measures that come with Ostiary."""
    return _HOME / "jurisdictions"


def from_environment(
    environ: Mapping[str, str],
    given: Mapping[str, str | None] | None = None,
    *,
    rules: Sequence[Path] = (),
    jurisdictions: Path | None = None,
) -> Settings:
    """Settings from `OSTIARY_*` variables.

    Args:
        environ: the environment; an empty value counts as not set.
        given: values that win over the environment, by the same names; None counts as not given.
        rules: directories that win over OSTIARY_RULES, when there are any.
        jurisdictions: the directory that wins over OSTIARY_JURISDICTIONS.

    Raises:
        SettingsError: the first wrong setting.
    """
    values = {name: value for name, value in environ.items() if name.startswith("OSTIARY_") and value}
    values |= {name: value for name, value in (given or {}).items() if value is not None}
    _refuse_misspelt(values)
    return Settings(
        data=Path(values.get("OSTIARY_DATA", "var")).absolute(),
        rules=tuple(_directory("OSTIARY_RULES", path) for path in rules or _paths(values.get("OSTIARY_RULES"))),
        jurisdictions=_directory(
            "OSTIARY_JURISDICTIONS", jurisdictions or values.get("OSTIARY_JURISDICTIONS") or default_jurisdictions()
        ),
        host=_host(values.get("OSTIARY_HOST", "127.0.0.1")),
        port=_number("OSTIARY_PORT", values, 8080, 0, 65535),
        threads=_number("OSTIARY_THREADS", values, 8, 1, 256),
        log_level=_word("OSTIARY_LOG_LEVEL", values, "info", LOG_LEVELS),
    )


def _refuse_misspelt(values: Mapping[str, str]) -> None:
    # A container platform may put variables of its own beside ours, so only a near miss is taken for a mistake.
    for name in sorted(values.keys() - VARIABLES.keys()):
        near = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.85)
        if near:
            raise SettingsError(f"{name} is not a setting; did you mean {near[0]}?")


def _paths(value: str | None) -> list[Path]:
    if value is None:
        return [default_rules()]
    parts = value.split(os.pathsep)
    # An empty part would be the working directory, which nobody means.
    if "" in parts:
        raise SettingsError(
            f"OSTIARY_RULES is `{value}`, and names no directory in one place; leave out a `{os.pathsep}`"
        )
    return [Path(part) for part in parts]


def _directory(name: str, given: str | Path) -> Path:
    path = Path(given).absolute()
    if not path.is_dir():
        raise SettingsError(f"{name} is `{path}`, which is not a directory; give the path of an existing one")
    return path


def _host(value: str) -> str:
    if value not in LOOPBACK:
        known = ", ".join(LOOPBACK)
        raise SettingsError(
            f"OSTIARY_HOST is `{value}`, and the service listens on this machine only, because it does not yet ask "
            f"callers who they are; give one of {known}, and put an authenticating proxy before it for other machines"
        )
    return value


def _number(name: str, values: Mapping[str, str], default: int, least: int, most: int) -> int:
    text = values.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
        raise SettingsError(f"{name} is `{text}`; give a whole number from {least} to {most}")
    return int(text)


def _word(name: str, values: Mapping[str, str], default: str, known: tuple[str, ...]) -> str:
    text = values.get(name, default).lower()
    if text not in known:
        raise SettingsError(f"{name} is `{text}`; give one of {', '.join(known)}")
    return text
