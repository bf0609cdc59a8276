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

import ibis
import pytest
import small_law
import yaml

from api.settings import default_jurisdictions, default_rules
from bench.shipped import shipped_policy
from engine.evaluators.columnar.workplace import DuckWorkplace, WorkplaceError
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


@pytest.mark.parametrize(
    "result",
    [
        b"",
        b"\xff",
        b"not JSON",
        b"[]",
        b'{"passed": 12, "failed": 0}',
        b'{"digest": "sha256:00", "command": "other simulate job.yaml"}',
        b'{"digest": 1, "command": ["ostiary simulate job.yaml"]}',
        None,
    ],
    ids=["empty", "bytes", "text", "list", "counts", "other command", "other kinds", "unreadable"],
)
def test_a_result_json_of_another_program_is_not_touched(run: Callable, folder: Path, result: bytes | None) -> None:
    output = folder / "made"
    output.mkdir()
    if result is None:
        (output / "result.json").symlink_to("result.json")
    else:
        (output / "result.json").write_bytes(result)
    (output / "report.html").write_text("mine")
    done = run("simulate", folder / "job.yaml", "--no-pdf", "-o", output)
    assert (done.code, done.out) == (1, "")
    says = (
        "the folder holds something that is no result of a simulation"
        if result is None
        else "is no result of a simulation of Ostiary, and would be replaced by one"
    )
    assert says in done.err
    assert "name another one with -o" in done.err
    assert names(output) == ["report.html", "result.json"]
    assert (output / "report.html").read_text() == "mine"


