"""Vocabulary to a protobuf schema: the types by which the CEL checker knows the facts.

Scalars have explicit presence, so `has()` means what it says. A date is a timestamp at midnight UTC; a free-form object
is opaque text, since no rule may look inside it.
"""

from __future__ import annotations

from google.protobuf import descriptor_pb2, descriptor_pool, timestamp_pb2

from engine.vocabulary.model import Type, Vocabulary

PACKAGE = "facts"
_TIMESTAMP = "google.protobuf.Timestamp"
_Proto = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "bool": _Proto.TYPE_BOOL,
    "int": _Proto.TYPE_INT64,
    "number": _Proto.TYPE_DOUBLE,
    "pct": _Proto.TYPE_DOUBLE,
    "string": _Proto.TYPE_STRING,
    "place": _Proto.TYPE_STRING,
    "email": _Proto.TYPE_STRING,
    "object": _Proto.TYPE_STRING,
    "enum": _Proto.TYPE_STRING,
}


def cel_type(type_: Type) -> str:
    """The name of a type in the CEL type system, as `cel.Type` takes it."""
    if type_.element is not None:
        return f"list({cel_type(type_.element)})"
    if type_.kind == "record":
        return f"{PACKAGE}.{type_.name}"
    if type_.kind in {"date", "instant"}:
        return _TIMESTAMP
    return {"bool": "bool", "int": "int", "number": "double", "pct": "double"}.get(type_.kind, "string")


def descriptor_pool_of(vocabulary: Vocabulary) -> descriptor_pool.DescriptorPool:
    """One protobuf message for each record, named `facts.<record>`."""
    file = descriptor_pb2.FileDescriptorProto(name="facts.proto", package=PACKAGE, syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    for record in vocabulary.records.values():
        message = file.message_type.add(name=record.name)
        for number, field in enumerate(record.fields.values(), 1):
            element = field.type.element
            repeated = element is not None
            _add_field(message, field.name, number, element or field.type, repeated=repeated)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add_field(message: descriptor_pb2.DescriptorProto, name: str, number: int, type_: Type, *, repeated: bool) -> None:
    field = message.field.add(name=name, number=number)
    field.label = _Proto.LABEL_REPEATED if repeated else _Proto.LABEL_OPTIONAL
    if type_.kind in {"record", "date", "instant"}:
        field.type = _Proto.TYPE_MESSAGE
        field.type_name = "." + cel_type(type_)
        return
    field.type = _SCALARS[type_.kind]
    if not repeated:
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")
