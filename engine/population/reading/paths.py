"""What a column may stand for: a fact outside lists, by its path, or what is said beside the facts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from engine.accounts.layout import MALICIOUS
from engine.language.diagnostic import nearest
from engine.vocabulary.model import BOOL, DATE, Field, Type, Vocabulary

ACTION, AS_OF = "action", "as_of"


def known_paths(vocabulary: Vocabulary) -> dict[str, Type]:
    """Every path with its type, records among them: `customer.address` and `customer.address.city`."""
    beside = {ACTION: Type("enum", ACTION), AS_OF: DATE, MALICIOUS: BOOL}
    return {**beside, **dict(_paths(vocabulary, vocabulary.facts, ""))}


def pointer_of(path: str) -> str:
    """Where a path stands in a request, as a JSON Pointer."""
    return f"/{path}" if path in {ACTION, AS_OF, MALICIOUS} else "/facts/" + path.replace(".", "/")


def meant(name: str, paths: Collection[str]) -> str | None:
    """The path that somebody most likely meant: one that ends in the name, or is much like it."""
    ending = next((path for path in paths if path.endswith(f".{name}")), None)
    return ending or nearest(name, paths, 0.75)


def _paths(vocabulary: Vocabulary, fields: Mapping[str, Field], above: str) -> Iterator[tuple[str, Type]]:
    for name, field in fields.items():
        yield f"{above}{name}", field.type
        if field.type.kind == "record":
            yield from _paths(vocabulary, vocabulary.records[field.type.name].fields, f"{above}{name}.")
