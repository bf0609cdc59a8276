"""What a population is made of, by the source that its manifest states, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.report.wording import day
from engine.population.generate import GENERATED

_NAMES = {
    "seed": "Seed of the accounts",
    "as_of": "Accounts as they stand on",
    "malicious_share": "Share labelled malicious",
    "distributions": "Distributions drawn from",
    "sha256": "SHA-256 of the file",
    "mapping": "Mapping of its columns",
    "vocabulary": "Vocabulary it was held against",
    "places": "Places it was held against",
}
"""What the parts of a source are called. Whatever else there is has the words of its key."""
_TOLD = frozenset({"kind", "generator", "name", "accounts"})
"""Parts that the first line says, and the number of accounts, which stands with the population."""


def made_of(source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each part by name and value."""
    kind = source.get("kind")
    if kind == GENERATED:
        yield "Accounts", f"made up, by version {source.get('generator', 'not stated')} of the generator"
    elif kind == "file":
        yield "Accounts", f"read from the file {source.get('name', 'not stated')}"
    else:
        yield from _flat(source, "Made of")
        return
    for key, value in source.items():
        if key in _TOLD:
            continue
        if key == "malicious_share" and isinstance(value, int | float):
            yield _NAMES[key], f"{100 * value:.6g}%"
        elif key == "as_of":
            yield _NAMES[key], day(str(value))
        elif key == "mapping" and value is None:
            yield _NAMES[key], "none: they have the names of the vocabulary"
        else:
            yield from _flat(value, _NAMES.get(key, f"Made of, {key.replace('_', ' ')}"))


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a JSON value
    """A JSON value as names and values, so that no JSON stands where a person reads."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            words = str(key).replace("_", " ")
            yield from _flat(inner, f"{name}, {words}" if name else words)
    elif isinstance(value, list | tuple):
        yield name, ", ".join(str(inner) for inner in value) or "none"
    else:
        yield (
            name,
            "not stated"
            if value is None
            else f"{value:,}"
            if type(value) is int and "seed" not in name.lower()
            else str(value),
        )
