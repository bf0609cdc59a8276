"""A report as Chromium lays it out: no words over other words or cut off, on a desk and on a telephone."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from simulated_results import rendered

from api.report.printing import NAMES

CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
SCRIPT = Path(__file__).with_name("chromium_layout.js")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: `apt-get install chromium`")


def laid_out(page: str, width: int, folder: Path) -> list[str]:
    """What is wrong with the page in a window of that width."""
    assert CHROMIUM is not None
    # The report lets nothing run, so what looks at it is let in first.
    page = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page)
    written = folder / "looked_at.html"
    written.write_text(page.replace("</body>", f"<script>{SCRIPT.read_text()}</script></body>"), encoding="utf-8")
    command = [CHROMIUM, "--headless=new", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    command += ["--no-sandbox"] if os.geteuid() == 0 else []
    command += [f"--window-size={width},900", "--dump-dom", written.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None
    return html.unescape(found[1]).splitlines()


@pytest.mark.parametrize(
    ("name", "width"), [("one", 500), ("made up", 500), ("suppressed", 800), ("huge", 1280), ("five", 800)]
)
def test_nothing_lies_over_anything_else(name: str, width: int, tmp_path: Path) -> None:
    assert laid_out(rendered(name), width, tmp_path) == []


def test_what_looks_at_it_finds_faults(tmp_path: Path) -> None:
    words = '<text y="20">one</text><text y="22">two</text><text x="80" y="35">three</text>'
    faulty = f'<svg width="90" height="40">{words}</svg>'
    found = laid_out(rendered("one").replace("</main>", f"{faulty}</main>"), 800, tmp_path)
    assert found == ["over one another: one and two", "outside: three"]
