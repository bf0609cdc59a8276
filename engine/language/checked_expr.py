"""The wire form of a checked CEL expression (cel.expr.CheckedExpr), declared here so that it can be read.

Field names and numbers are those of cel-spec's `checked.proto` and `syntax.proto`; only what is read is declared.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory

_Proto = descriptor_pb2.FieldDescriptorProto
_KINDS = {
    "bool": _Proto.TYPE_BOOL,
    "int32": _Proto.TYPE_INT32,
    "int64": _Proto.TYPE_INT64,
    "uint64": _Proto.TYPE_UINT64,
    "double": _Proto.TYPE_DOUBLE,
    "string": _Proto.TYPE_STRING,
    "bytes": _Proto.TYPE_BYTES,
}
# message: field -> (number, type, is repeated); a type that is no kind above is a message of this file.
_MESSAGES: dict[str, dict[str, tuple[int, str, bool]]] = {
    "Constant": {
        "null_value": (1, "int32", False),
        "bool_value": (2, "bool", False),
        "int64_value": (3, "int64", False),
        "uint64_value": (4, "uint64", False),
        "double_value": (5, "double", False),
        "string_value": (6, "string", False),
        "bytes_value": (7, "bytes", False),
    },
    "Ident": {"name": (1, "string", False)},
    "Select": {"operand": (1, "Expr", False), "field": (2, "string", False), "test_only": (3, "bool", False)},
    "Call": {"target": (1, "Expr", False), "function": (2, "string", False), "args": (3, "Expr", True)},
    "CreateList": {"elements": (1, "Expr", True)},
    "Comprehension": {
        "iter_var": (1, "string", False),
        "iter_range": (2, "Expr", False),
        "accu_var": (3, "string", False),
        "accu_init": (4, "Expr", False),
        "loop_condition": (5, "Expr", False),
        "loop_step": (6, "Expr", False),
        "result": (7, "Expr", False),
    },
    "Expr": {
        "id": (2, "int64", False),
        "const_expr": (3, "Constant", False),
        "ident_expr": (4, "Ident", False),
        "select_expr": (5, "Select", False),
        "call_expr": (6, "Call", False),
        "list_expr": (7, "CreateList", False),
        "comprehension_expr": (9, "Comprehension", False),
    },
    "PositionsEntry": {"key": (1, "int64", False), "value": (2, "int32", False)},
    "SourceInfo": {"positions": (4, "PositionsEntry", True)},
    "Reference": {"name": (1, "string", False), "overload_id": (3, "string", True)},
    "ReferenceMapEntry": {"key": (1, "int64", False), "value": (2, "Reference", False)},
    "CheckedExpr": {
        "reference_map": (2, "ReferenceMapEntry", True),
        "expr": (4, "Expr", False),
        "source_info": (5, "SourceInfo", False),
    },
}
_ONEOFS = {"Constant", "Expr"}


def read_checked_expr(serialized: bytes) -> Any:  # noqa: ANN401 - a message whose class exists only at run time
    """The CheckedExpr inside the `Any` that the CEL library serialises."""
    wrapper = any_pb2.Any.FromString(serialized)
    return _CHECKED_EXPR.FromString(wrapper.value)


def _message_class() -> Any:  # noqa: ANN401 - as above
    file = descriptor_pb2.FileDescriptorProto(name="ostiary_checked.proto", package="cel", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        if name in _ONEOFS:
            message.oneof_decl.add(name="kind")
        for field_name, (number, kind, repeated) in fields.items():
            field = message.field.add(name=field_name, number=number)
            field.label = _Proto.LABEL_REPEATED if repeated else _Proto.LABEL_OPTIONAL
            if kind in _KINDS:
                field.type = _KINDS[kind]
            else:
                field.type = _Proto.TYPE_MESSAGE
                field.type_name = f".cel.{kind}"
            if name in _ONEOFS and field_name != "id":
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("cel.CheckedExpr"))


_CHECKED_EXPR = _message_class()
