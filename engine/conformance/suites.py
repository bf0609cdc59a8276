"""A directory to results: which suites it holds is told by their layout, and each of their files is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from engine.cel_policy.document import CelPolicyError
from engine.conformance.expression_suite import run_file
from engine.conformance.policy_suite import ERRORS, run_folder
from engine.conformance.results import FileResult
from engine.conformance.textproto import TextprotoError

EXPRESSIONS: Final = "tests/simple/testdata"
POLICIES: Final = "conformance/testdata"
_POLICY: Final = "policy.yaml"


class SuiteError(ValueError):
    """A directory holds no suite, or a file of it cannot be read; the message says where and what to do."""


@attrs.frozen
class Suites:
    """The files of the expression suite, and the folders of the policy suite, in the order in which they are run."""

    expressions: tuple[Path, ...]
    policies: tuple[Path, ...]


def find_suites(directory: Path) -> Suites:
    """What a directory holds: checkouts of cel-spec and cel-policy, in it or in folders of it, or a suite's own folder.

    Raises SuiteError when it holds neither suite.
    """
    try:
        roots = [directory, *sorted(path for path in directory.iterdir() if path.is_dir())]
    except OSError as error:
        raise SuiteError(f"{directory}: cannot be read ({error.strerror})") from None
    expressions = [path for root in roots for path in sorted((root / EXPRESSIONS).glob("*.textproto"))]
    policies = [folder for root in roots for folder in _policies(root / POLICIES)]
    if not expressions and not policies:
        policies = list(_policies(directory))
        expressions = [] if policies else sorted(directory.glob("*.textproto"))
    if not expressions and not policies:
        raise SuiteError(
            f"{directory}: neither a checkout of cel-expr/cel-spec (with `{EXPRESSIONS}/*.textproto`) nor one of "
            f"cel-expr/cel-policy (with `{POLICIES}/*/{_POLICY}`); name the directory of a checkout, or one with both"
        )
    return Suites(tuple(expressions), tuple(policies))


def run_suites(directory: Path) -> Iterator[FileResult]:
    """The result of each file and folder of the suites in a directory, as it comes.

    Raises SuiteError when it holds neither suite, or when a file of one cannot be read.
    """
    suites = find_suites(directory)
    for run, paths in ((run_file, suites.expressions), (run_folder, suites.policies)):
        for path in paths:
            try:
                yield run(path)
            except (TextprotoError, CelPolicyError) as error:
                raise SuiteError(str(error)) from None
            except (OSError, UnicodeDecodeError) as error:
                raise SuiteError(f"{path}: cannot be read ({error})") from None


def _policies(root: Path) -> Iterator[Path]:
    """Folders with a document: the root itself, those in it, and those that must be refused."""
    for pattern in (_POLICY, f"*/{_POLICY}", f"{ERRORS}/*/{_POLICY}"):
        yield from sorted(path.parent for path in root.glob(pattern))
