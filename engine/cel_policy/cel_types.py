"""CEL types by structure: what an expression comes to, as the library names it and as CEL Policy writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

_TOKEN: Final = re.compile(r"[\w.]+|[<>,()]")
_NAMES: Final[Mapping[str, str]] = {
    "null": "null_type",
    "timestamp": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
    "any": "google.protobuf.Any",
    "bool_wrapper": "google.protobuf.BoolValue",
    "bytes_wrapper": "google.protobuf.BytesValue",
    "double_wrapper": "google.protobuf.DoubleValue",
    "int_wrapper": "google.protobuf.Int64Value",
    "string_wrapper": "google.protobuf.StringValue",
    "uint_wrapper": "google.protobuf.UInt64Value",
}
_OPTIONAL: Final = "optional_type"


@attrs.frozen
class CelType:
    """A type and the types it is made of: `map(string, int)`."""

    name: str
    parameters: tuple[CelType, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.parameters))})" if self.parameters else self.name

    @property
    def is_optional(self) -> bool:
        """Whether a value of it may be absent."""
        return self.name == _OPTIONAL

    @property
    def inner(self) -> CelType:
        """What an optional holds."""
        return self.parameters[0] if self.parameters else DYN

    def agrees_with(self, other: CelType) -> bool:
        """Whether a value of one type can stand where one of the other does: what is `dyn` agrees with anything."""
        if DYN in {self, other}:
            return True
        return (
            self.name == other.name
            and len(self.parameters) == len(other.parameters)
            and all(map(CelType.agrees_with, self.parameters, other.parameters))
        )

    @property
    def declared(self) -> dict[str, Any]:
        """The type as an environment's configuration has it."""
        if self.parameters and self.name != "type":
            return {"type_name": self.name, "params": [parameter.declared for parameter in self.parameters]}
        return {"type_name": self.name}


DYN: Final = CelType("dyn")
BOOL: Final = CelType("bool")
STRING: Final = CelType("string")


def read_type(name: str) -> CelType:
    """The type that the library calls by this name, such as `MAP<STRING, DYN>`."""
    tokens = _TOKEN.findall(name)
    return _read(tokens)


def list_of(element: CelType) -> CelType:
    """A list of such values."""
    return CelType("list", (element,))


def _read(tokens: list[str]) -> CelType:
    word = tokens.pop(0)
    name = word.lower() if word.isupper() or word == _OPTIONAL else word
    parameters = []
    if tokens and tokens[0] in "<(":
        tokens.pop(0)
        while tokens and tokens[0] not in ">)":
            if tokens[0] == ",":
                tokens.pop(0)
            parameters.append(_read(tokens))
        if tokens:
            tokens.pop(0)
    return CelType(_NAMES.get(name, name), tuple(parameters))
