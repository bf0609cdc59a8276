"""The rete process killed, stopped, closed, corrupted: the findings are right, or there is no opinion, and in time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from small_rules import DAY, item, policy, rule_set

from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import NoOpinionError, Restarting
from engine.evaluators.rete import Process, Rete
from engine.evaluators.rete.net import Net, nets

HERE = Path(__file__).parent
PROGRAM = policy(
    rule_set(
        item("no-name", "!has(customer.name)", at="customer"),
        item("ada", "has(customer.name) && customer.name == 'Ada'", at="customer"),
        item("owner", "has(o.name) && !has(customer.name)", **{"for": {"o": "customer.beneficial_owners"}}),
        item(
            "abroad",
            "(has(customer.name) || has(customer.emails)) && has(customer.located_in) && "
            "!customer.located_in.within('US')",
            at="customer",
        ),
    )
).program
FACTS = (
    {"customer": {"located_in": "US", "beneficial_owners": [{"name": "Grace"}, {}, {"name": "Ada"}]}},
    {"customer": {"name": "Ada", "located_in": "DE"}},
    {},
)
DERIVED: dict[str, Any] = {"owners": [], "ownership_problems": [], "measures": []}
OF_THE_PROCESS = ("killed", "segfault", "ended", "closed", "half, then the end", "dead at the start", "raises")
OF_THE_ANSWER = (
    *("garbage", "nested", "no object", "empty line", "previous", "endless", "twice", "wrong digest", "no digest"),
    *(
        "wrong number",
        "more",
        "fewer nets",
        "fewer sessions",
        "fewer conditions",
        "no text",
        "both ways",
        "neither way",
    ),
    *("no start", "other atom", "other import", "loads another", "speaks first"),
)
OF_THE_LIBRARY = ("drops an asserted fact", "drops a derived fact")
LASTING = ("killed", "dead at the start", "garbage", "wrong digest", "both ways", "neither way")
HANGS = ("stopped", "spinning", "half, then nothing")
BUSY = 20.0
"""Seconds that nobody waits for unless the machine has much else to do: where no fault is that nothing comes."""


@pytest.fixture
def own() -> Iterator[Process]:
    process = Process(BUSY)
    yield process
    process.close()


def found(evaluator: Rete | Compiled, facts: dict[str, Any]) -> list[tuple[str, str]]:
    findings = evaluator.findings("account.open", DAY, facts, DERIVED)
    assert findings is not None
    return [(finding.rule.id, finding.at) for finding in findings]


EXPECTED = [found(Compiled(PROGRAM), facts) for facts in FACTS]


def faulty(fault: str, often: str, directory: Path, deadline_s: float = BUSY) -> Process:
    command = (sys.executable, str(HERE / "faulty_rete_worker.py"), fault, often, str(directory))
    return Process(deadline_s, command)


def is_gone(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii")
    except FileNotFoundError:
        return True
    # Where nobody adopts orphans, a dead one stays in the table.
    return status.rpartition(") ")[2].startswith("Z")


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 20
    while not is_gone(pid):
        assert time.monotonic() < until, f"process {pid} is still there"
        time.sleep(0.02)


def started(directory: Path) -> list[int]:
    return [int(path.name.removeprefix("pid-")) for path in directory.glob("pid-*")]


@pytest.mark.parametrize("fault", [*OF_THE_PROCESS, *OF_THE_ANSWER])
def test_one_fault_costs_a_process_and_no_finding(fault: str, tmp_path: Path) -> None:
    process = faulty(fault, "once", tmp_path)
    rete = Rete(PROGRAM, process)
    assert [found(rete, facts) for facts in FACTS] == EXPECTED
    assert (process.failures, len(started(tmp_path))) == (1, 2), process.last_failure
    process.close()
    assert all(map(is_gone, started(tmp_path)))


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_is_no_opinion(fault: str, tmp_path: Path) -> None:
    process = faulty(fault, "always", tmp_path)
    rete = Rete(PROGRAM, process)
    with pytest.raises(NoOpinionError) as error:
        found(rete, FACTS[0])
    assert process.failures == 2
    assert process.last_failure in str(error.value)
    assert process.pid is None
    assert all(map(is_gone, started(tmp_path)))


@pytest.mark.parametrize("fault", OF_THE_LIBRARY)
def test_facts_that_durable_rules_drops_unnoticed_are_missed(fault: str, tmp_path: Path) -> None:
    """It says that it took them. In this case each of them matters to some rule."""
    process = faulty(fault, "once", tmp_path)
    assert found(Rete(PROGRAM, process), FACTS[1]) == EXPECTED[1]
    assert process.last_failure == "a condition came out neither true nor false"
    process.close()
    process = faulty(fault, "always", tmp_path)
    with pytest.raises(NoOpinionError, match="neither true nor false; started anew"):
        found(Rete(PROGRAM, process), FACTS[1])


@pytest.mark.parametrize("fault", HANGS)
def test_a_process_that_hangs_is_replaced(fault: str, tmp_path: Path) -> None:
    process = faulty(fault, "once", tmp_path, deadline_s=2.0)
    assert found(Rete(PROGRAM, process), FACTS[0]) == EXPECTED[0]
    # A process that spins may be ended by its own clock, a moment before it is given up.
    assert process.last_failure.startswith(("no answer in 2", "it died with signal 14"))
    process.close()
    assert all(map(is_gone, started(tmp_path)))


def test_nobody_waits_longer_than_two_deadlines(tmp_path: Path) -> None:
    process = faulty("stopped", "always", tmp_path, deadline_s=0.5)
    begin = time.monotonic()
    with pytest.raises(NoOpinionError, match=r"no answer in 0\.5 s; started anew: no answer in 0\.5 s"):
        found(Rete(PROGRAM, process), FACTS[0])
    assert time.monotonic() - begin < 10
    assert all(map(is_gone, started(tmp_path)))


@pytest.mark.parametrize("command", [["/nowhere/python"], [str(HERE)], ["/bin/true"], ["/bin/cat"]])
def test_a_program_that_is_no_worker(command: list[str]) -> None:
    process = Process(2.0, command)
    with pytest.raises(NoOpinionError, match=r"cannot be started|ended with status|nonsense"):
        found(Rete(PROGRAM, process), FACTS[0])
    assert process.pid is None


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGINT])
def test_killed_while_it_waits(sent: signal.Signals, own: Process) -> None:
    rete = Rete(PROGRAM, own)
    assert found(rete, FACTS[0]) == EXPECTED[0]
    first = own.pid
    assert first is not None
    os.kill(first, sent)
    assert [found(rete, facts) for facts in FACTS] == EXPECTED
    assert own.pid != first
    assert (own.failures, is_gone(first)) == (1, True)
    assert isinstance(rete, Restarting)
    assert rete.restarts == 1


def test_stopped_while_it_waits() -> None:
    process = Process(deadline_s=2.0)
    rete = Rete(PROGRAM, process)
    assert found(rete, FACTS[0]) == EXPECTED[0]
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    assert found(rete, FACTS[1]) == EXPECTED[1]
    assert (process.last_failure, is_gone(first)) == ("no answer in 2.0 s", True)
    process.close()


def test_threads_take_turns(own: Process) -> None:
    rete = Rete(PROGRAM, own)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda n: found(rete, FACTS[n % 3]), range(60))) == EXPECTED * 20
    assert own.failures == 0


def test_killed_again_and_again_under_load(own: Process) -> None:
    """What comes is right whenever anything comes."""
    rete = Rete(PROGRAM, own)
    ending = threading.Event()

    def kill() -> None:
        while not ending.wait(0.25):
            if (pid := own.pid) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    answered = 0
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        try:
            assert found(rete, FACTS[answered % 3]) == EXPECTED[answered % 3]
            answered += 1
        except NoOpinionError:
            continue
    ending.set()
    killer.join()
    assert answered > 0
    assert own.failures > 0


def test_who_interrupts_a_question_leaves_no_answer_to_the_next(own: Process) -> None:
    rete = Rete(PROGRAM, own)
    net = Net()
    net.all_of((net.new_atom(), net.new_atom()))

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        own.ask(nets(net), [[[2, 3]]], interrupt)
    assert own.pid is None
    assert found(rete, FACTS[1]) == EXPECTED[1]


def test_it_is_given_nothing_but_its_pipes(own: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSTIARY_KEK", "secret")
    with (tmp_path / "log").open("w") as log:
        os.set_inheritable(log.fileno(), True)
        found(Rete(PROGRAM, own), FACTS[0])
        its = Path(f"/proc/{own.pid}")
        assert (its / "environ").read_bytes() == b""
        assert (its / "cwd").readlink() == Path("/")
        descriptors = {str(path.readlink()) for path in (its / "fd").iterdir()}
        assert {name for name in descriptors if not name.startswith("pipe:")} == {"/dev/null"}
    assert own.pid is not None
    assert os.getpgid(own.pid) != os.getpgid(0), "an interrupt at the terminal would reach it"
    assert len(list((its / "task").iterdir())) == 1, "durable-rules is used from one thread"


def test_a_new_process_takes_over_after_so_many_questions() -> None:
    process = Process(BUSY, questions_a_life=5)
    rete = Rete(PROGRAM, process)
    pids = []
    for n in range(12):
        assert found(rete, FACTS[n % 3]) == EXPECTED[n % 3]
        pids.append(process.pid)
    assert [pids.index(pid) for pid in dict.fromkeys(pids)] == [0, 5, 10]
    assert process.failures == 0
    process.close()


def test_a_new_process_takes_over_after_so_many_nets() -> None:
    """One that was given program after program would fill the memory; a few are kept, however large they are."""
    process = Process(BUSY, characters_a_life=1)
    pids = []
    for width in range(2, 37):
        net = Net()
        net.all_of([net.new_atom() for _ in range(width)])
        process.ask(nets(net), [[[]]], lambda answer: answer)
        pids.append(process.pid)
    assert [pids.index(pid) for pid in dict.fromkeys(pids)] == [0, 17, 34]
    assert process.failures == 0
    process.close()


@pytest.mark.parametrize("state", ["idle", "spinning", "stopped"])
def test_it_does_not_outlive_its_parent(state: str, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, str(HERE / "rete_parent.py"), "dies", state, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_until_gone(pid)


def test_a_forked_process_asks_a_process_of_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "rete_parent.py"), "forks", "idle", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    pids = [int(word) for word in done.stdout.split()]
    assert len(pids) == 3
    assert pids[0] == pids[2] != pids[1]
    assert all(map(is_gone, pids))
