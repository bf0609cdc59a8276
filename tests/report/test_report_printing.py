"""Printing a report with a real Chromium, and saying plainly why it was not printed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from simulated_results import rendered

from api.report import print_pdf
from api.report.printing import NAMES

CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: `apt-get install chromium`")
def test_chromium_prints_it(tmp_path: Path) -> None:
    written, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    written.write_text(rendered("one"), encoding="utf-8")
    assert print_pdf(written, printed) is None
    content = printed.read_bytes()
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) > 5


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: `apt-get install chromium`")
def test_three_alternatives_print_on_some_twenty_pages(tmp_path: Path) -> None:
    written, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    written.write_text(rendered("three"), encoding="utf-8")
    assert print_pdf(written, printed) is None
    assert len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) <= 22


def test_without_chromium_it_is_said_how_to_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = print_pdf(tmp_path / "report.html", tmp_path / "report.pdf")
    assert said is not None
    assert "no Chromium on the PATH" in said
    assert "open " in said


@pytest.mark.parametrize(
    ("script", "because"),
    [
        ("#!/bin/sh\necho 'no display' >&2; exit 3\n", "no display"),
        ("#!/bin/sh\nexit 0\n", "exit code 0"),
        (None, "cannot be run"),
    ],
)
def test_a_program_that_prints_nothing_is_told(tmp_path: Path, script: str | None, because: str) -> None:
    program = tmp_path / "browser"
    if script is not None:
        program.write_text(script)
        program.chmod(0o755)
    said = print_pdf(tmp_path / "report.html", tmp_path / "report.pdf", str(program))
    assert said is not None
    assert because in said
    assert not (tmp_path / "report.pdf").exists()
