"""Checkpoints carried away to an address, whatever answers there."""

from __future__ import annotations

import socket
import threading

import pytest

from api.publishing import publisher
from engine.audit import LogUnavailable


@pytest.fixture
def answering():
    """An address at which every request gets these bytes for an answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(answer: bytes) -> str:
        def run():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/checkpoint"

    yield serve
    listener.close()


def test_a_note_that_is_taken(answering):
    publisher(answering(b"HTTP/1.1 204 No Content\r\n\r\n"))("a note\n")


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"HTTP/1.1 x\r\n\r\n", b"\xff" * 70_000],
)
def test_whatever_else_is_answered_is_trouble_in_words(answering, answer):
    with pytest.raises(LogUnavailable, match=r"could not be published to http://127.0.0.1.*; see that it takes a PUT"):
        publisher(answering(answer))("a note\n")


def test_an_address_that_is_none_is_trouble_in_words():
    with pytest.raises(LogUnavailable, match="could not be published"):
        publisher("http://exa mple/checkpoint")("a note\n")
