"""Libraries that, preloaded into a process, come between it and the disk."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_SOURCES = Path(__file__).parent / "preloads"


def _compile(name: str, directory: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler named cc")
    library = directory / f"{name}.so"
    command = [
        compiler,
        "-Wall",
        "-Wextra",
        "-Werror",
        "-shared",
        "-fPIC",
        "-O1",
        "-o",
        library,
        _SOURCES / f"{name}.c",
    ]
    subprocess.run([*command, "-ldl", "-lpthread"], check=True, timeout=60)
    return library


@pytest.fixture(scope="session")
def faulty_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes the disk fail in the way the file named by FAULT says."""
    return _compile("faulty_disk", tmp_path_factory.mktemp("faulty-disk"))


@pytest.fixture(scope="session")
def recording_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records in the file TRACE what is done to files below the directory RECORDED."""
    return _compile("recording_disk", tmp_path_factory.mktemp("recording-disk"))
