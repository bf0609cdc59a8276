"""A population that is being written is not written by another at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from accounts_to_read import policy

from bench.shipped import ROOT
from engine.accounts.layout import Layout
from engine.accounts.population import ACCOUNTS, PopulationError
from engine.accounts.writer import PopulationWriter

WRITING = """
import sys
from pathlib import Path
from engine.accounts.layout import Layout
from engine.accounts.writer import PopulationWriter
from engine.vocabulary import read_vocabulary
with PopulationWriter(Path(sys.argv[1]), Layout(read_vocabulary())):
    print("writing", flush=True)
    sys.stdin.read()
"""


def write(folder: Path) -> None:
    with PopulationWriter(folder, Layout(policy().vocabulary)):
        pass


def test_whoever_comes_second_is_told_to_wait(tmp_path: Path) -> None:
    words = [sys.executable, "-c", WRITING, str(tmp_path / "made")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT)}) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"writing\n"
        with pytest.raises(PopulationError, match=r"made: another process is writing it; wait until it is done"):
            write(tmp_path / "made")
        assert (tmp_path / "made.unfinished" / ACCOUNTS).exists()
        first.communicate(b"")
    write(tmp_path / "made")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", [b"", b"rubbish" * 1000])
def test_what_was_left_unfinished_is_replaced(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "made.unfinished").mkdir()
    (tmp_path / "made.unfinished" / ACCOUNTS).write_bytes(left)
    write(tmp_path / "made")
    assert list(tmp_path.iterdir()) == []