def test_what_stands_where_a_result_would_go_of_itself_is_not_touched(
    run: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert run("simulate", "job.yaml", "--no-pdf").code == 0
    (made,) = folder.glob("small-*")
    (made / "result.json").write_text("{}")
    done = run("simulate", "job.yaml", "--no-pdf")
    assert (done.code, done.out) == (1, "")
    assert f"{made / 'result.json'}: is no result of a simulation of Ostiary" in done.err
    assert (made / "result.json").read_text() == "{}"
    assert [path.name for path in folder.glob("small-*")] == [made.name]


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


def test_rows_that_do_not_fit_may_be_left_out_in_a_folder_of_their_own(
    run: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with (folder / "accounts.ndjson").open("a") as accounts:
        accounts.write('{"action": "account.open", "facts": {"customer": {"nmae": 1}}}\n')
    assert run("population", "read", "accounts.ndjson", "--leave-out").code == 0
    done = run("simulate", "job.yaml", "--no-pdf")
    assert (done.code, done.out) == (1, "")
    assert "accounts.ndjson: 1 of 97 lines does not fit" in done.err
    assert "`ostiary population read --leave-out`, and name under `population` the folder that it makes." in done.err
    change(folder, population="accounts.ndjson.population")
    assert run("simulate", "job.yaml", "--no-pdf").out.startswith("T: 96 accounts\n")


def test_columns_of_other_names_are_mistakes_as_in_rules(run: Callable, folder: Path) -> None:
    (folder / "accounts.csv").write_text("action,customer.knd\naccount.open,individual\n")
    change(folder, population="accounts.csv")
    done = run("simulate", folder / "job.yaml", "-o", folder / "made")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[R311] ")
    assert done.err.endswith("\n\n1 mistake\n")


@pytest.mark.parametrize("number", ["1001", str(2**53), "9" * 5000, "-1", "1.5"])
def test_a_threshold_that_is_too_large_is_refused(run: Callable, folder: Path, number: str) -> None:
    done = run("simulate", folder / "job.yaml", "--no-pdf", "--suppress-below", number)
    assert (done.code, done.out) == (1, "")
    assert "Invalid value for '--suppress-below': give a whole number from 0 to 1000\n" in done.err
    assert len(done.err) < 500


SPITEFUL = "a\x1b]0;mine\x07b\x1b[2Jc\x9bAd\re\x08f\u202eg"
"""A new title for the window, a cleared screen, a line overwritten, and letters from right to left."""


def test_texts_of_a_job_and_names_of_files_cannot_command_a_terminal(folder: Path) -> None:
    candidates = [{"id": "draft", "title": SPITEFUL, "measures": ["orders/draft.yaml"]}, {"id": "same", "title": "S"}]
    change(folder, title=SPITEFUL, about=SPITEFUL, candidates=candidates)
    out = folder / SPITEFUL
    code, shown = at_a_terminal(folder, "simulate", "job.yaml", "--no-pdf", "-o", out)
    assert code == 0, shown
    assert "a\ufffd]0;mine\ufffdb\ufffd[2Jc\ufffdAd e\ufffdf\ufffdg: 96 accounts\r\n" in shown
    assert_harmless(shown)
    assert json.loads((out / "result.json").read_text())["title"] == " ".join(SPITEFUL.split())


@pytest.mark.parametrize("where", ["population", "mapping", "rules", "candidates"])
def test_mistakes_that_repeat_a_text_cannot_command_a_terminal(folder: Path, where: str) -> None:
    said = {"rules": [SPITEFUL]} if where == "rules" else SPITEFUL
    key = "baseline" if where == "rules" else where
    if where == "candidates":
        said = [{"id": SPITEFUL, "title": "A draft"}]
    change(folder, **{key: said})
    (folder / f"{SPITEFUL}.yaml").write_bytes((folder / "job.yaml").read_bytes())
    code, shown = at_a_terminal(folder, "simulate", f"{SPITEFUL}.yaml", "--no-pdf")
    assert code == 3, shown
    assert f"{where}" in shown
    assert_harmless(shown)


def test_a_population_cannot_command_a_terminal(folder: Path) -> None:
    source = folder / f"{SPITEFUL}.ndjson"
    good = {"action": "account.open", "facts": {"customer": {"name": SPITEFUL}}}
    bad = {"action": SPITEFUL, "facts": {SPITEFUL: 1, "customer": {SPITEFUL: 1}}}
    source.write_text(f"{json.dumps(good)}\n{json.dumps(bad, ensure_ascii=False)}\n")
    told = [
        at_a_terminal(folder, "population", "read", source),
        at_a_terminal(folder, "population", "read", "--leave-out", source),
        at_a_terminal(folder, "population", "describe", f"{source}.population"),
        at_a_terminal(folder, "population", "describe", "--format", "json", f"{source}.population"),
    ]
    assert [code for code, _ in told] == [1, 0, 0, 0]
    assert "is not a known key" in told[0][1]
    for _, shown in told:
        assert_harmless(shown)
    assert json.loads(told[3][1])["source"]["name"] == source.name
    (folder / "columns.csv").write_text(f"action,{SPITEFUL.replace(chr(13), '')}\n", "utf-8")
    code, shown = at_a_terminal(folder, "population", "read", "columns.csv")
    assert code == 1
    assert "is not a path to a fact" in shown
    assert_harmless(shown)


def test_a_name_that_is_not_utf8_is_refused_before_anything_is_written(run: Callable, folder: Path) -> None:
    odd = os.fsdecode(b"\xff")
    (folder / f"{odd}.yaml").write_bytes((folder / "job.yaml").read_bytes())
    (folder / f"{odd}.ndjson").write_bytes((folder / "accounts.ndjson").read_bytes())
    before = names(folder)
    for words in (
        ("simulate", folder / f"{odd}.yaml"),
        ("simulate", folder / "job.yaml", "-o", folder / odd),
        ("population", "read", folder / f"{odd}.ndjson"),
        ("population", "read", folder / "accounts.ndjson", "-o", folder / odd),
        ("population", "generate", "--accounts", 1, "--as-of", "2026-12-01", folder / odd / "made"),
    ):
        done = run(*words)
        assert (done.code, done.out) == (1, "")
        assert "is not UTF-8; rename it" in done.err
        assert "\ufffd" in done.err
        assert names(folder) == before


def assert_harmless(shown: str) -> None:
    # Bars of progress have commands of their own.
    assert not [part for part in ("\x1b]", "\x07", "\x1b[2J", "\x9b", "d\re", "\x08", "\u202e") if part in shown]


def at_a_terminal(folder: Path, *arguments: object) -> tuple[int, str]:
    """The command's exit code, and what it shows on a terminal that is both its outputs."""
    words = [sys.executable, "-m", "api", *map(str, arguments)]
    terminal, side = pty.openpty()
    process = subprocess.Popen(words, cwd=folder, env=ENVIRONMENT, stdout=side, stderr=side)
    os.close(side)
    shown = until_closed(terminal)
    return process.wait(timeout=120), shown


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
    (small_disk / "full").write_bytes(b"x" * 1_990_000)
    done = run("simulate", folder / "job.yaml", "--no-pdf", "-o", small_disk / "made")
    assert (done.code, done.out) == (1, "")
    assert str(small_disk) in done.err
    assert "make room" in done.err
    assert "Traceback" not in done.err
    assert names(small_disk) == ["full"]


def test_what_fits_neither_into_memory_nor_on_the_disk(small_disk: Path) -> None:
    workplace = DuckWorkplace(small_disk, lambda _what, _done: None, memory="30MB", threads=1)
    numbers = ibis.range(0, 5_000_000, 1).unnest().name("row").as_table()
    with pytest.raises(WorkplaceError, match=r"the simulation cannot be computed there .* make room, then repeat"):
        workplace.keep("much", numbers.mutate(text=numbers["row"].hash().cast("string")), "making accounts")
    workplace.close()


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
        while not list(folder.glob("small-*.unfinished")) and time.monotonic() < waited_until:
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
    stages = ["asking every account", "finding who answers alike", "deciding"]
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
