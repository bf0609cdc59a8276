"""Elements of derived lists: records that the engine works out, each with the place of the request it speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.vocabulary.model import Type


class Derived(dict[str, Any]):
    """A record of the vocabulary, read by rules like any other.

    `at` is the JSON Pointer of the facts it stands for: findings about the element, and about its fields, point there.
    `order`, `needs` (pointers of absent facts with their types) and `terms` go into every finding about the element.
    """

    # Made for every decision: `at` is set from outside, as a constructor in Python costs more than the record.
    __slots__ = ("at",)
    at: str
    order: str = ""
    needs: Sequence[tuple[str, Type]] = ()
    terms: Sequence[str] = ()


def derived(record: Mapping[str, Any], at: str) -> Derived:
    """The element that has these fields and stands for the facts at this pointer."""
    element = Derived(record)
    element.at = at
    return element


DerivedLists = Mapping[str, Sequence[Derived]]
"""Each derived list of the vocabulary by its name."""
