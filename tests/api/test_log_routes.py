"""What an auditor reads over HTTP, held against the definitions of RFC 6962 and against the engine's verification."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask
from flask.testing import FlaskClient
from plain_tree import consistency_of, in_base64, leaf_of, path_of, root_of
from problem_shape import check_problem_answer
from running_service import RunningService

from api.app import create_app
from api.application import service_of
from api.example import EXAMPLE_REQUEST
from api.routes.log import MOST_ENTRIES
from api.service import DecisionService
from api.settings import Settings
from engine import Policy
from engine.audit import Entry, LogUnavailable
from engine.audit.checkpoint import read_checkpoint
from engine.audit.merkle import verify_consistency, verify_inclusion
from engine.audit.note import Verifier

ADDED = 1_300


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("long") / "data"


@pytest.fixture(scope="module")
def long_app(data: Path, policy: Policy, make_settings: Callable[[Path], Settings]) -> Iterator[Flask]:
    """A service on a log that is longer than one answer and one tile; it is only read."""
    app = create_app(make_settings(data), policy=policy)
    entries = [Entry("decision", f"n-{n}", f'{{"n":{n},"note":"é\\"{n}"}}'.encode()) for n in range(ADDED)]
    service_of(app).log.append_all(entries)
    service_of(app).checkpointer.sign()
    yield app
    service_of(app).close()


@pytest.fixture
def auditor(long_app: Flask) -> FlaskClient:
    return long_app.test_client()


@pytest.fixture(scope="module")
def leaves(long_app: Flask) -> list[bytes]:
    """Of every entry there is once nothing more is appended, hashed from the bodies as they were handed out."""
    found: list[bytes] = []
    client, link = long_app.test_client(), "/v1/log/entries"
    while link:
        answer = client.get(link)
        lines = [json.loads(line) for line in answer.data.splitlines()]
        assert [line["index"] for line in lines] == list(range(len(found), len(found) + len(lines)))
        found += [leaf_of(line["body"].encode()) for line in lines]
        assert [line["leaf"] for line in lines] == [leaf.hex() for leaf in found[-len(lines) :]]
        link = _next(answer.headers.get("Link"))
    return found


def _next(header: str | None) -> str | None:
    found = re.fullmatch(r'<([^>]+)>; rel="next"', header or "")
    return found[1] if found else None


def decode(hashes: list[str]) -> list[bytes]:
    return [base64.b64decode(value, validate=True) for value in hashes]


def test_the_checkpoint_is_signed_over_all_that_was_acknowledged(app: Flask, client: FlaskClient, tmp_path) -> None:
    log = service_of(app).log
    index = client.post("/v1/decisions", json=EXAMPLE_REQUEST).json["log"]["index"]
    answer = client.get("/v1/log/checkpoint")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    vkeys = (tmp_path / "data" / "log.pub").read_text().split()
    checkpoint = read_checkpoint(answer.data, [Verifier.parse(vkey) for vkey in vkeys])
    assert index < checkpoint.size
    assert checkpoint.root == root_of([leaf_of(entry.body) for entry in log.entries(0, checkpoint.size)])
    # And without the engine: text, empty line, one line of a signature by the key in the file.
    text, _, signature = answer.text.rpartition("\n\n")
    key = base64.b64decode(vkeys[0].split("+", 2)[2])
    signed = base64.b64decode(signature.split(" ")[2])
    assert signed[:4] == hashlib.sha256(checkpoint.origin.encode() + b"\n" + key).digest()[:4]
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(signed[4:], f"{text}\n".encode())


def test_reading_adds_no_entry(auditor: FlaskClient, long_app: Flask, leaves: list[bytes]) -> None:
    first = auditor.get("/v1/log/checkpoint").data
    for path in ("entries", "proof/inclusion?index=3", "proof/inclusion?id=n-4", "proof/consistency?from=2"):
        assert auditor.get(f"/v1/log/{path}").status_code == 200
    assert auditor.get("/v1/log/checkpoint").data == first
    assert service_of(long_app).log.size() == len(leaves)


def test_entries_are_lines_of_one_form(auditor: FlaskClient, long_app: Flask) -> None:
    answer = auditor.get("/v1/log/entries?start=5&end=8")
    assert answer.content_type == "application/x-ndjson"
    assert answer.headers.get("Link") is None
    lines = [json.loads(line) for line in answer.data.splitlines()]
    assert [list(line) for line in lines] == [["index", "kind", "id", "leaf", "body"]] * 3
    stored = list(service_of(long_app).log.entries(5, 8))
    assert [line["body"].encode() for line in lines] == [entry.body for entry in stored]
    assert [(line["kind"], line["id"]) for line in lines] == [(entry.kind, entry.id) for entry in stored]


def test_a_long_log_is_read_in_parts(auditor: FlaskClient, leaves: list[bytes]) -> None:
    assert len(leaves) > MOST_ENTRIES
    assert auditor.get("/v1/log/entries").data.count(b"\n") == MOST_ENTRIES
    whole, of_some = auditor.get("/v1/log/entries?start=1"), auditor.get("/v1/log/entries?start=1&end=1200")
    assert whole.headers["Link"] == f'</v1/log/entries?start={MOST_ENTRIES + 1}>; rel="next"'
    link = _next(of_some.headers["Link"])
    assert link == f"/v1/log/entries?start={MOST_ENTRIES + 1}&end=1200"
    rest = auditor.get(link)
    assert [json.loads(line)["index"] for line in rest.data.splitlines()] == list(range(MOST_ENTRIES + 1, 1200))
    assert "Link" not in rest.headers
    exactly = auditor.get(f"/v1/log/entries?start=7&end={7 + MOST_ENTRIES}")
    assert exactly.data.count(b"\n") == MOST_ENTRIES
    assert "Link" not in exactly.headers


def test_at_the_end_of_the_log_there_is_nothing_yet(auditor: FlaskClient, leaves: list[bytes]) -> None:
    for query in (f"start={len(leaves)}", "start=4&end=4"):
        answer = auditor.get(f"/v1/log/entries?{query}")
        assert (answer.status_code, answer.data) == (200, b"")


def test_no_entry_holds_facts(client: FlaskClient) -> None:
    client.post("/v1/decisions", json=EXAMPLE_REQUEST)
    entries = client.get("/v1/log/entries").text
    assert '"kind":"decision"' in entries
    customer = EXAMPLE_REQUEST["facts"]["customer"]
    for canary in (customer["id"], customer["name"], customer["address"]["street"], customer["phones"][0], "192.0.2.7"):
        assert json.dumps(canary)[1:-1] not in entries


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256, 257, 300, 1_024, 1_300])
def test_inclusion_is_proved_as_the_rfc_defines_it(auditor: FlaskClient, leaves: list[bytes], size: int) -> None:
    root = root_of(leaves[:size])
    for index in {0, 1 % size, size // 3, size // 2, size - 1}:
        proof = auditor.get(f"/v1/log/proof/inclusion?index={index}&size={size}").json
        assert list(proof) == ["index", "size", "leaf", "root", "hashes"]
        assert (proof["index"], proof["size"]) == (index, size)
        assert proof["hashes"] == in_base64(path_of(index, leaves[:size]))
        assert decode([proof["leaf"], proof["root"]]) == [leaves[index], root]
        verify_inclusion(leaves[index], index, size, decode(proof["hashes"]), root)


@pytest.mark.parametrize(("old", "new"), [(0, 9), (1, 2), (3, 7), (8, 8), (255, 257), (256, 1_300), (777, 1_111)])
def test_consistency_is_proved_as_the_rfc_defines_it(
    auditor: FlaskClient, leaves: list[bytes], old: int, new: int
) -> None:
    proof = auditor.get(f"/v1/log/proof/consistency?from={old}&to={new}").json
    assert list(proof) == ["from", "to", "from_root", "to_root", "hashes"]
    assert (proof["from"], proof["to"]) == (old, new)
    assert proof["hashes"] == in_base64(consistency_of(old, leaves[:new]))
    roots = root_of(leaves[:old]), root_of(leaves[:new])
    assert decode([proof["from_root"], proof["to_root"]]) == list(roots)
    verify_consistency(old, new, decode(proof["hashes"]), *roots)


def test_without_a_size_it_is_that_of_the_last_checkpoint(auditor: FlaskClient, leaves: list[bytes]) -> None:
    origin, size, root, *_ = auditor.get("/v1/log/checkpoint").text.split("\n")
    assert origin
    by_index = auditor.get("/v1/log/proof/inclusion?index=17").json
    assert (str(by_index["size"]), by_index["root"]) == (size, root)
    later = auditor.get("/v1/log/proof/consistency?from=17").json
    assert (str(later["to"]), later["to_root"]) == (size, root)
    assert auditor.get("/v1/log/proof/consistency?from=0").json["hashes"] == []
    place = next(n for n, leaf in enumerate(leaves) if leaf == leaf_of('{"n":44,"note":"é\\"44"}'.encode()))
    assert auditor.get("/v1/log/proof/inclusion?id=n-44").json["index"] == place


def test_an_entry_can_be_proved_as_soon_as_it_is_acknowledged(client: FlaskClient) -> None:
    for _ in range(3):
        decision = client.post("/v1/decisions", json=EXAMPLE_REQUEST).json
        proof = client.get(f"/v1/log/proof/inclusion?id={decision['id']}").json
        assert decision["log"] == {"index": proof["index"], "leaf": "sha256:" + decode([proof["leaf"]])[0].hex()}
        _, size, root, *_ = client.get("/v1/log/checkpoint").text.split("\n")
        assert client.get(f"/v1/log/proof/consistency?from={proof['size']}&to={size}").json["to_root"] == root


@pytest.mark.parametrize(
    "number", ["-1", "+1", " 1", "01", "1.0", "1e2", "0x1", "x", "", "\u0661", "1_0", "9" * 19, "9" * 99]
)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("entries?start={}", "start"),
        ("entries?end={}", "end"),
        ("proof/inclusion?index={}", "index"),
        ("proof/inclusion?index=1&size={}", "size"),
        ("proof/consistency?from={}", "from"),
        ("proof/consistency?from=1&to={}", "to"),
    ],
)
def test_a_number_that_is_none_is_refused(auditor: FlaskClient, path: str, name: str, number: str) -> None:
    problem = check_problem_answer(
        auditor.get(f"/v1/log/{path.format(number.replace('+', '%2B'))}"), "invalid-parameter"
    )
    assert [error["pointer"] for error in problem["errors"]] == [f"/{name}"]
    assert len(number) < 19 or number not in json.dumps(problem)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("entries?start=100000", "start"),
        ("entries?end=100000", "end"),
        ("entries?start=9&end=8", "end"),
        ("entries?strat=9", "strat"),
        ("checkpoint?size=5", "size"),
        ("entries?start=1&start=2", "start"),
        ("proof/inclusion?index=100000", "index"),
        ("proof/inclusion?index=5&size=5", "index"),
        ("proof/inclusion?index=0&size=0", "index"),
        ("proof/inclusion?index=5&size=100000", "size"),
        ("proof/inclusion?id=n-9&size=2", "index"),
        ("proof/inclusion", "index"),
        ("proof/inclusion?id=n-9&index=9", "index"),
        ("proof/consistency", "from"),
        ("proof/consistency?from=9&to=8", "from"),
        ("proof/consistency?from=100000", "from"),
        ("proof/consistency?from=1&to=100000", "to"),
        ("proof/consistency?to=5", "from"),
    ],
)
def test_a_number_the_log_does_not_have_is_refused(auditor: FlaskClient, path: str, name: str) -> None:
    problem = check_problem_answer(auditor.get(f"/v1/log/{path}"), "invalid-parameter")
    assert [error["pointer"] for error in problem["errors"]] == [f"/{name}"]
    assert all(error["help"] for error in problem["errors"])


def test_an_index_is_below_the_size(auditor: FlaskClient, leaves: list[bytes]) -> None:
    last = len(leaves) - 1
    assert auditor.get(f"/v1/log/proof/inclusion?index={last}").status_code == 200
    check_problem_answer(auditor.get(f"/v1/log/proof/inclusion?index={last + 1}"), "invalid-parameter")
    assert auditor.get(f"/v1/log/proof/consistency?from={last + 1}").status_code == 200


@pytest.mark.parametrize("name", ["nothing", "", "%00", "a" * 300, "é"])
def test_an_id_that_stands_for_nothing_is_not_found(auditor: FlaskClient, name: str) -> None:
    check_problem_answer(auditor.get(f"/v1/log/proof/inclusion?id={name}"), "not-found")


@contextlib.contextmanager
def tampering(data: Path) -> Iterator[sqlite3.Connection]:
    """The log's database as its owner can open it."""
    connection = sqlite3.connect(data / "log.db")
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    yield connection
    connection.commit()
    connection.close()


