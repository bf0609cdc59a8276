"""The yardstick: expressions evaluated by the official CEL runtime, on protobuf messages built from the same facts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from cel_expr_python import cel
from google.protobuf import message_factory

from engine.language.cel import root_types
from engine.vocabulary import Type, read_vocabulary
from engine.vocabulary.descriptors import PACKAGE, cel_type, descriptor_pool_of
from engine.vocabulary.presence import is_present

_VOCABULARY = read_vocabulary()
_POOL = descriptor_pool_of(_VOCABULARY)
_TIMESTAMP = "google.protobuf.Timestamp"


class OfficialCel:
    """Evaluates conditions. `within` maps a place to the places in it; each condition is compiled once."""

    def __init__(self, within: Mapping[str, frozenset[str]], loop_types: Mapping[str, str] | None = None) -> None:
        self._within = within
        types = {**root_types(_VOCABULARY), **(loop_types or {})}
        self._env = cel.NewEnv(
            descriptor_pool=_POOL,
            variables={name: _type(type_) for name, type_ in types.items()},
            functions=[
                _function(
                    "within",
                    ("string", "string"),
                    "bool",
                    lambda place, region: place in within[region],
                    is_member=True,
                ),
                _function("date", ("string",), _TIMESTAMP, _day),
                _function("calendar.days_between", (_TIMESTAMP, _TIMESTAMP), "int", lambda a, b: (b - a).days),
            ],
        )
        self._compiled: dict[str, Any] = {}

    def holds(self, condition: str, given: Mapping[str, Any]) -> bool:
        """Whether the condition is true; `given` is what `activation` makes. Raises when CEL gives an error."""
        if condition not in self._compiled:
            self._compiled[condition] = self._env.compile(condition)
        value = self._compiled[condition].eval(data=given)
        assert value.type() == cel.Type.BOOL, f"{condition} gives {value.plain_value()}"
        return value.plain_value()


def activation(
    facts: Mapping[str, Any], as_of: str, action: str, derived: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    """Everything an expression may mention, as the official runtime takes it."""
    roots = {name: message(field.type.name, facts.get(name) or {}) for name, field in _VOCABULARY.facts.items()}
    listed = {
        name: [message(field.type.element.name, element) for element in derived[name]]
        for name, field in _VOCABULARY.derived.items()
        if field.type.element is not None
    }
    return {**roots, "as_of": _day(as_of), "action": action, **listed}


def message(record: str, content: Mapping[str, Any]) -> Any:
    """A record of facts as a message; what is absent is not set."""
    made = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{record}"))()
    for name, value in content.items():
        if is_present(value):
            _set(made, name, _VOCABULARY.records[record].fields[name].type, value)
    return made


def _set(made: Any, name: str, type_: Type, value: Any) -> None:
    if type_.element is not None:
        for element in value:
            if type_.element.kind == "record":
                getattr(made, name).append(message(type_.element.name, element))
            else:
                getattr(made, name).append(element)
    elif type_.kind == "record":
        getattr(made, name).CopyFrom(message(type_.name, value))
    elif type_.kind in {"date", "instant"}:
        day = datetime.datetime.fromisoformat(value)
        at = day.replace(tzinfo=datetime.UTC) if day.tzinfo is None else day
        getattr(made, name).seconds = int(at.timestamp())
    else:
        setattr(made, name, str(value) if type_.kind == "object" else value)


def _day(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def _function(name: str, parameters: tuple[str, ...], result: str, impl: Any, *, is_member: bool = False) -> Any:
    overload = cel.Overload(
        id=name.replace(".", "_"),
        return_type=_type(result),
        parameters=[_type(parameter) for parameter in parameters],
        is_member=is_member,
        impl=impl,
    )
    return cel.FunctionDecl(name, [overload])


def _type(name: str) -> Any:
    return cel.Type.List(_type(name[5:-1])) if name.startswith("list(") else cel.Type(name)


def record_type(record: str) -> str:
    """The CEL type of a record."""
    return cel_type(Type("record", record))
