"""Conditions in the words of rule files, evaluated by the official CEL runtime on messages made of the facts."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from google.protobuf import message_factory
from google.protobuf.timestamp_pb2 import Timestamp

from bench.agreement.words import VOCABULARY
from engine.language.cel import root_types
from engine.language.cel_library import environment
from engine.language.names import FunctionType
from engine.vocabulary import Type
from engine.vocabulary.derived import DerivedLists
from engine.vocabulary.descriptors import PACKAGE, cel_type, descriptor_pool_of
from engine.vocabulary.presence import is_present

Attributes = Mapping[str, Mapping[str, frozenset[str]]]
_POOL = descriptor_pool_of(VOCABULARY)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def element_name(record: str) -> str:
    """What a condition calls the element of a rule's list."""
    return f"element_of_{record}"


class OfficialCel:
    """Evaluates conditions that mention facts only. `within` maps a place to the places in it."""

    def __init__(self, within: Mapping[str, frozenset[str]], attributes: Attributes) -> None:
        elements = {element_name(record): cel_type(Type("record", record)) for record in VOCABULARY.records}
        functions = (
            _method("within", ("string",) * 2, lambda place, region: place in within[region]),
            _method("has_attribute", ("string",) * 3, lambda place, name, value: place in attributes[name][value]),
        )
        self.knows = (within, attributes)
        self._environment = environment({**root_types(VOCABULARY), **elements}, functions)
        self._compiled = lru_cache(maxsize=4096)(self._environment.compile)

    def holds(self, condition: str, given: Mapping[str, Any]) -> bool:
        """Whether the condition is true; `given` is what `activation` makes. Raises when CEL gives an error."""
        value = self._compiled(condition).eval(data=given).plain_value()
        if not isinstance(value, bool):
            raise TypeError(f"official CEL gives {value!r} for {condition}")
        return value


def official_cel(within: Mapping[str, frozenset[str]], attributes: Attributes) -> OfficialCel:
    """The one for these places: making it costs more than what a small program asks of it."""
    known = next((made for made in _MADE if made.knows == (within, attributes)), None)
    if known is None:
        known = OfficialCel(within, attributes)
        _MADE.append(known)
    return known


_MADE: list[OfficialCel] = []


def activation(facts: Mapping[str, Any], as_of: str, action: str, derived: DerivedLists) -> dict[str, Any]:
    """Everything an expression may mention, as the official runtime takes it."""
    roots = {name: message(field.type.name, facts.get(name) or {}) for name, field in VOCABULARY.facts.items()}
    lists = {name: _messages(field.type, derived[name]) for name, field in VOCABULARY.derived.items()}
    return {**roots, **lists, "as_of": _timestamp(as_of), "action": action}


def message(record: str, content: Mapping[str, Any]) -> Any:
    """A record of facts as a message; what is absent is not set."""
    made = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{record}"))()
    for name, value in content.items():
        if is_present(value):
            _set(made, name, VOCABULARY.records[record].fields[name].type, value)
    return made


def _messages(type_: Type, elements: Sequence[Mapping[str, Any]]) -> list[Any]:
    assert type_.element is not None
    return [message(type_.element.name, element) for element in elements]


def _set(made: Any, name: str, type_: Type, value: Any) -> None:
    if type_.element is not None:
        getattr(made, name).extend(_messages(type_, value) if type_.element.kind == "record" else value)
    elif type_.kind == "record":
        getattr(made, name).CopyFrom(message(type_.name, value))
    elif type_.kind in {"date", "instant"}:
        getattr(made, name).seconds = _timestamp(value).seconds
    else:
        setattr(made, name, str(value) if type_.kind == "object" else value)


def _timestamp(text: str) -> Timestamp:
    """A day, or an instant, whose fractions of a second no condition can see."""
    day = datetime.datetime.fromisoformat(text)
    at = day.replace(tzinfo=datetime.UTC) if day.tzinfo is None else day
    return Timestamp(seconds=(at - _EPOCH) // datetime.timedelta(seconds=1))


def _method(name: str, parameters: tuple[str, ...], meaning: Callable[..., bool]) -> FunctionType:
    return FunctionType(name, name, parameters, "bool", is_method=True, meaning=meaning)