def test_no_proof_is_given_out_of_a_tree_that_is_not_that_of_the_entries(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    app = make_app(tmp_path / "data")
    service, client = service_of(app), app.test_client()
    service.log.append_all([Entry("decision", f"n-{n}", b"{}") for n in range(600)])
    service.checkpointer.sign()
    assert client.get("/v1/log/proof/inclusion?index=300").status_code == 200
    with tampering(tmp_path / "data") as database:
        # The leaves of entries 256 to 511, that of 257 changed; then all roots over leaves are gone.
        (tile,) = database.execute('SELECT hashes FROM tile WHERE level = 0 AND "index" = 1').fetchone()
        database.execute(
            'UPDATE tile SET hashes = ? WHERE level = 0 AND "index" = 1', [tile[:32] + bytes(32) + tile[64:]]
        )
    check_problem_answer(client.get("/v1/log/proof/inclusion?index=256"), "log-unavailable")
    with tampering(tmp_path / "data") as database:
        database.execute("DELETE FROM tile WHERE level = 1")
    check_problem_answer(client.get("/v1/log/proof/consistency?from=300&to=600"), "log-unavailable")


def test_a_damaged_entry_is_a_problem_and_not_half_an_answer(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app(tmp_path / "data")
    service_of(app).log.append_all([Entry("decision", f"n-{n}", b"{}") for n in range(600)])
    with tampering(tmp_path / "data") as database:
        database.execute("UPDATE entry SET body = x'7b20' WHERE \"index\" IN (3, 500)")
    client = app.test_client()
    check_problem_answer(client.get("/v1/log/entries"), "log-unavailable")
    # Further on the answer has begun: it breaks off, and what carries it says so.
    with pytest.raises(LogUnavailable, match="entry 500"):
        client.get("/v1/log/entries?start=4").get_data()


def test_an_answer_that_breaks_off_cannot_be_taken_for_a_whole_one(
    start_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    running = start_service(tmp_path / "data")
    lines = (json.dumps(EXAMPLE_REQUEST) + "\n").encode() * 600
    running.request("POST", "/v1/decisions/batch", lines, {"Content-Type": "application/x-ndjson"})
    whole = running.request("GET", "/v1/log/entries?start=2")
    assert whole.headers["Transfer-Encoding"] == "chunked"
    assert whole.body.count(b"\n") >= 600
    with tampering(tmp_path / "data") as database:
        database.execute("UPDATE entry SET body = x'7b7d' WHERE \"index\" = 500")
    with pytest.raises(http.client.IncompleteRead):
        running.request("GET", "/v1/log/entries?start=2")


def test_a_log_that_cannot_be_signed_gives_no_checkpoint(service: DecisionService, client, tmp_path: Path) -> None:
    (tmp_path / "data" / "log.key").chmod(0o644)
    client.post("/v1/decisions", json=EXAMPLE_REQUEST)
    check_problem_answer(client.get("/v1/log/checkpoint"), "log-unavailable")
    assert service.log.size() > 2
