"""A case as the inputs of exported documents: plain maps in which what is missing does not stand at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.cel_policy.export import AT
from engine.vocabulary import Vocabulary
from engine.vocabulary.derived import DerivedLists
from engine.vocabulary.model import Type
from engine.vocabulary.presence import is_present


def inputs_of(
    action: str, as_of: str, facts: Mapping[str, Any], derived: DerivedLists, vocabulary: Vocabulary
) -> dict[str, Any]:
    """The value of every variable of `configuration_of`.

    `null`, an empty list and a record that says nothing are left out, a part of the facts that is missing is an empty
    map, a number that need not be whole is a double, and an element of a derived list has its pointer under `at`.
    """
    return {
        "action": action,
        "as_of": as_of,
        **{name: _plain(facts.get(name) or {}, field.type, vocabulary) for name, field in vocabulary.facts.items()},
        **{
            name: [{**_plain(element, _element(field.type), vocabulary), AT: element.at} for element in derived[name]]
            for name, field in vocabulary.derived.items()
        },
    }


def _plain(value: Any, type_: Type, vocabulary: Vocabulary) -> Any:  # noqa: ANN401 - as the type has it
    if type_.kind == "record":
        fields = vocabulary.records[type_.name].fields
        return {key: _plain(part, fields[key].type, vocabulary) for key, part in value.items() if is_present(part)}
    if type_.element is not None:
        return [_plain(item, type_.element, vocabulary) for item in value]
    if type_.kind in {"number", "pct"}:
        return float(value)
    # No rule looks inside a free-form object: all that can be asked is whether it is there.
    return True if type_.kind == "object" else value


def _element(type_: Type) -> Type:
    assert type_.element is not None
    return type_.element
