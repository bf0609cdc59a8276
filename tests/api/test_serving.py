"""The real server in a process of its own: HTTP as it should not be, slow clients, and a gentle end."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from problem_shape import check_problem_answer
from running_service import COMMAND, Answer, RunningService

from api.cli import main
from api.example import EXAMPLE_REQUEST
from api.request_body import MAX_BATCH
from api.server import MAX_RECEIVED
from engine.audit import DecisionLog

BODY = json.dumps(EXAMPLE_REQUEST).encode()
JSON = {"Content-Type": "application/json"}
HEAD = b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_it_decides_and_remembers(running: RunningService) -> None:
    answer = running.decide(EXAMPLE_REQUEST)
    assert (answer.status, answer.document["outcome"]) == (200, "hold")
    again = running.request("GET", f"/v1/decisions/{answer.document['id']}")
    assert again.body == answer.body
    assert "Server" not in answer.headers


def test_the_line_it_prints_gets_a_real_decision(running: RunningService) -> None:
    assert len([line for line in running.lines if line.startswith("curl ")]) == 1
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    done = subprocess.run(["sh", "-c", running.lines[-1]], capture_output=True, check=True)
    assert json.loads(done.stdout)["policy"]["mode"] == "authoritative"


@pytest.mark.parametrize(
    ("raw", "slug"),
    [
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), "length-required"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "length-required"),
        (
            HEAD
            + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
            % (len(BODY), len(BODY), BODY),
            "length-required",
        ),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "length-required"),
        (HEAD + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", "length-required"),
        (HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n", "length-required"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed-http"),
        (HEAD + b"\r\n", "length-required"),
        (HEAD + b"Content-Length: 0\r\n\r\n", "empty-body"),
        (HEAD + b"Content-Length: -1\r\n\r\n", "malformed-http"),
        (HEAD + b"Content-Length: +2\r\n\r\n{}", "malformed-http"),
        (HEAD + b"Content-Length: 0x2\r\n\r\n{}", "malformed-http"),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "malformed-http"),
        (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", "malformed-http"),
        (HEAD + b"Content-Length: %d\r\n\r\n" % MAX_RECEIVED, "body-too-large"),
        (HEAD + b"No colon\r\n\r\n", "malformed-http"),
        (HEAD + b"Name : x\r\n\r\n", "malformed-http"),
        (HEAD + b"Name: x\ny\r\n\r\n", "malformed-http"),
        (HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n", "header-too-large"),
        (b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", "malformed-http"),
        (b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n", "malformed-http"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "malformed-http"),
        (b"GET /docs HTTP/1.1\r\nHost: rebound.example\r\n\r\n", "invalid-header"),
        (b"BREW /docs HTTP/1.1\r\nHost: localhost\r\n\r\n", "method-not-allowed"),
    ],
)
def test_http_as_it_should_not_be_is_a_problem(running: RunningService, raw: bytes, slug: str) -> None:
    check_problem_answer(running.send(raw), slug)


@pytest.mark.parametrize("route", ["/v1/decisions", "/v1/decisions/batch"])
@pytest.mark.parametrize("size", [11 * 1024 * 1024, 40 * 1024 * 1024])
def test_a_body_that_is_too_large_gets_its_answer_after_it_was_sent(
    running: RunningService, route: str, size: int
) -> None:
    check_problem_answer(running.request("POST", route, b" " * size, JSON), "body-too-large")


def test_chunks_from_an_ordinary_client_are_refused(running: RunningService) -> None:
    chunks = (BODY[start : start + 50] for start in range(0, len(BODY), 50))
    check_problem_answer(running.request("POST", "/v1/decisions", chunks, JSON, encode_chunked=True), "length-required")


def test_a_large_batch_is_taken(running: RunningService) -> None:
    line = json.dumps({**EXAMPLE_REQUEST, "facts": {"customer": {"name": "n" * 8_000}}}) + "\n"
    body = (line * 1000).encode()
    assert 8_000_000 < len(body) < MAX_BATCH
    answer = running.request("POST", "/v1/decisions/batch", body, {"Content-Type": "application/x-ndjson"})
    assert answer.status == 200
    assert answer.body.count(b"\n") == 1000


def test_a_connection_serves_many_requests_and_survives_a_refused_one(running: RunningService) -> None:
    connection = http.client.HTTPConnection(running.host, running.port, timeout=30)
    for body, status in ((BODY, 200), (b"{", 400), (b" " * 2_000_000, 413), (BODY, 200)):
        connection.request("POST", "/v1/decisions", body, JSON)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


def test_slow_clients_hold_up_nobody(running: RunningService) -> None:
    """More half-sent requests than there are threads, some in the headers and some in the body."""
    halves = [running.connect() for _ in range(40)]
    try:
        for number, half in enumerate(halves):
            half.sendall(HEAD[:60] if number % 2 else HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY[:90]))
        begun = time.monotonic()
        assert running.decide(EXAMPLE_REQUEST).status == 200
        assert time.monotonic() - begun < 5
        halves[0].sendall(BODY[90:])
        response = http.client.HTTPResponse(halves[0])
        response.begin()
        assert response.status == 200
    finally:
        for half in halves:
            half.close()


def test_what_was_received_is_answered_before_the_end(start_service: Callable[..., RunningService]) -> None:
    """While requests come in, SIGTERM ends the service: exit code 0, every answer whole and on record."""
    service = start_service()
    answers: list[Answer] = []

    def ask() -> None:
        try:
            while True:
                answers.append(service.decide(EXAMPLE_REQUEST))
        except (OSError, http.client.HTTPException):
            return

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    while len(answers) < 40:
        time.sleep(0.01)
    code, errors = service.stop()
    for client in clients:
        client.join()
    assert (code, errors) == (0, "")
    with DecisionLog.open(service.data) as log:
        assert all(log.get(answer.document["id"]) for answer in answers)


def test_ctrl_c_ends_it_at_once_when_nothing_is_asked(start_service: Callable[..., RunningService]) -> None:
    service = start_service()
    with service.connect() as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(10) == 0
        while idle.recv(65_536):
            pass


def refused_start(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code of a start that goes wrong, and what it says of it; it prints nothing and shows no traceback."""
    with pytest.raises(SystemExit) as left:
        main(["serve", *arguments])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    return left.value.code, shown.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])  # noqa: S104
def test_another_host_is_refused(capsys: pytest.CaptureFixture[str], host: str) -> None:
    code, words = refused_start(capsys, "--host", host)
    assert code == 1
    assert "OSTIARY_HOST" in words


def test_a_busy_port_is_said_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, words = refused_start(capsys, "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert "Address already in use" in words
    assert "--port" in words


def test_rules_with_mistakes_stop_the_start(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "sources.yaml").write_text("not: [closed\n")
    code, words = refused_start(capsys, "--port", "0", "--data", str(tmp_path / "data"), "--rules", str(rules))
    assert code == 3
    assert "sources.yaml:" in words
    assert not (tmp_path / "data").exists()


def test_a_data_directory_that_cannot_be_used_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = [*COMMAND, "serve", "--port", "0", "--data", str(tmp_path / "file" / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")
def test_ipv6_loopback_is_this_machine_too(start_service: Callable[..., RunningService]) -> None:
    service = start_service(arguments=("--host", "::1"))
    assert service.lines[0].startswith(f"Ostiary serves http://[::1]:{service.port} ")
    service.host = "::1"
    assert service.request("GET", "/readyz").status == 200
