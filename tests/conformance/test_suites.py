"""Which suites a directory holds, by its layout; and what is said of one that holds none."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_suites import BRIGHT, CONFIG, LAMPS, POLICY, one_section, write_expressions, write_folder, write_policies

from engine.conformance.suites import EXPRESSIONS, POLICIES, SuiteError, find_suites, run_suites


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A directory with checkouts of both suites, and something else."""
    write_expressions(tmp_path / "cel-spec", lamps=LAMPS, others=LAMPS)
    write_policies(tmp_path / "cel-policy")
    (tmp_path / "notes.txt").write_text("nothing")
    # A folder of the policy suite may hold its tests as textproto, too: they are none of the expression suite.
    (tmp_path / "cel-policy" / POLICIES / "lamps" / "tests.textproto").write_text(LAMPS)
    return tmp_path


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (".", ["lamps.textproto", "others.textproto", "lamps", "compile_errors/volts"]),
        ("cel-spec", ["lamps.textproto", "others.textproto"]),
        (f"cel-spec/{EXPRESSIONS}", ["lamps.textproto", "others.textproto"]),
        ("cel-policy", ["lamps", "compile_errors/volts"]),
        (f"cel-policy/{POLICIES}", ["lamps", "compile_errors/volts"]),
        (f"cel-policy/{POLICIES}/compile_errors", ["compile_errors/volts"]),
        (f"cel-policy/{POLICIES}/lamps", ["lamps"]),
    ],
)
def test_layouts(both: Path, where: str, found: list[str]) -> None:
    results = list(run_suites(both / where))
    assert [result.file for result in results] == found
    assert not any(case.verdict == "fail" for result in results for case in result.cases)


def test_a_directory_with_neither(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    with pytest.raises(SuiteError, match=r"neither a checkout of cel-expr/cel-spec .* nor one of cel-expr/cel-policy"):
        find_suites(tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    write_expressions(tmp_path / "a", lamps="section {")
    with pytest.raises(SuiteError, match=r"lamps\.textproto:1:10: the file ends before"):
        list(run_suites(tmp_path / "a"))
    write_folder(tmp_path / "b" / "lamps", policy=POLICY, config=CONFIG, tests=one_section(BRIGHT))
    (tmp_path / "b" / "lamps" / "tests.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(SuiteError, match="lamps: cannot be read"):
        list(run_suites(tmp_path / "b"))
