"""A report on paper: PDF as Chromium prints it, where there is Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 120.0
"""Seconds that printing may take."""


def print_pdf(html_file: Path, pdf_file: Path, chromium: str | None = None) -> str | None:
    """Print a report that was written.

    Args:
        html_file: the report.
        pdf_file: what is written, or replaced.
        chromium: the program; one of `NAMES` on the PATH when None.

    Returns:
        None when it is printed; else a sentence that says why not and what to do. The HTML is whole without it.
    """
    program = chromium or next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        return (
            f"{pdf_file} was not written: there is no Chromium on the PATH; open {html_file} in a browser and print it"
        )
    with tempfile.TemporaryDirectory() as profile:
        unfinished = Path(profile) / "report.pdf"
        command = [
            program,
            "--headless=new",
            "--disable-gpu",
            # As root Chromium starts in no sandbox of its own; what it opens has no script and loads nothing.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            f"--user-data-dir={profile}/profile",
            "--no-pdf-header-footer",
            f"--print-to-pdf={unfinished}",
            html_file.resolve().as_uri(),
        ]
        try:
            # The program is the user's choice, or what the PATH names; arguments are no shell's.
            done = subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)  # noqa: S603
        except OSError as error:
            return f"{pdf_file} was not written: {program} cannot be run ({error.strerror}); name another Chromium"
        except subprocess.TimeoutExpired:
            return f"{pdf_file} was not written: {program} did not end within {PATIENCE:.0f} seconds; try again"
        if done.returncode != 0 or not unfinished.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            reason = said[-1] if said else f"exit code {done.returncode}"
            return f"{pdf_file} was not written: {program} printed nothing ({reason}); try another Chromium"
        try:
            shutil.move(unfinished, pdf_file)
        except OSError as error:
            return f"{pdf_file} was not written: {error.strerror}; print {html_file} to another place"
    return None
