"""Programs and requests by number: the same seed gives the same, whoever draws them and in whatever order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

import attrs

from bench.agreement.facts import Facts
from bench.agreement.programs import Program, random_program
from engine import Policy, PolicyError, load_files

_MOST_DRAWS = 50


@attrs.frozen
class Sample:
    """A program that loads, its requests by number, and what was drawn before it and refused when it was loaded."""

    seed: int
    number: int
    files: Mapping[str, Any]
    policy: Policy
    program: Program
    refused: tuple[str, ...]

    def request(self, case: int) -> dict[str, Any]:
        """The request of that number."""
        return Facts(self.program).request(Random(f"{self.seed}/{self.number}/{case}"))


def draw(seed: int, number: int) -> Sample:
    """The program of that number. What does not load, as it is too large, is drawn again."""
    refused: list[str] = []
    for attempt in range(_MOST_DRAWS):
        program = random_program(Random(f"{seed}/{number}/program/{attempt}"))
        try:
            policy = load_files(texts(program.files))
        except PolicyError as error:
            said = "; ".join(f"{d.code} {d.span.file}:{d.span.line} {d.message}" for d in error.diagnostics)
            refused.append(f"program {number}: {said}")
            continue
        return Sample(seed, number, program.files, policy, program, tuple(refused))
    raise RuntimeError(f"program {number} of seed {seed}: {_MOST_DRAWS} draws were refused, the last: {refused[-1]}")


def texts(files: Mapping[str, Any]) -> dict[str, str]:
    """The files as they are loaded: JSON is YAML."""
    return {path: json.dumps(content, ensure_ascii=False) for path, content in files.items()}
