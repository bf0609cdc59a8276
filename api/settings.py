"""The environment to Settings: every `OSTIARY_*` variable, checked once at the start."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

import engine
from engine.evaluators.registry import for_services, obstacle_to_serving

_HOME = Path(engine.__file__).resolve().parents[1]
"""Where `rules/` and `jurisdictions/` lie: beside the engine package in a checkout, an editable install and a wheel."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts the service may listen on. It has no doors yet, so nobody beyond this machine may knock."""

DECIDES = "compiled"
"""The evaluator that decides where no other is named."""

LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """A setting is wrong; the text names it, says what is wrong and what to do."""


@attrs.frozen
class Settings:
    """Where the service finds and keeps things, and how it listens. Paths are absolute.

    `rules` are the base and what is laid over it, in order; `data` holds all state; `port` 0 lets the system choose;
    `evaluator` is the name of the one that decides; `threads` is how many requests each of `processes` works on at a
    time. `log_url` is the PostgreSQL database that holds the log, None for files in `data`; `log_origin` the name it is
    signed under, `log_key` the file of the key that signs; `kek_file` or `kek` (base64) the key that locks customers'
    keys; `checkpoint` the file or address that checkpoints go to besides the one in `data`; `start_check` how much of
    the log is read first; `caller_header` the header by which a proxy names callers. `second_opinion` is the percentage
    of decisions that other evaluators are asked about afterwards; with `strict_second_opinion` they are asked about
    each before it is given.
    """

    data: Path
    rules: tuple[Path, ...]
    jurisdictions: Path
    evaluator: str = DECIDES
    host: str = "127.0.0.1"
    port: int = 8080
    threads: int = 8
    processes: int = 1
    log_level: str = "info"
    log_url: str | None = attrs.field(default=None, repr=False)
    log_origin: str | None = None
    log_key: Path | None = None
    kek_file: Path | None = None
    kek: str | None = attrs.field(default=None, repr=False)
    checkpoint: str | None = None
    start_check: str = "full"
    caller_header: str | None = None
    second_opinion: float = 1.0
    strict_second_opinion: bool = False


