"""Spark, started for programs: on this machine, or on a cluster by its URL."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.evaluators.columnar.workplace import WorkplaceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = "local[*]"
"""This machine, on all its processors."""
MEMORY = "2g"
"""What Spark may use on the machine that asks, where all of its work is done when there is no cluster."""
OLDEST_JAVA = 17
_ANSWERS_WITHIN = 5.0
"""Seconds within which a cluster that is there lets one connect."""
_PARTITIONS_HERE = "8"
"""Parts into which profiles are sorted on one machine; Spark's own 200 are for clusters."""
_HOW_TO_INSTALL_JAVA = (
    f"install Java {OLDEST_JAVA} or later (on Debian `apt install openjdk-{OLDEST_JAVA}-jre-headless`), "
    "or let JAVA_HOME say where it is"
)
_LOGGING = Path(__file__).with_name("spark-log4j2.properties").resolve()
_UNDOING = "org.apache.spark.sql.catalyst.optimizer.CollapseProject"
"""A pass of the optimizer that writes shared conditions out wherever they are used, see `duck`."""


class SparkError(WorkplaceError):
    """Spark cannot be used: the message says what is missing, and what to do."""


def started(master: str = LOCAL, *, java_home: str = "", memory: str = MEMORY) -> SparkSession:
    """The Spark of this process, which has one; it ends with it.

    `master` is what Spark calls so: `local[4]`, `spark://host:7077`. `java_home` is what the environment
    says under JAVA_HOME, where PySpark looks for Java, too; empty for the Java that is found.

    Raises:
        SparkError: PySpark or Java is missing, the cluster does not answer, another one was started before.
    """
    # It warns of pandas 3, of which nothing is used here, as late as at its first query.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    try:
        from pyspark.errors import PySparkRuntimeError  # noqa: PLC0415 - half a gigabyte, and not always installed
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as error:
        raise SparkError("PySpark is not installed; install it with `pip install 'ostiary[spark]'`") from error
    active = SparkSession.getActiveSession()
    if active is None:
        if (problem := java_problem(java_home)) is not None:
            raise SparkError(problem)
        _require_master(master)
    builder = SparkSession.builder.master(master).appName("ostiary")
    for key, value in {**_SETTINGS, **_settings_of(master), "spark.driver.memory": memory}.items():
        builder = builder.config(key, value)
    try:
        session: SparkSession = active or builder.getOrCreate()
    except PySparkRuntimeError as error:
        raise SparkError(f"Java did not start Spark, it says why above; {_HOW_TO_INSTALL_JAVA}") from error
    except Exception as error:
        raise SparkError(f"{master}: Spark did not start there ({_first_line(error)}); look at the cluster") from error
    if session.sparkContext.master != master:
        running = session.sparkContext.master
        raise SparkError(f"{master}: this process has a Spark on {running} already, and may have one; start another")
    return session


_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    # A text of a rule is that text, whatever it looks like.
    "spark.sql.variable.substitute": "false",
    "spark.sql.optimizer.excludedRules": _UNDOING,
    # An overflow is an error there as in DuckDB, never another number.
    "spark.sql.ansi.enabled": "true",
}


def _settings_of(master: str) -> dict[str, str]:
    if not master.startswith("local"):
        return {}
    return {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": _PARTITIONS_HERE,
    }


def java_problem(java_home: str) -> str | None:
    """Why Java, missing or too old, does not do, and what to do: Spark says so in a page of Java. None when it does."""
    java = str(Path(java_home) / "bin" / "java") if java_home else shutil.which("java")
    if java is None:
        return f"Spark needs Java, and there is none; {_HOW_TO_INSTALL_JAVA}"
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return f"{java}: is no Java that runs; {_HOW_TO_INSTALL_JAVA}"
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is not None and int(found[1]) >= OLDEST_JAVA:
        return None
    version = f"Java {found[1]}" if found else "no Java known here"
    return f"{java}: is {version}, and Spark needs {OLDEST_JAVA}; {_HOW_TO_INSTALL_JAVA}"


def _require_master(master: str) -> None:
    """Raise SparkError where nobody listens: Spark would try for a minute, and say so less clearly."""
    if re.fullmatch(r"local(\[(\*|\d+)\])?|yarn|k8s://.+", master):
        return
    addresses = master.removeprefix("spark://").split(",") if master.startswith("spark://") else []
    parsed = [urlsplit(f"//{address}") for address in addresses]
    try:
        places = [(url.hostname, url.port) for url in parsed if url.hostname and url.port]
    except ValueError:
        places = []
    if not places:
        raise SparkError(f"{master}: no address of a Spark; write `local[2]`, `local[*]` or `spark://host:7077`")
    for place in places:
        try:
            socket.create_connection(place, timeout=_ANSWERS_WITHIN).close()
        except OSError:
            continue
        return
    raise SparkError(f"{master}: nobody answers there; start the cluster, or name its master as its log does")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
