"""Facts to protobuf messages, which the official runtime reads, and its values back to facts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import StringValue

from engine.language.cel_library import message_class
from engine.vocabulary import read_vocabulary
from engine.vocabulary.descriptors import cel_type
from engine.vocabulary.model import Type
from engine.vocabulary.presence import is_present

_DAY_SECONDS = 86_400
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def message(record: str, content: Mapping[str, Any]) -> Message:
    """A record of facts as a message; what is absent is not set."""
    fields = read_vocabulary().records[record].fields
    made: Message = message_class(cel_type(Type("record", record)))(
        **{name: _value(fields[name].type, value) for name, value in content.items() if is_present(value)}
    )
    return made


def given(type_: Type, value: object) -> object:
    """A single fact as the library takes it for a variable of the type that `variable_type` names."""
    made = _value(type_, value)
    # A text that is handed over as it is ends at its first NUL.
    return StringValue(value=made) if isinstance(made, str) else made


def variable_type(type_: Type) -> str:
    """The CEL type of a variable that holds such a fact."""
    name = cel_type(type_)
    return "google.protobuf.StringValue" if name == "string" else name


def taken(type_: Type, value: Any) -> Any:  # noqa: ANN401 - what the library gives, and a fact
    """A value of the library as facts have it; for a date the library is asked for its seconds."""
    if type_.kind == "date":
        return datetime.date.fromordinal(_EPOCH + value // _DAY_SECONDS).isoformat()
    return value


def _value(type_: Type, value: Any) -> Any:  # noqa: ANN401 - a fact, and its form in a message
    if type_.element is not None:
        return [_value(type_.element, element) for element in value]
    match type_.kind:
        case "record":
            return message(type_.name, value)
        case "date":
            return _timestamp((datetime.date.fromisoformat(value).toordinal() - _EPOCH) * _DAY_SECONDS)
        case "instant":
            return _timestamp(0)  # no expression looks into it: it is there
        case "object":
            return ""  # the same
        case "int":
            return int(value)  # JSON may have 2.0 where a whole number is meant, and 2 where a double is
        case "number" | "pct":
            return float(value)
    return value


def _timestamp(seconds: int) -> Message:
    return message_class("google.protobuf.Timestamp")(seconds=seconds)
