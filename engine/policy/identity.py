"""The identity of a policy: everything that can change a decision, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from typing import Any

from engine.language.yaml_nodes import Mapping, Node, Sequence, Unread
from engine.measures.places import Places, territories
from engine.policy.constants import Constants
from engine.program.expressions import Literal
from engine.vocabulary import read_vocabulary


def identity(semantics: str, nodes: MappingType[str, Node], constants: Constants, places: Places) -> dict[str, Any]:
    """As JSON: no comments, no layout, no tests, no paths on disk. `nodes` are the files that decide, by name."""
    return {
        "semantics": semantics,
        "vocabulary": dict(read_vocabulary().source),
        "files": {name: texts_of(node) for name, node in nodes.items()},
        "constants": {name: str(c.value) for name, c in constants.values.items() if isinstance(c, Literal)},
        "terms": {name: list(texts) for name, texts in constants.terms.items()},
        "places": " ".join(places.codes),
        "territories": {kind: dict(relations) for kind, relations in territories().items()},
    }


def texts_of(node: Node) -> object:
    """What a file says, without comments and layout."""
    if isinstance(node, Unread):
        return None
    if isinstance(node, Mapping):
        # The parameters of a function are the one mapping whose order means something.
        return {
            key.value: [[name.value, texts_of(type_)] for name, type_ in value.entries]
            if key.value == "parameters" and isinstance(value, Mapping)
            else texts_of(value)
            for key, value in node.entries
        }
    if isinstance(node, Sequence):
        return [texts_of(item) for item in node.items]
    return node.value