VARIABLES = {
    "OSTIARY_DATA": "directory of all state, above all the decision log; default `var` in the working directory",
    "OSTIARY_LOG": "PostgreSQL database of the log, `postgresql://user@host/name`; default files in OSTIARY_DATA",
    "OSTIARY_LOG_ORIGIN": "name the log is signed under, such as `ostiary.example.com/audit`; default a random one",
    "OSTIARY_LOG_KEY": "file of the key that signs the log, made on the first start; default `log.key` in OSTIARY_DATA",
    "OSTIARY_KEK_FILE": (
        "file of the key that locks customers' keys, made on the first start; default `kek.key` in OSTIARY_DATA"
    ),
    "OSTIARY_KEK": "that key itself, base64 of 32 bytes, in place of a file",
    "OSTIARY_CHECKPOINT": (
        "file, or http or https address that takes a PUT, for every signed checkpoint; default only `checkpoint` in "
        "OSTIARY_DATA"
    ),
    "OSTIARY_START_CHECK": (
        "how much of the log is read before decisions are given: full, all of it, or tail, the last 256 entries; "
        "default full"
    ),
    "OSTIARY_CALLER_HEADER": (
        "header in which the proxy before the service names the caller, for the record; default the caller's address"
    ),
    "OSTIARY_RULES": (
        "directory of rule files, then those laid over it, joined as in PATH; default the rules that come with Ostiary"
    ),
    "OSTIARY_JURISDICTIONS": "directory of places and special measures; default the one that comes with Ostiary",
    "OSTIARY_EVALUATOR": f"evaluator that decides, one of {', '.join(for_services())}; default {DECIDES}",
    "OSTIARY_HOST": "address to listen on, one of 127.0.0.1, ::1, localhost; default 127.0.0.1",
    "OSTIARY_PORT": "port to listen on, 0 to 65535, 0 for any free one; default 8080",
    "OSTIARY_THREADS": "requests worked on at a time, 1 to 256; default 8",
    "OSTIARY_PROCESSES": "processes that serve on one log, 1 to 64; default 1",
    "OSTIARY_SECOND_OPINION": (
        "percentage of decisions that the other evaluators are asked about after the answer, 0 to 100; default 1"
    ),
    "OSTIARY_STRICT_SECOND_OPINION": (
        "1 to ask them about every decision before the answer, which is `review` when they differ; default 0"
    ),
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
        evaluator=_evaluator(values),
        host=_host(values.get("OSTIARY_HOST", "127.0.0.1")),
        port=_number("OSTIARY_PORT", values, 8080, 0, 65535),
        threads=_number("OSTIARY_THREADS", values, 8, 1, 256),
        processes=_number("OSTIARY_PROCESSES", values, 1, 1, 64),
        log_level=_word("OSTIARY_LOG_LEVEL", values, "info", LOG_LEVELS),
        log_url=_database(values.get("OSTIARY_LOG")),
        log_origin=values.get("OSTIARY_LOG_ORIGIN"),
        log_key=_file(values.get("OSTIARY_LOG_KEY")),
        kek_file=_file(values.get("OSTIARY_KEK_FILE")),
        kek=values.get("OSTIARY_KEK"),
        checkpoint=_target(values.get("OSTIARY_CHECKPOINT")),
        start_check=_word("OSTIARY_START_CHECK", values, "full", ("full", "tail")),
        caller_header=_header(values.get("OSTIARY_CALLER_HEADER")),
        second_opinion=_percentage("OSTIARY_SECOND_OPINION", values, "1"),
        strict_second_opinion=_word("OSTIARY_STRICT_SECOND_OPINION", values, "0", ("0", "1")) == "1",
    )


def _database(value: str | None) -> str | None:
    # A URL may hold a password, so it is not repeated.
    if value is not None and not value.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            "OSTIARY_LOG is not a `postgresql://` URL; give one, or leave it out to keep the log in files"
        )
    return value


def _file(value: str | None) -> Path | None:
    return None if value is None else Path(value).absolute()


def _target(value: str | None) -> str | None:
    if value is not None and re.match(r"[a-z][a-z0-9+.-]*://", value) and not value.startswith(("http://", "https://")):
        raise SettingsError(f"OSTIARY_CHECKPOINT is `{value}`; give the path of a file, or an http or https address")
    return value


def _header(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[A-Za-z0-9-]{1,64}", value):
        raise SettingsError(
            f"OSTIARY_CALLER_HEADER is `{value}`, which is no name of a header; give one like `X-Caller`"
        )
    return value


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


def _evaluator(values: Mapping[str, str]) -> str:
    name = values.get("OSTIARY_EVALUATOR", DECIDES).lower()
    obstacle = obstacle_to_serving(name)
    if obstacle is not None:
        raise SettingsError(f"OSTIARY_EVALUATOR: {obstacle}")
    return name


def _number(name: str, values: Mapping[str, str], default: int, least: int, most: int) -> int:
    text = values.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
        raise SettingsError(f"{name} is `{text}`; give a whole number from {least} to {most}")
    return int(text)


def _percentage(name: str, values: Mapping[str, str], default: str) -> float:
    text = values.get(name, default)
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?", text) or float(text) > 100:
        sign = " without the %" if text.endswith("%") else ""
        raise SettingsError(f"{name} is `{text}`; give a number from 0 to 100{sign}, such as 0.5")
    return float(text)


def _word(name: str, values: Mapping[str, str], default: str, known: tuple[str, ...]) -> str:
    text = values.get(name, default).lower()
    if text not in known:
        raise SettingsError(f"{name} is `{text}`; give one of {', '.join(known)}")
    return text
