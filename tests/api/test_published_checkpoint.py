"""The checkpoint that is published elsewhere: a start holds the log against it, and nothing older is put over it."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from api.app import create_app
from api.application import service_of
from api.example import EXAMPLE_REQUEST
from api.publishing import publisher
from api.settings import Settings
from engine import Policy
from engine.audit import LogUnavailable

Serve = Callable[[Path], None]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere"


@pytest.fixture
def serve(policy: Policy, make_settings: Callable[[Path], Settings], published: Path) -> Serve:
    def decide(data: Path) -> None:
        app = create_app(attrs.evolve(make_settings(data), checkpoint=str(published)), policy=policy)
        try:
            assert app.test_client().post("/v1/decisions", json=EXAMPLE_REQUEST).status_code == 200
        finally:
            service_of(app).close()

    return decide


def test_a_log_that_was_put_back_whole_is_not_continued(serve: Serve, published: Path, tmp_path: Path) -> None:
    """Everything in the directory agrees; only what was carried away tells that the end is missing."""
    data = tmp_path / "data"
    serve(data)
    shutil.copytree(data, tmp_path / "earlier")
    serve(data)
    note = published.read_bytes()
    with pytest.raises(LogUnavailable, match=r"but [0-9]+ were signed: its end is missing"):
        serve(tmp_path / "earlier")
    assert published.read_bytes() == note
    serve(data)


def test_another_log_is_not_published_over_the_first(serve: Serve, published: Path, tmp_path: Path) -> None:
    serve(tmp_path / "data")
    note = published.read_bytes()
    with pytest.raises(LogUnavailable, match=r"not one of this log's key.*move it away"):
        serve(tmp_path / "other")
    assert published.read_bytes() == note
    published.rename(tmp_path / "kept")
    serve(tmp_path / "other")


def test_a_place_that_is_not_there_does_not_hold_up_a_start(
    make_settings: Callable[[Path], Settings], policy: Policy, tmp_path: Path
) -> None:
    settings = attrs.evolve(make_settings(tmp_path / "data"), checkpoint=str(tmp_path / "unmounted" / "published"))
    app = create_app(settings, policy=policy)
    assert app.test_client().post("/v1/decisions", json=EXAMPLE_REQUEST).status_code == 200
    service_of(app).close()


def test_a_process_that_is_late_does_not_publish_over_a_newer_one(published: Path) -> None:
    publish = publisher(str(published))
    assert publish is not None
    for size, stands in [("9", "9"), ("10", "10"), ("9", "10"), ("11", "11")]:
        publish(f"ostiary.example/log\n{size}\nroot\n")
        assert published.read_text() == f"ostiary.example/log\n{stands}\nroot\n"


@pytest.mark.parametrize(
    "answer", [b"no HTTP\r\n\r\n", b"\xff\xfe", b"", b"HTTP/1.1 500 No\r\n\r\n", b"HTTP/1.1 200 " + b"x" * 70_000]
)
def test_an_address_that_answers_anything_is_a_failure_in_words(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve_once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        server = threading.Thread(target=serve_once)
        server.start()
        publish = publisher(f"http://127.0.0.1:{listener.getsockname()[1]}/checkpoint")
        assert publish is not None
        with pytest.raises(LogUnavailable, match="could not be published to http://127"):
            publish("a note")
        server.join()


def test_a_stored_policy_that_was_changed_ends_the_start_in_words(serve: Serve, tmp_path: Path) -> None:
    data = tmp_path / "data"
    serve(data)
    with sqlite3.connect(data / "log.db") as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE policy SET document = CAST(document || ' ' AS BLOB)")
    db.close()
    with pytest.raises(LogUnavailable, match=r"the policy `sha256:[0-9a-f]{64}` that it keeps is not that policy"):
        serve(data)
