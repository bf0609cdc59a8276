"""The environment of a plain document: what its expressions may mention, as `config.yaml` of cel-policy declares it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from engine.cel_policy.cel_types import CelType
from engine.language.cel_library import configured_environment
from engine.vocabulary.explain import Shape

_ALWAYS: Final = ("optional", "bindings")
"""Extensions that CEL Policy rests on itself, so that no configuration needs to name them."""
_KINDS: Final[Sequence[Mapping[str, Any]]] = (
    *({"type_name": name} for name in ("bool", "int", "uint", "double", "string", "bytes", "null_type")),
    {"type_name": "google.protobuf.Timestamp"},
    {"type_name": "google.protobuf.Duration"},
    {"type_name": "list", "params": [{"type_name": "dyn"}]},
    {"type_name": "map", "params": [{"type_name": "dyn"}, {"type_name": "dyn"}]},
)
_OF_KIND: Final = "__kind"
_WELL_KNOWN: Final = "google.protobuf."


_NAMED: Final[dict[str, Any]] = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
_TYPE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type_name"],
    "properties": {
        "type_name": {"type": "string"},
        "params": {"type": "array", "items": {"$ref": "#/$defs/type"}},
    },
}
CONFIGURATION: Final = Shape(
    {
        "type": "object",
        "$defs": {"type": _TYPE},
        "properties": {
            "name": {"type": "string"},
            "container": {"type": "string"},
            "extensions": {"type": "array", "items": _NAMED},
            "stdlib": {"type": "object"},
            "context_variable": {"$ref": "#/$defs/type"},
            "variables": {
                "type": "array",
                "items": {
                    **_NAMED,
                    "anyOf": [{"required": ["type_name"]}, {"required": ["type"]}],
                    "properties": {
                        **_TYPE["properties"],
                        "name": {"type": "string"},
                        "type": {"$ref": "#/$defs/type"},
                    },
                },
            },
            "functions": {
                "type": "array",
                "items": {
                    **_NAMED,
                    "required": ["name", "overloads"],
                    "properties": {
                        "name": {"type": "string"},
                        "overloads": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["id", "return"],
                                "properties": {
                                    "id": {"type": "string"},
                                    "args": {"type": "array", "items": {"$ref": "#/$defs/type"}},
                                    "return": {"$ref": "#/$defs/type"},
                                },
                            },
                        },
                    },
                },
            },
        },
    }
)
"""What is read of a `config.yaml`; the library judges the rest."""


@attrs.frozen(eq=False)
class Configuration:
    """A configuration as read. `meanings` are what the runtime calls for its functions, by the id of the overload.

    `imports` are full names of types that go by their last part.
    """

    content: Mapping[str, Any]
    meanings: Mapping[str, Callable[..., Any]] = attrs.field(factory=dict)
    imports: Sequence[str] = ()
    _environments: dict[tuple[tuple[str, CelType], ...], Any] = attrs.field(factory=dict, init=False)

    def environment(self, variables: Mapping[str, CelType]) -> Any:  # noqa: ANN401 - the library's environment
        """What expressions are compiled in that may mention these variables, too.

        Raises RuntimeError or ValueError with the library's complaints when the configuration is none.
        """
        key = tuple(sorted(variables.items(), key=lambda entry: entry[0]))
        if key not in self._environments:
            added = [{"name": name, **type_.declared} for name, type_ in key]
            functions = [
                {**function, "overloads": list(_by_kind(function, self.meanings))}
                for function in self._entries("functions")
            ]
            named = {str(extension.get("name")) for extension in self._entries("extensions")}
            self._environments[key] = configured_environment(
                {
                    **self.content,
                    "functions": functions,
                    "variables": [*self._entries("variables"), *added],
                    "extensions": [
                        *self._entries("extensions"),
                        *({"name": name} for name in _ALWAYS if name not in named),
                    ],
                },
                abbreviations=self.imports,
                meanings={
                    id_: self.meanings[id_.partition(_OF_KIND)[0]]
                    for function in functions
                    for overload in function["overloads"]
                    if (id_ := str(overload.get("id"))).partition(_OF_KIND)[0] in self.meanings
                },
            )
        return self._environments[key]

    @property
    def messages(self) -> frozenset[str]:
        """Names of the protobuf messages that it declares values of, beside the well-known ones."""
        return frozenset(name for name in _types_in(self.content) if "." in name and not name.startswith(_WELL_KNOWN))

    @property
    def variables(self) -> dict[str, CelType]:
        """The variables it declares, with their types."""
        return {str(entry.get("name")): _declared(entry.get("type", entry)) for entry in self._entries("variables")}

    def _entries(self, key: str) -> list[Mapping[str, Any]]:
        listed = self.content.get(key)
        return [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []


def _declared(type_: Mapping[str, Any]) -> CelType:
    return CelType(str(type_.get("type_name")), tuple(_declared(parameter) for parameter in type_.get("params", [])))


def _types_in(content: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a configuration
    if isinstance(content, Mapping):
        if isinstance(content.get("type_name"), str):
            yield content["type_name"]
        for value in content.values():
            yield from _types_in(value)
    elif isinstance(content, list):
        for item in content:
            yield from _types_in(item)


def _by_kind(function: Mapping[str, Any], meanings: Mapping[str, Callable[..., Any]]) -> Iterator[dict[str, Any]]:
    """The overloads of a function, one for each kind of value where it takes any.

    The runtime looks for the overload of the value that it has, and finds none that takes `dyn`.
    """
    for overload in function.get("overloads", []):
        arguments = overload.get("args", [])
        kinds = [_KINDS if argument.get("type_name") == "dyn" else (argument,) for argument in arguments]
        if overload.get("id") not in meanings or all(len(choices) == 1 for choices in kinds):
            yield dict(overload)
            continue
        for number, chosen in enumerate(itertools.product(*kinds)):
            yield {**overload, "id": f"{overload['id']}{_OF_KIND}{number}", "args": list(chosen)}
