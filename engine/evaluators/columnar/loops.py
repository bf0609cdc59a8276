"""Loops over the elements of a list.

Ibis names what stands for an element after a parameter of a Python function; loops inside loops need other names.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis.expr.operations as ops
import ibis.expr.types as ir

from engine.program.expressions import Element


def mapped(array: ir.ArrayValue, element: Element, body: Callable[[ir.Value], ir.Value]) -> ir.ArrayValue:
    """What the body comes to for each element; null for a list that is null."""
    parameter = _parameter(array, element)
    made: ir.ArrayValue = ops.ArrayMap(array, param=parameter, index=None, body=body(parameter.to_expr())).to_expr()
    return made


def filtered(array: ir.ArrayValue, element: Element, body: Callable[[ir.Value], ir.Value]) -> ir.ArrayValue:
    """The elements for which the body holds; null for a list that is null."""
    parameter = _parameter(array, element)
    made: ir.ArrayValue = ops.ArrayFilter(array, param=parameter, index=None, body=body(parameter.to_expr())).to_expr()
    return made


def _parameter(array: ir.ArrayValue, element: Element) -> ops.Argument:
    # Spark takes a dot in it, even between quotes, for one between a record and its field.
    name = "of_" + element.key.replace("#", "__").replace(".", "$")
    return ops.Argument(name=name, shape=array.op().shape, dtype=array.type().value_type)
