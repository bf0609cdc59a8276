"""Which evaluator decides: the setting, what follows when it has no answer, and that the answers are the same."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import absent_evaluator
import attrs
import mute_evaluator
import partial_evaluator
import pytest
from asking_others import figure, register
from flask.testing import FlaskClient
from problem_shape import check_problem_answer
from running_service import RunningService

from api.app import create_app
from api.application import service_of
from api.settings import Settings, SettingsError, from_environment
from engine import Policy

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = [
    {**json.loads(path.read_text()), "as_of": "2026-11-22"}
    for path in sorted((ROOT / "fixtures" / "requests").glob("*.json"))
    if not path.name.startswith("measure-")
]
MUTE = {"action": "account.open", "as_of": "2026-11-22", "facts": {"customer": {"name": "Mute"}}}
HEARD = {"action": "account.open", "as_of": "2026-11-22", "facts": {"customer": {"name": "Ada"}}}


def _said(document: dict) -> str:
    return json.dumps({**document, "id": None, "log": None})


def test_a_service_decides_the_same_by_the_reference(
    start_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    batch = "\n".join(map(json.dumps, REQUESTS))
    answers = {}
    for name in ("compiled", "reference"):
        service = start_service(tmp_path / name, ("--evaluator", name))
        assert service.request("GET", "/v1/policy").document["evaluator"] == name
        kind = {"Content-Type": "application/x-ndjson"}
        lines = service.request("POST", "/v1/decisions/batch", batch, kind).body.splitlines()
        assert len(lines) == len(REQUESTS) > 30
        answers[name] = [_said(json.loads(line)) for line in lines]
        answers[name].append(_said(service.decide(REQUESTS[0]).document))
        service.stop()
    assert answers["reference"] == answers["compiled"]


@pytest.fixture
def make_client(
    policy: Policy, make_settings: Callable[[Path], Settings], tmp_path: Path
) -> Iterator[Callable[[str], FlaskClient]]:
    made = []

    def make(evaluator: str) -> FlaskClient:
        settings = attrs.evolve(make_settings(tmp_path / "data"), evaluator=evaluator)
        made.append(create_app(settings, policy=policy))
        return made[-1].test_client()

    yield make
    for app in made:
        service_of(app).close()


def test_no_opinion_is_a_problem_and_nothing_is_recorded(
    make_client: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mute_evaluator.register(monkeypatch)
    client = make_client("mute")
    log = service_of(client.application).log
    before = log.size()
    with caplog.at_level(logging.ERROR):
        answer = client.post("/v1/decisions", json=MUTE, headers={"X-Request-Id": "abc", "Idempotency-Key": "once"})
    problem = check_problem_answer(answer, "no-opinion")
    assert answer.headers["Retry-After"] == "1"
    assert "`mute`" in problem["detail"]
    assert log.size() == before
    (told,) = caplog.records
    assert (told.levelname, told.request_id) == ("ERROR", "abc")
    assert "lost its voice" in str(told.exc_info[1])
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["warnings"]) == (
        *(200, ["evaluator `mute`, which decides, had no answer when it was last asked"]),
    )
    assert figure(client.get("/metrics").text, "decisions_missing_total") == 1
    # The name it was asked under stands for nothing yet.
    assert client.post("/v1/decisions", json=HEARD, headers={"Idempotency-Key": "once"}).status_code == 200
    assert client.get("/readyz").json == {"status": "ready"}


def test_of_a_batch_the_rest_is_decided(
    make_client: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    mute_evaluator.register(monkeypatch)
    client = make_client("mute")
    first, problem, last = client.post("/v1/decisions/batch", json=[HEARD, MUTE, HEARD]).json
    assert (problem["type"], problem["status"], problem["item"]) == ("/problems/no-opinion", 503, 1)
    assert last["log"]["index"] == first["log"]["index"] + 1


def test_the_log_names_what_decides_and_tells_of_another(make_client: Callable[[str], FlaskClient]) -> None:
    activations = []
    for name in ("compiled", "compiled", "reference", "reference"):
        service = service_of(make_client(name).application)
        activations = [
            json.loads(entry.body)["evaluator"]
            for entry in service.log.entries(0, service.log.size())
            if entry.kind == "policy_activated"
        ]
        service.close()
    assert activations == ["compiled", "reference"]


def test_one_that_cannot_be_used_here_ends_the_start_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    absent_evaluator.register(monkeypatch)
    with pytest.raises(SettingsError, match=r"OSTIARY_EVALUATOR: `absent` cannot be used here: .* buy one"):
        from_environment({"OSTIARY_EVALUATOR": "absent"})


def test_one_that_does_not_evaluate_the_rules_ends_the_start_before_the_log_is_there(
    make_client: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    partial_evaluator.register(monkeypatch)
    with pytest.raises(SettingsError, match=r"OSTIARY_EVALUATOR: `partial` does not evaluate `Has`, which .*rules/"):
        make_client("partial")
    assert not (tmp_path / "data").exists()


def test_one_that_does_not_evaluate_the_rules_gives_no_second_opinion(
    policy: Policy, make_settings: Callable[[Path], Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, "partial")
    app = create_app(attrs.evolve(make_settings(tmp_path), strict_second_opinion=True), policy=policy)
    client = app.test_client()
    assert client.post("/v1/decisions", json=HEARD).json["findings"][0]["rule"] == "ostiary.opinion/none"
    assert 'reason="unable"' in client.get("/metrics").text
    service_of(app).close()


def test_an_unknown_one_is_named_with_the_known() -> None:
    with pytest.raises(
        SettingsError, match="OSTIARY_EVALUATOR: `abacus` is no evaluator; give one of compiled, reference"
    ):
        from_environment({"OSTIARY_EVALUATOR": "abacus"})
    assert from_environment({"OSTIARY_EVALUATOR": "Reference"}).evaluator == "reference"
    assert from_environment({}).evaluator == "compiled"


def test_one_for_populations_neither_decides_nor_is_asked(
    policy: Policy, make_settings: Callable[[Path], Settings], tmp_path: Path
) -> None:
    said = (
        "OSTIARY_EVALUATOR: `columnar` is for whole populations, and takes tenths of a second for one request; "
        "give one of compiled, reference, rete"
    )
    with pytest.raises(SettingsError, match=re.escape(said)):
        from_environment({"OSTIARY_EVALUATOR": "columnar"})
    app = create_app(attrs.evolve(make_settings(tmp_path), strict_second_opinion=True), policy=policy)
    service = service_of(app)
    assert service.second_opinion.announcement() == (
        "`compiled` decides; `reference` and `rete` are asked before each answer"
    )
    service.close()
