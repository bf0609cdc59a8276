"""One decision's evidence: it proves what it says without the service, says the same to people, and is on record."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import attrs
import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from html_page import Page
from plain_tree import in_base64, leaf_of, path_of, root_of
from problem_shape import check_problem_answer

from api.app import create_app
from api.application import service_of
from api.example import EXAMPLE_REQUEST
from api.service import DecisionService
from api.settings import Settings, default_rules
from api.web.evidence_page import render_page
from bench.shipped import ROOT
from engine.audit import Entry, verify
from engine.audit.checkpoint import read_checkpoint
from engine.audit.evidence import gather_evidence, pack
from engine.audit.export import export
from engine.audit.merkle import leaf_hash, verify_inclusion
from engine.audit.note import Verifier

FIRST = [
    "index.html",
    "entry.json",
    "proof.txt",
    "checkpoint",
    "activation.json",
    "activation_proof.txt",
    "policy.json",
    "keys.txt",
]
OPEN_AN_ENTITY = {
    "action": "account.open",
    "as_of": "2026-11-22",
    "facts": {
        "provider": {"us_person": True},
        "product": {"kind": "compute", "runs_customer_software": True},
        "customer": {
            "id": "canary-id",
            "kind": "entity",
            "name": "Canary & Söhne <b>GmbH</b>",
            "organized_in": "X-SYLVANIA",
            "located_in": "X-SYLVANIA",
            "no_owner_reason": "canary reason",
            "payments": [{"kind": "wallet", "identifier": "canary-wallet", "source": "y"}],
            "identity": {"status": "verified", "methods": ["non_documentary"], "doubts": True},
        },
    },
}


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def decided(client: FlaskClient, request: object = EXAMPLE_REQUEST, **headers: str) -> dict:
    return client.post("/v1/decisions", json=request, headers=headers).json


def evidence_of(client: FlaskClient, id_: str, **headers: str) -> dict[str, bytes]:
    answer = client.get(f"/v1/decisions/{id_}/evidence", headers=headers)
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="evidence-{id_}.zip"'
    return unpacked(answer.data)


def parse_proof(text: bytes) -> tuple[int, list[str], str]:
    """Index, hashes and checkpoint of a c2sp.org/tlog-proof@v1 without extra data, read line by line."""
    head, _, note = text.decode().partition("\n\n")
    first, index, *hashes = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    assert index.startswith("index ")
    return int(index.removeprefix("index ")), hashes, note


def test_it_proves_the_decision_and_its_program(client: FlaskClient, tmp_path: Path) -> None:
    decision = decided(client)
    files = evidence_of(client, decision["id"])
    assert list(files)[: len(FIRST)] == FIRST
    # With the key from the service's directory and the engine's own verification.
    keys = [Verifier.parse(vkey) for vkey in (tmp_path / "data" / "log.pub").read_text().split()]
    checkpoint = read_checkpoint(files["checkpoint"], keys)
    places = []
    for body, proof in (("entry.json", "proof.txt"), ("activation.json", "activation_proof.txt")):
        index, hashes, note = parse_proof(files[proof])
        assert note.encode() == files["checkpoint"]
        path = [base64.b64decode(value) for value in hashes]
        verify_inclusion(leaf_hash(files[body]), index, checkpoint.size, path, checkpoint.root)
        places.append(index)
    entry, activation = json.loads(files["entry.json"]), json.loads(files["activation.json"])
    assert places[1] < places[0] == decision["log"]["index"]
    assert entry["decision"] == {key: decision[key] for key in decision if key not in {"id", "log"}}
    assert (entry["id"], entry["type"], activation["type"]) == (decision["id"], "decision", "policy_activated")
    digest = "sha256:" + hashlib.sha256(files["policy.json"]).hexdigest()
    assert entry["policy"] == activation["policy"] == decision["policy"]["digest"] == digest
    texts = {name.removeprefix("files/"): text for name, text in files.items() if name.startswith("files/")}
    assert set(files) == {*FIRST, *(f"files/{name}" for name in texts)}
    assert {name: "sha256:" + hashlib.sha256(text).hexdigest() for name, text in texts.items()} == activation["files"]
    assert texts["rules/sources.yaml"] == (default_rules() / "sources.yaml").read_bytes()
    assert [line for line in files["keys.txt"].decode().splitlines() if line[0] != "#"] == [key.text for key in keys]
    assert "from the operator" in files["keys.txt"].decode()


def test_the_verifier_says_so_too(client: FlaskClient, tmp_path: Path) -> None:
    id_ = decided(client)["id"]
    path, keys = tmp_path / "evidence.zip", verify.read_keys([str(tmp_path / "data" / "log.pub")])
    path.write_bytes(client.get(f"/v1/decisions/{id_}/evidence").data)
    (tmp_path / "anchor").write_bytes(client.get("/v1/log/checkpoint").data)
    report = verify.verify(path, keys, [verify.read_anchor(tmp_path / "anchor")], datetime.now(UTC))
    assert (report.integrity, report.completeness, report.findings) == ("ok", "not checked", [])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("files/rules/more.yaml", "name: more\n")
    report = verify.verify(path, keys, [], datetime.now(UTC))
    assert report.integrity == "failed"


def test_a_stranger_computes_the_same_from_the_entries(client: FlaskClient) -> None:
    for _ in range(5):
        decision = decided(client)
    files = evidence_of(client, decision["id"])
    lines = client.get("/v1/log/entries").data.splitlines()
    leaves = [leaf_of(json.loads(line)["body"].encode()) for line in lines]
    index, hashes, note = parse_proof(files["proof.txt"])
    _, size, root, *_ = note.split("\n")
    assert leaves[index] == leaf_of(files["entry.json"])
    assert in_base64([root_of(leaves[: int(size)])]) == [root]
    assert in_base64(path_of(index, leaves[: int(size)])) == hashes


def test_it_is_on_record_before_it_is_given(client: FlaskClient, service: DecisionService) -> None:
    decision = decided(client)
    files = evidence_of(client, decision["id"], **{"X-Request-Id": "case-7"})
    (export,) = [entry for entry in service.log.entries() if entry.kind == "exported"]
    record = json.loads(export.body)
    place = decision["log"]["index"]
    assert {key: record[key] for key in ("start", "end", "form", "caller", "request_id")} == {
        "start": place,
        "end": place + 1,
        "form": "evidence",
        "caller": "127.0.0.1",
        "request_id": "case-7",
    }
    assert export.index < int(files["checkpoint"].split(b"\n")[1])


def test_what_is_not_given_is_not_on_record(client: FlaskClient, service: DecisionService) -> None:
    decision = decided(client)
    head = client.head(f"/v1/decisions/{decision['id']}/evidence")
    assert (head.status_code, head.content_type) == (200, "application/zip")
    activation = service.log.last_of("policy_activated")
    for name in ("nothing", activation.id, "%00", "a" * 300):
        check_problem_answer(client.get(f"/v1/decisions/{name}/evidence"), "not-found")
    assert service.log.last_of("exported") is None


def test_the_same_checkpoint_gives_the_same_bytes(client: FlaskClient, service: DecisionService) -> None:
    entry = service.entry(decided(client)["id"])
    note, keys = service.checkpointer.sign(), service.checkpointer.verifiers()
    one, two = (
        pack({"index.html": render_page(evidence), **evidence.files()})
        for evidence in (gather_evidence(service.log, entry, note, keys) for _ in range(2))
    )
    assert one == two
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        infos = archive.infolist()
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
    rest = [info.filename for info in infos[len(FIRST) :]]
    assert rest == sorted(rest)


def activation_of(name: str, policy: str, **fields: object) -> Entry:
    return Entry("policy_activated", name, orjson.dumps({"type": "policy_activated", "policy": policy, **fields}))


def test_the_activation_is_the_last_of_its_program_before_the_decision(
    client: FlaskClient, service: DecisionService
) -> None:
    body = json.loads(service.log.last_of("policy_activated").body)
    digest, other = service.policy.digest, "sha256:" + "0" * 64
    service.log.append_all(
        [
            Entry("policy_activated", "again", orjson.dumps({**body, "id": "again"})),
            # More of another program than are looked at in one step.
            *(activation_of(f"other-{n}", other) for n in range(150)),
        ]
    )
    decision = decided(client)
    service.log.append(activation_of("later", digest))
    assert json.loads(evidence_of(client, decision["id"])["activation.json"])["id"] == "again"


def test_texts_that_an_old_activation_does_not_name_do_not_look_proven(
    client: FlaskClient, service: DecisionService
) -> None:
    """As version 1 wrote: an activation without files, a decision without caller, places, subject."""
    record = json.loads(service.entry(decided(client)["id"]).body)
    old = {key: record[key] for key in ("time", "action", "as_of", "policy", "request_id", "decision")}
    service.log.append_all(
        [
            activation_of("old-activation", record["policy"], time=record["time"]),
            Entry("decision", "old-decision", orjson.dumps({"v": 1, "type": "decision", "id": "old-decision", **old})),
        ]
    )
    files = evidence_of(client, "old-decision")
    assert json.loads(files["activation.json"])["policy"] == record["policy"]
    assert not [name for name in files if name.startswith("files/")]
    assert files["unproven/rules/sources.yaml"] == (default_rules() / "sources.yaml").read_bytes()
    page = Page(files["index.html"].decode())
    assert "unproven/rules/cip/collection.yaml" in page.links
    assert page.words.count("not recorded") == 2
    assert "not vouched for" in page.words


@attrs.frozen
class Seen:
    """A pack's page and the record it is about."""

    page: Page
    record: Mapping
    files: Mapping[str, bytes]

    @property
    def text(self) -> str:
        return self.files["index.html"].decode()


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Under a stricter program and the fictitious measures, asked for by a caller with a hostile name."""
    data = tmp_path_factory.mktemp("stricter") / "data"
    rules = (default_rules(), ROOT / "fixtures" / "programs" / "stricter")
    app = create_app(
        Settings(data=data, rules=rules, jurisdictions=ROOT / "fixtures" / "jurisdictions", caller_header="X-Caller")
    )
    try:
        client, caller = app.test_client(), {"X-Caller": '"><script>alert(1)</script>&amp;'}
        files = evidence_of(client, decided(client, OPEN_AN_ENTITY, **caller)["id"], **caller)
    finally:
        service_of(app).close()
    return Seen(Page(files["index.html"].decode()), json.loads(files["entry.json"]), files)


def test_the_page_runs_and_loads_nothing(seen: Seen) -> None:
    assert {"script", "link", "img", "iframe", "form", "object", "base"}.isdisjoint(seen.page.tags)
    assert "style" not in seen.page.attributes
    assert not any(name.startswith("on") for name in seen.page.attributes)
    assert "default-src 'none'" in seen.text
    styles = seen.text.partition("<style>")[2].partition("</style>")[0]
    assert "@media print" in styles
    assert "url(" not in styles
    assert "@import" not in styles
    assert [link for link in seen.page.links if "://" in link] == [
        "https://www.federalregister.gov/documents/2024/01/29/2024-01580/"
    ]
    assert {link for link in seen.page.links if "://" not in link} <= seen.files.keys()


def test_the_page_says_what_was_decided_and_why(seen: Seen) -> None:
    decision, words = seen.record["decision"], seen.page.words
    assert decision["outcome"] == "deny"
    assert decision["findings"]
    for finding in decision["findings"]:
        assert finding["message"] in words
        assert finding["section"].partition("/")[2] in words
        assert {finding["rule"], finding["at"]} <= set(seen.page.code)
    told = {seen.record["id"], seen.record["time"], seen.record["caller"], seen.record["subject"], "X-SYLVANIA"}
    assert told <= set(seen.page.code)
    assert decision["policy"]["as_of"] in words
    assert "proposed not in force" in words
    # What led to the outcome stands before what did not.
    effects = [finding["effect"] for finding in decision["findings"]]
    assert effects[0] == "hold"
    refusals = [finding["message"] for finding in decision["findings"] if finding["effect"] == "deny"]
    assert max(map(words.index, refusals)) < words.index(decision["findings"][0]["message"])


def test_the_page_quotes_the_rules_with_their_lines(seen: Seen) -> None:
    def quoted(name: str, start: str, end: str) -> list[str]:
        lines = seen.files[f"files/{name}"].decode().split("\n")
        first = next(n for n, line in enumerate(lines) if start in line)
        last = next(n for n, line in enumerate(lines[first:], first) if end in line)
        return [f"{n} {line.strip()}" for n, line in enumerate(lines[first : last + 1], 1 + first)]

    shown = [[" ".join(line.split()) for line in code.strip().split("\n")] for code in seen.page.code]
    # A rule, the overlay's line that made it stricter, the condition it stands under, and a special measure.
    rule = quoted("rules/cip/owners.yaml", "id: reason-recorded", "message: A person must decide")
    assert [" ".join(line.split()) for line in rule] in shown
    assert quoted("overlays/1/tighten.yaml", "cip.owners/reason-recorded", "message: No account is opened") in shown
    assert quoted("rules/cip/owners.yaml", "condition: variables.in_scope", "condition: variables.in_scope") in shown
    order = seen.files["files/jurisdictions/measures/sylvania-conditions.yaml"].decode().rstrip().split("\n")
    assert [" ".join(f"{n} {line}".split()) for n, line in enumerate(order, 1)] in shown


def test_the_page_tells_where_it_stands_and_how_to_verify_it(seen: Seen) -> None:
    index, _, note = parse_proof(seen.files["proof.txt"])
    origin, size, root, *_ = note.split("\n")
    leaf = hashlib.sha256(b"\0" + seen.files["entry.json"]).hexdigest()
    assert {origin, root, leaf, hashlib.sha256(seen.files["policy.json"]).hexdigest()} <= set(seen.page.code)
    assert f"entry {index}, counted from 0" in seen.page.words
    assert f"{size} entries" in seen.page.words
    for verifier in ("ostiary log verify", "python verify.py"):
        assert f"{verifier} --key log.pub evidence-{seen.record['id']}.zip" in seen.page.code


def test_no_fact_is_in_the_pack(seen: Seen) -> None:
    texts = {name: content for name, content in seen.files.items() if not name.startswith(("files/", "policy.json"))}
    for canary in ("Canary", "canary"):
        assert [name for name, content in texts.items() if canary.encode() in content] == []


def test_a_log_in_postgresql_gives_the_same(make_settings: Callable[[Path], Settings], policy, tmp_path, postgres_url):
    app = create_app(attrs.evolve(make_settings(tmp_path), log_url=postgres_url), policy=policy)
    try:
        client = app.test_client()
        id_ = decided(client)["id"]
        (tmp_path / "evidence.zip").write_bytes(client.get(f"/v1/decisions/{id_}/evidence").data)
        (tmp_path / "anchor").write_bytes(client.get("/v1/log/checkpoint").data)
        assert client.get(f"/v1/log/proof/inclusion?id={id_}").status_code == 200
        assert client.get("/v1/log/proof/consistency?from=1").status_code == 200
        lines = client.get("/v1/log/entries").data
        size = service_of(app).log.size()
        export(service_of(app).log, tmp_path / "export", lambda: size)
    finally:
        service_of(app).close()
    keys, anchor = verify.read_keys([str(tmp_path / "log.pub")]), verify.read_anchor(tmp_path / "anchor")
    for name, completeness in (("evidence.zip", "not checked"), ("export", "ok")):
        report = verify.verify(tmp_path / name, keys, [anchor], datetime.now(UTC))
        assert (report.integrity, report.completeness) == ("ok", completeness)
    assert (tmp_path / "export" / "entries.ndjson").read_bytes().startswith(lines)


def test_no_evidence_is_given_out_of_a_log_that_was_changed(
    make_app: Callable[..., Flask], tmp_path: Path, service: DecisionService
) -> None:
    client = make_app(tmp_path / "other").test_client()
    first, second = decided(client), decided(client)
    client.get("/v1/log/checkpoint")
    with sqlite3.connect(tmp_path / "other" / "log.db") as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        body = service.recorder.entry("decision", {}).body
        database.execute(
            'UPDATE entry SET body = ?, leaf = ? WHERE "index" = ?', [body, leaf_of(body), first["log"]["index"]]
        )
    database.close()
    # Of the entry that was changed, and of another in the same tree.
    for decision in (first, second):
        check_problem_answer(client.get(f"/v1/decisions/{decision['id']}/evidence"), "log-unavailable")
