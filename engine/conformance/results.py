"""What came of a suite: cases that pass, that fail, and that are left out for a reason with a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

import attrs

Verdict = Literal["pass", "skip", "fail"]
COMPILED: Final = "compiled"
OFFICIAL: Final = "official runtime"
"""What a case is run on."""


@attrs.frozen
class Case:
    """One test of a suite. `reason` names why it is left out, or says what is not as the suite has it.

    `by` is what it was run on: COMPILED or OFFICIAL.
    """

    name: str
    by: str
    verdict: Verdict
    reason: str = ""


@attrs.frozen
class FileResult:
    """The cases of one file, or of one folder of a suite that keeps a case in a folder."""

    suite: str
    file: str
    cases: tuple[Case, ...]


@attrs.frozen
class Counts:
    """How many cases passed, were left out and failed; `reasons` of those left out, the most frequent first."""

    passed: int
    skipped: int
    failed: int
    reasons: tuple[tuple[str, int], ...]


def count_cases(cases: Iterable[Case]) -> Counts:
    """The cases in figures."""
    listed = tuple(cases)
    verdicts = Counter(case.verdict for case in listed)
    reasons = Counter(case.reason for case in listed if case.verdict == "skip")
    return Counts(
        passed=verdicts["pass"],
        skipped=verdicts["skip"],
        failed=verdicts["fail"],
        reasons=tuple(sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0]))),
    )


def by_suite(results: Sequence[FileResult]) -> Iterator[tuple[str, str, Counts]]:
    """Each suite with what it was run on and what came of it, in the order of the results."""
    cases: dict[tuple[str, str], list[Case]] = {}
    for result in results:
        for case in result.cases:
            cases.setdefault((result.suite, case.by), []).append(case)
    for (suite, by), found in cases.items():
        yield suite, by, count_cases(found)
