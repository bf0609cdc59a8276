"""The expression suite of CEL (cel-spec, `tests/simple/testdata`), over our front end and the compiled evaluator.

https://github.com/cel-expr/cel-spec/blob/master/proto/cel/expr/conformance/test/simple.proto says what a file holds. A
test whose expression our language refuses is left out under the name of what it does without; every expression that it
accepts has to give the suite's result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.conformance.language_subset import (
    NotInLanguageError,
    UnfitValueError,
    compile_plain,
    declare,
    evaluate_plain,
)
from engine.conformance.results import COMPILED, Case, FileResult
from engine.conformance.textproto import Message, Value, Word, read_textproto

NAME: Final = "CEL expressions"
_PRIMITIVES: Final = {
    "BOOL": "bool",
    "INT64": "int",
    "UINT64": "uint",
    "DOUBLE": "double",
    "STRING": "string",
    "BYTES": "bytes",
}
_LIBRARIES: Final = (("_ext", "functions and macros of other libraries"), ("optionals", "optional values"))
"""What a whole file is about, by the end of its name."""
_KINDS: Final[Mapping[str, type]] = {
    "bool_value": bool,
    "int64_value": int,
    "double_value": float,
    "string_value": str,
}


def run_file(path: Path) -> FileResult:
    """Every test of a file, or TextprotoError or OSError when it cannot be read."""
    file = read_textproto(str(path), path.read_text("utf-8"))
    library = next((feature for ending, feature in _LIBRARIES if path.stem.endswith(ending)), "")
    return FileResult(
        suite=NAME,
        file=path.name,
        cases=tuple(
            _run(f"{section.text('name')}/{test.text('name')}", test, library)
            for section in file.messages("section")
            for test in section.messages("test")
        ),
    )


def _run(name: str, test: Message, library: str) -> Case:
    try:
        wrong = _difference(test)
    except NotInLanguageError as left_out:
        # What is complained about first in a use of a library may be anything.
        return Case(name, COMPILED, "skip", library or str(left_out))
    except UnfitValueError as unfit:
        wrong = str(unfit)
    return Case(name, COMPILED, "fail" if wrong else "pass", wrong)


def _difference(test: Message) -> str:
    """What is not as the suite has it; empty when all is. Raises NotInLanguageError when that cannot be told."""
    variables = {entry.text("name"): _declared_type(entry) for entry in test.messages("type_env")}
    declared = declare({name: type_ for name, type_ in variables.items() if type_})
    expression = test.text("expr")
    if any(name.startswith(f"{test.text('container')}.") for name in variables):
        # A short name would mean one of these first: our language has no containers.
        raise NotInLanguageError("containers")
    declared.refuse_foreign(expression)
    lowered, type_ = compile_plain(expression, declared.scope)
    deduced = test.message("typed_result")
    if deduced is not None and (wanted := deduced.message("deduced_type")) is not None:
        expected = _type_name(wanted)
        if expected != type_:
            return f"the type is `{type_}`, and `{expected}` is expected"
    if test.flag("check_only"):
        return ""
    bindings = {entry.text("key"): entry.message("value") for entry in test.messages("bindings")}
    values = {name: _bound(bound) for name, bound in bindings.items() if name in variables}
    result = evaluate_plain(lowered, values)
    return _held_against(result, test, deduced)


def _held_against(result: Any, test: Message, typed: Message | None) -> str:  # noqa: ANN401 - any result
    expected = test.message("value") if typed is None else typed.message("result")
    if expected is None:
        failing = next(
            (kind for kind in ("eval_error", "any_eval_errors", "unknown", "any_unknowns") if test.has(kind)), None
        )
        # Without any expectation, the result is to be true.
        return (
            f"it comes to {result!r}, and `{failing}` is expected" if failing else _unless_equal(result, expected=True)
        )
    kind, value = expected.fields[0] if expected.fields else ("", b"")
    if kind not in _KINDS:
        return f"it comes to {result!r}, and a `{kind}` is expected"
    return _unless_equal(result, expected=_python(kind, value))


def _unless_equal(result: Any, *, expected: Any) -> str:  # noqa: ANN401 - any result
    are_same = type(result) is type(expected) and (
        result == expected or (isinstance(result, float) and math.isnan(result) and math.isnan(expected))
    )
    return "" if are_same else f"it comes to {result!r}, and {expected!r} is expected"


def _python(kind: str, value: Value) -> Any:  # noqa: ANN401 - as the kind has it
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Word):
        return {"true": True, "false": False}.get(value.text, value.text) if kind == "bool_value" else _double(value)
    return float(value) if kind == "double_value" and isinstance(value, int | float) else value


def _double(word: Word) -> float | str:
    try:
        return float(word.text)
    except ValueError:
        return word.text


def _bound(entry: Message | None) -> Any:  # noqa: ANN401 - as the suite has it
    value = None if entry is None else entry.message("value")
    if value is None or not value.fields:
        return None
    kind, content = value.fields[0]
    if kind == "list_value" and isinstance(content, Message):
        return [_python(*item.fields[0]) for item in content.messages("values") if item.fields]
    return _python(kind, content)


def _declared_type(declaration: Message) -> str:
    ident = declaration.message("ident")
    found = None if ident is None else ident.message("type")
    return "" if found is None else _type_name(found)


def _type_name(type_: Message) -> str:
    """A `cel.expr.Type` as CEL writes it; the name of its kind when our language has nothing like it."""
    kind, value = type_.fields[0] if type_.fields else ("dyn", Word(""))
    if kind == "primitive" and isinstance(value, Word):
        return _PRIMITIVES.get(value.text, value.text)
    if kind == "list_type" and isinstance(value, Message):
        element = value.message("elem_type")
        return f"list({'dyn' if element is None else _type_name(element)})"
    if kind == "message_type" and isinstance(value, bytes):
        return "messages"
    return {"map_type": "map", "well_known": "well-known types", "wrapper": "wrappers", "null": "null"}.get(kind, kind)
