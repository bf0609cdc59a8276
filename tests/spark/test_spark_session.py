"""Spark that cannot be started: what is missing is said, and what to do."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.shipped import ROOT
from engine.evaluators.columnar.spark_session import SparkError, started

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SAYS_WHAT_FAILS = """
from engine.evaluators.columnar.spark_session import SparkError, started
try:
    started({arguments})
except SparkError as error:
    print(error)
"""


def said(arguments: str, before: str = "", **environment: str) -> str:
    """What starting Spark in a process of its own fails with."""
    program = before + SAYS_WHAT_FAILS.format(arguments=arguments)
    path = {"PATH": "/usr/bin:/bin", **environment}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, env=path, timeout=60
    )
    return done.stdout


def java(folder: Path, version: str) -> str:
    """The home of a Java that says it is of a version, and does nothing."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n", "utf-8")
    program.chmod(0o755)
    return str(folder)


def test_without_pyspark() -> None:
    assert said("", "import sys\nsys.modules['pyspark'] = None\n") == (
        "PySpark is not installed; install it with `pip install 'ostiary[spark]'`\n"
    )


def test_without_java(tmp_path: Path) -> None:
    says = said("", PATH=str(tmp_path))
    assert says.startswith("Spark needs Java, and there is none; install Java 17 or later (on Debian `apt install ")
    assert says.endswith("or let JAVA_HOME say where it is\n")


@pytest.mark.parametrize(("version", "word"), [("1.8.0_402", "8"), ("11.0.22", "11"), ("16", "16")])
def test_with_a_java_that_is_too_old(version: str, word: str, tmp_path: Path) -> None:
    assert f"is Java {word}, and Spark needs 17; install" in said(f"java_home={java(tmp_path, version)!r}")


def test_with_a_java_that_is_none(tmp_path: Path) -> None:
    assert "bin/java: is no Java that runs; install Java 17" in said(f"java_home={str(tmp_path)!r}")


@pytest.mark.parametrize("master", ["spark://", "spark://host", "spark://host:port", "locally", "http://host:7077", ""])
def test_a_master_that_is_none(master: str) -> None:
    assert said(repr(master)) == (
        f"{master}: no address of a Spark; write `local[2]`, `local[*]` or `spark://host:7077`\n"
    )


def test_a_cluster_that_does_not_answer() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{unused.getsockname()[1]}"
        says = said(repr(master))
    assert says == f"{master}: nobody answers there; start the cluster, or name its master as its log does\n"


def test_a_second_spark(session: SparkSession) -> None:
    assert started("local[2]") is session
    with pytest.raises(SparkError, match=r"local\[1\]: this process has a Spark on local\[2\] already"):
        started("local[1]")
