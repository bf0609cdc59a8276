"""`ostiary simulate`: what it writes and says, refuses, and leaves behind when it is stopped."""

from __future__ import annotations

import json
import os
import pty
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import small_law
import yaml

from api.settings import default_jurisdictions, default_rules
from bench.shipped import shipped_policy
from engine.population.reading import read_population

ROOT = Path(__file__).resolve().parents[2]
FILES = ["accounts.parquet", "report.html", "result.json"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OSTIARY_")} | {
    "PYTHONPATH": str(ROOT)
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a job, and all that it names."""
    made = tmp_path / "here"
    made.mkdir()
    small_law.accounts(made / "accounts.ndjson", each=4)
    small_law.rules(made / "rules")
    (made / "orders").mkdir()
    small_law.order(made / "orders" / "draft.yaml", target={"jurisdiction": "FR"})
    small_law.job(
        made,
        baseline={"rules": ["rules"]},
        candidates=[{"id": "draft", "title": "A draft", "measures": ["orders/draft.yaml"]}],
    )
    return made


def change(folder: Path, **said: Any) -> Path:
    """The job with some of its keys said otherwise, or left out where they are None."""
    content = yaml.safe_load((folder / "job.yaml").read_text())
    path = folder / "job.yaml"
    path.write_text(json.dumps({k: v for k, v in {**content, **said}.items() if v is not None}))
    return path


def simulate(folder: Path, *arguments: object, program: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in a folder."""
    words = [*program, sys.executable, "-m", "api", "simulate", *map(str, arguments)]
    return subprocess.run(words, cwd=folder, env=ENVIRONMENT, check=False, capture_output=True, text=True, timeout=120)


def results(folder: Path) -> dict[str, dict[str, bytes]]:
    """What stands in the folders of results."""
    return {
        path.parent.name: {file.name: file.read_bytes() for file in path.parent.iterdir()}
        for path in folder.glob("*/result.json")
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_job_becomes_a_folder(run: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    done = run("simulate", "job.yaml", "--no-pdf")
    assert (done.code, done.err) == (0, "")
    (made,) = folder.glob("small-*")
    assert names(made) == FILES
    result = json.loads((made / "result.json").read_text())
    assert made.name == f"small-{result['digest'].removeprefix('sha256:')[:12]}"
    assert done.out.startswith("T: 96 accounts\n")
    assert "96 accounts decided again one by one, without a difference" in done.out
    assert f"open {made / 'report.html'}; beside it: result.json, accounts.parquet\n" in done.out
    assert result["command"].startswith("ostiary simulate job.yaml")


@pytest.mark.parametrize("more", [(), ("--suppress-below", "9", "--today", "2026-12-01")], ids=["plain", "suppressed"])
def test_the_command_of_a_result_makes_it_again(
    run: Callable, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    if more:
        # Without an order nothing but the clock says on which day.
        change(folder, candidates=[{"id": "draft", "title": "A draft"}])
    monkeypatch.chdir(folder)
    policy = ("--rules", default_rules(), "--jurisdictions", default_jurisdictions())
    assert run("simulate", "job.yaml", "--no-pdf", *policy, *more).code == 0
    ((name, first),) = results(folder).items()
    elsewhere = tmp_path / "quite" / "elsewhere"
    shutil.copytree(folder, elsewhere, ignore=shutil.ignore_patterns("small-*", "*.population"))
    command = shlex.split(json.loads(first["result.json"])["command"])
    assert command == ["ostiary", "simulate", "job.yaml", *more]
    assert simulate(elsewhere, *command[2:], "--no-pdf").returncode == 0
    assert results(elsewhere)[name] | {"accounts.parquet": b""} == first | {"accounts.parquet": b""}
    assert run("simulate", "job.yaml", "--no-pdf", *policy, *more).code == 0
    assert results(folder)[name] | {"accounts.parquet": b""} == first | {"accounts.parquet": b""}
    assert ("accounts.parquet" in first) == (not more)


def test_rules_and_jurisdictions_may_be_named(run: Callable, folder: Path) -> None:
    path = change(folder, baseline=None)
    other = small_law.rules(folder / "other", ("located_in == 'KP'", "located_in == 'ZA'"))
    made = folder / "new" / "made"
    done = run("simulate", path, "--no-pdf", "--rules", other, "-o", made)
    assert done.code == 0, done.err
    assert names(made) == FILES
    result = json.loads((made / "result.json").read_text())
    assert shlex.split(result["command"])[-2:] == ["--rules", str(other)]
    place = {cell["value"]: cell for cell in result["alternatives"][0]["impact"]["place"]}
    assert place["FR"]["caught"] == 8


def test_with_small_counts_untold_there_are_no_rows(run: Callable, folder: Path) -> None:
    assert run("simulate", folder / "job.yaml", "--no-pdf", "-o", folder / "made").code == 0
    (folder / "made" / "report.pdf").write_bytes(b"of the first")
    (folder / "made" / "notes.txt").write_text("mine")
    done = run("simulate", folder / "job.yaml", "--no-pdf", "-o", folder / "made", "--suppress-below", 9)
    assert done.code == 0
    assert "no accounts.parquet: what is not told of few accounts would stand in it\n" in done.out
    # Nothing of the first result may be taken for a part of the second; what is no part of either stays.
    assert names(folder / "made") == ["notes.txt", "report.html", "result.json"]


@pytest.mark.parametrize("there", ["a file", "other files", "a link to nothing", "a file above"])
def test_what_is_no_result_is_not_touched(run: Callable, folder: Path, there: str) -> None:
    output = folder / "made"
    if there == "a file":
        output.write_text("mine")
        says = "is no folder; name another one with -o"
    elif there == "other files":
        output.mkdir()
        (output / "letter.txt").write_text("mine")
        says = "the folder holds something that is no result of a simulation; name another one with -o"
    elif there == "a link to nothing":
        output.symlink_to(folder / "nowhere")
        says = "is no folder; name another one with -o"
    else:
        (folder / "above").write_text("mine")
        output = folder / "above" / "made"
        says = f"{folder / 'above'}: cannot be written (file exists); name another one with -o"
    before = sorted(str(path) for path in folder.rglob("*"))
    done = run("simulate", folder / "job.yaml", "--no-pdf", "-o", output)
    assert (done.code, done.out) == (1, "")
    assert says in done.err
    assert sorted(str(path) for path in folder.rglob("*")) == before


def no_population(folder: Path) -> str:
    change(folder, population="nowhere")
    return f"there is no `{folder / 'nowhere'}`"


def folder_of_something_else(folder: Path) -> str:
    change(folder, population="rules")
    return "no population; make one with `ostiary population read` or `generate`"


def misfits(folder: Path) -> str:
    with (folder / "accounts.ndjson").open("a") as file:
        file.write('{"action": "account.open", "facts": {"customer": {"nmae": 1}}}\n')
    return "/facts/customer/nmae is not a known key"


def mapping_of_a_folder(folder: Path) -> str:
    (folder / "columns.yaml").write_text("columns: {}\n")
    (folder / "made").mkdir()
    change(folder, population="made", mapping="columns.yaml")
    return "only a file that is still to be read has a mapping"


def another_version(folder: Path) -> str:
    made = folder / "made"
    made.mkdir()
    (made / "accounts.duckdb").write_bytes(b"")
    (made / "population.json").write_text('{"format": 0}')
    change(folder, population="made")
    return "made by another version of Ostiary; read or generate it again"


def damaged(folder: Path) -> str:
    read_population(folder / "accounts.ndjson", folder / "accounts.ndjson.population", shipped_policy())
    (folder / "accounts.ndjson.population" / "accounts.duckdb").write_bytes(b"rubbish" * 1000)
    return "cannot be read"


def unknown_order(folder: Path) -> str:
    change(folder, candidates=[{"id": "c", "title": "C", "measures": ["orders/nothing.yaml"]}])
    return "there is no"


@pytest.mark.parametrize(
    "spoil",
    [no_population, folder_of_something_else, misfits, mapping_of_a_folder, another_version, damaged, unknown_order],
)
def test_mistakes_are_said_and_nothing_is_left(run: Callable, folder: Path, spoil: Callable[[Path], str]) -> None:
    says = spoil(folder)
    before = names(folder)
    done = run("simulate", folder / "job.yaml", "--no-pdf", "-o", folder / "result")
    assert done.code in {1, 3}
    assert says in done.err
    assert "Traceback" not in done.err
    assert names(folder) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    point = tmp_path / "disk"
    point.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(point)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(mounting, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    yield point
    subprocess.run(["umount", str(point)], check=True)


def test_a_full_disk_is_said_and_leaves_no_half_of_a_result(run: Callable, folder: Path, small_disk: Path) -> None:
    (small_disk / "full").write_bytes(b"x" * 1_800_000)
    done = run("simulate", folder / "job.yaml", "--no-pdf", "-o", small_disk / "made")
    assert (done.code, done.out) == (1, "")
    assert str(small_disk) in done.err
    assert "make room" in done.err
    assert "Traceback" not in done.err
    assert names(small_disk) == ["full"]


def test_a_folder_on_a_disk_of_its_own(run: Callable, folder: Path, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    done = run("simulate", folder / "job.yaml", "--no-pdf", "-o", small_disk)
    assert done.code == 0, done.err
    assert names(small_disk) == FILES


def test_whoever_interrupts_it_finds_nothing_left(folder: Path) -> None:
    change(folder, dates={"from": "2027-01-01", "until": "2027-04-30"})
    words = [sys.executable, "-m", "api", "simulate", "job.yaml", "--no-pdf"]
    process = subprocess.Popen(words, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    try:
        waited_until = time.monotonic() + 60
        while not list(folder.glob("small-*.unfinished/work.duckdb")) and time.monotonic() < waited_until:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1
    assert "Traceback" not in said
    assert not list(folder.glob("small-*"))


def test_two_at_once_on_one_population_and_a_person_who_watches(folder: Path) -> None:
    read_population(folder / "accounts.ndjson", folder / "other.population", shipped_policy())
    change(folder, population="other.population")
    words = [sys.executable, "-m", "api", "simulate", "job.yaml", "--no-pdf", "-o"]
    terminal, side = pty.openpty()
    both = [
        subprocess.Popen([*words, name], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=error)
        for name, error in (("watched", side), ("unseen", subprocess.PIPE))
    ]
    os.close(side)
    shown = until_closed(terminal)
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert both[1].communicate() == (None, b"")
    one, other = ((folder / name / "result.json").read_bytes() for name in ("watched", "unseen"))
    assert one == other
    stages = ["asking every account", "finding who answers alike", "deciding every account"]
    places = [shown.find(f"\r{stage} 100%") for stage in stages]
    assert -1 not in places
    assert places == sorted(places)
    assert shown.endswith(" \r")


def until_closed(terminal: int) -> str:
    """What is shown at a terminal until whoever writes to it ends."""
    shown = b""
    try:
        while part := os.read(terminal, 4096):
            shown += part
    except OSError:
        pass  # so Linux says that the other side is closed
    os.close(terminal)
    return shown.decode()
