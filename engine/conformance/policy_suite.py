"""The suite of CEL Policy (cel-policy, `conformance/testdata`): documents, their environments, inputs and results.

Every case runs through the official runtime; those whose documents stay within our language through the compiled
evaluator, too. A folder below `compile_errors` holds a document that must be refused, with the words that its
`tests.yaml` asks for, if it has one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from engine.cel_policy.cel_types import DYN
from engine.cel_policy.check import check_policy
from engine.cel_policy.configuration import CONFIGURATION, Configuration
from engine.cel_policy.document import CelPolicyError, PolicyDocument, Problem
from engine.cel_policy.evaluate import NOTHING, EvaluationError, Optional, evaluate_policy, plain_value
from engine.cel_policy.reading import read_policy, read_shaped
from engine.conformance.compiled_policy import CompiledPolicy
from engine.conformance.language_subset import NotInLanguageError, UnfitValueError
from engine.conformance.results import COMPILED, OFFICIAL, Case, FileResult
from engine.language.source import Source, Span
from engine.vocabulary.explain import Shape

NAME: Final = "CEL Policy"
MESSAGES: Final = "protobuf messages"
ERRORS: Final = "compile_errors"

_Functions = Mapping[str, Callable[..., Any]]
_FUNCTIONS: Final[_Functions] = {
    # What the runners of the suite give its functions to mean, by the id of the overload.
    "locationCode_string": lambda address: {"10.0.0.1": "us", "10.0.0.2": "de"}.get(address, "ir"),
    "hasCreditCard": lambda arguments: "cc" in arguments,
    "hasEmailOrPhone": lambda arguments: "email" in arguments or "phone" in arguments,
}
_VALUE: Final[dict[str, Any]] = {"type": "object", "properties": {"expr": {"type": ["string", "number", "boolean"]}}}
_TEST: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["name", "output"],
    "properties": {
        "input": {"type": "object", "additionalProperties": _VALUE},
        "context_expr": {"type": "string"},
        "output": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "properties": {
                "value": {},
                "expr": _VALUE["properties"]["expr"],
                "error_set": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            },
        },
    },
}
_SECTIONS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "tests"],
        "properties": {"tests": {"type": "array", "items": _TEST}},
    },
}
_TESTS: Final = Shape(
    {
        "type": "object",
        "properties": {"section": _SECTIONS, "sections": _SECTIONS},
    }
)
_Evaluate = Callable[[Mapping[str, Any]], Any]


@attrs.frozen
class _Test:
    name: str
    inputs: Mapping[str, Mapping[str, Any]]
    context: str
    output: Mapping[str, Any]

    @property
    def errors(self) -> Sequence[str] | None:
        """What the refusal of the document has to say; None when the document is to be taken."""
        return self.output.get("error_set")


def run_folder(folder: Path) -> FileResult:
    """Every case of a folder with a `policy.yaml`, or CelPolicyError when its other files cannot be read."""
    is_error = folder.parent.name == ERRORS
    configuration = Configuration(_content(folder / "config.yaml", CONFIGURATION), _FUNCTIONS)
    tests = list(_tests(folder / "tests.yaml"))
    path = folder / "policy.yaml"
    source = Source(str(path), path.read_text("utf-8"))
    if is_error and not tests:
        # Folders that the suite keeps without a test: that the document is refused is all there is to ask.
        tests = [_Test("refused", {}, "", {"error_set": []})]
    cases = tuple(_cases(source, configuration, tests))
    return FileResult(NAME, f"{ERRORS}/{folder.name}" if is_error else folder.name, cases)


def _cases(source: Source, configuration: Configuration, tests: Sequence[_Test]) -> Iterator[Case]:
    if configuration.messages:
        yield from (Case(test.name, OFFICIAL, "skip", MESSAGES) for test in tests)
        return
    try:
        document = read_policy(source)
        policy = check_policy(document, configuration)
    except CelPolicyError as error:
        yield from (_refused(test, error) for test in tests)
        return
    for test in tests:
        if test.errors is not None:
            yield Case(test.name, OFFICIAL, "fail", "the document is taken, and it is to be refused")
        else:
            yield _run(test, OFFICIAL, configuration, lambda inputs: evaluate_policy(policy, inputs))
    yield from _compiled(document, configuration, [test for test in tests if test.errors is None])


def _compiled(document: PolicyDocument, configuration: Configuration, tests: Sequence[_Test]) -> Iterator[Case]:
    try:
        policy = CompiledPolicy(document, configuration)
    except NotInLanguageError as left_out:
        yield from (Case(test.name, COMPILED, "skip", str(left_out)) for test in tests)
        return
    yield from (_run(test, COMPILED, configuration, policy.evaluate) for test in tests)


def _refused(test: _Test, error: CelPolicyError) -> Case:
    said = [problem.message for problem in error.problems]
    if test.errors is None:
        return Case(test.name, OFFICIAL, "fail", f"the document is refused: {'; '.join(said)}")
    missing = [wanted for wanted in test.errors if not any(wanted in message for message in said)]
    reason = f"the refusal lacks {', '.join(map(repr, missing))}: {'; '.join(said)}" if missing else ""
    return Case(test.name, OFFICIAL, "fail" if missing else "pass", reason)


def _run(test: _Test, by: str, configuration: Configuration, evaluate: _Evaluate) -> Case:
    if test.context:
        return Case(test.name, by, "skip", MESSAGES)
    try:
        inputs = {name: _input(spec, configuration, name) for name, spec in test.inputs.items()}
        actual = evaluate(inputs)
        wrong = _difference(actual, test.output, configuration)
    except (EvaluationError, UnfitValueError) as error:
        wrong = str(error)
    return Case(test.name, by, "fail" if wrong else "pass", wrong)


def _input(spec: Mapping[str, Any], configuration: Configuration, name: str) -> Any:  # noqa: ANN401 - as written
    if "expr" not in spec:
        return spec.get("value")
    return plain_value(_compile(str(spec["expr"]), configuration), {}, f"input `{name}`")


def _difference(actual: Any, output: Mapping[str, Any], configuration: Configuration) -> str:  # noqa: ANN401
    if "expr" in output:
        leaves: dict[str, Any] = {}
        shown = _as_cel(actual, leaves)
        holds = _compile(f"({output['expr']}\n) == ({shown})", configuration, leaves)
        are_same = plain_value(holds, leaves, "output") is True
    else:
        are_same = _same(actual, output.get("value"))
    expected = output.get("expr", output.get("value"))
    return "" if are_same else f"it comes to {_shown(actual)}, and {expected!r} is expected"


def _compile(text: str, configuration: Configuration, leaves: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    # A suite's own expressions are not restricted to what its documents may mention.
    free = Configuration({key: value for key, value in configuration.content.items() if key != "stdlib"})
    try:
        return free.environment(dict.fromkeys(leaves or (), DYN)).compile(text)
    except (RuntimeError, ValueError) as error:
        raise EvaluationError(f"`{text}`: {error}") from None


def _as_cel(value: Any, leaves: dict[str, Any]) -> str:  # noqa: ANN401 - any result
    """The value as an expression: the runtime takes no optional in, so that one is written out."""
    if isinstance(value, Optional):
        return f"optional.of({_as_cel(value.value, leaves)})" if value.is_present else "optional.none()"
    if isinstance(value, list):
        return f"[{', '.join(_as_cel(item, leaves) for item in value)}]"
    name = f"actual{len(leaves)}"
    leaves[name] = value
    return name


def _same(actual: Any, expected: Any) -> bool:  # noqa: ANN401 - any values
    """Whether two plain values are equal and of one type throughout."""
    if isinstance(actual, list) and isinstance(expected, list):
        return len(actual) == len(expected) and all(map(_same, actual, expected))
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(_same(actual[key], expected[key]) for key in actual)
    if isinstance(actual, float) and isinstance(expected, float) and math.isnan(actual):
        return math.isnan(expected)
    return type(actual) is type(expected) and bool(actual == expected)


def _shown(value: Any) -> str:  # noqa: ANN401 - any result
    return "optional.none()" if value is NOTHING else repr(value)


def _content(path: Path, shape: Shape) -> dict[str, Any]:
    """What a file of the folder holds; nothing when there is none."""
    return read_shaped(Source(str(path), path.read_text("utf-8")), shape) if path.is_file() else {}


def _tests(path: Path) -> Iterator[_Test]:
    content = _content(path, _TESTS)
    sections = content.get("section", content.get("sections"))
    if content and sections is None:
        raise CelPolicyError([Problem("the tests stand under neither `section` nor `sections`", Span(str(path), 1, 1))])
    for section in sections or ():
        for test in section["tests"]:
            yield _Test(
                name=f"{section['name']}/{test['name']}",
                inputs=test.get("input") or {},
                context=test.get("context_expr", ""),
                output=test["output"],
            )
