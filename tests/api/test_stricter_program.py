"""The running service under the stricter example program."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from running_service import RunningService

from api.app import create_app
from api.application import service_of
from api.settings import default_jurisdictions, default_rules, from_environment
from bench.shipped import ROOT
from engine import Policy, load

STRICTER = ROOT / "fixtures" / "programs" / "stricter"
OVER = ("--rules", str(default_rules()), "--rules", str(STRICTER))
DAY = "2026-11-22"


def request(name: str) -> dict:
    return {**json.loads((ROOT / "fixtures" / "requests" / f"{name}.json").read_text("utf-8")), "as_of": DAY}


@pytest.fixture(scope="module")
def stricter(tmp_path_factory: pytest.TempPathFactory):
    service = RunningService(tmp_path_factory.mktemp("stricter"), OVER)
    yield service
    service.kill()


@pytest.mark.parametrize(
    ("name", "outcome", "finding"),
    [
        ("individual-identity-pending", "hold", "cip.verification/pending-held"),
        ("individual-complete", "hold", "cip.extra/purpose-of-use"),
        ("individual-identity-doubtful", "deny", "cip.verification/doubts"),
        ("us-citizen-in-tokyo", "allow", "cip.gate/us-persons"),
    ],
)
def test_it_decides_more_strictly(stricter: RunningService, name: str, outcome: str, finding: str) -> None:
    document = stricter.decide(request(name)).document
    assert document["outcome"] == outcome
    assert finding in [one["rule"] for one in document["findings"]]


def test_it_asks_what_only_the_overlay_asks(stricter: RunningService) -> None:
    elsewhere = request("reseller-elsewhere")
    elsewhere["facts"]["reseller"]["program"] = {"written": True}
    found = {one["rule"]: one for one in stricter.decide(elsewhere).document["findings"]}
    assert found["cumulus_harbor.copies/on-file"]["section"] == "CH-CIP-7/7.303(c)"
    assert found["cumulus_harbor.copies/on-file"]["at"] == "/reseller/program/collected_on"


def test_it_says_which_policy_decides(stricter: RunningService, policy: Policy) -> None:
    told = stricter.request("GET", "/v1/policy").document
    both = load([default_rules(), STRICTER], default_jurisdictions())
    assert told["digest"] == both.digest != policy.digest
    files = {rule_set["name"]: rule_set["file"] for rule_set in told["rule_sets"]}
    # The name under which the log keeps the file; where it lies on this machine is nobody's business.
    assert files["cumulus_harbor.copies"] == "overlays/1/reseller/copies.yaml"
    assert told["sources"]["CH-CIP-7"] == "internal_policy"


def test_directories_of_the_environment_are_those_of_the_service(tmp_path: Path) -> None:
    joined = os.pathsep.join([str(default_rules()), str(STRICTER)])
    settings = from_environment({"OSTIARY_RULES": joined, "OSTIARY_DATA": str(tmp_path / "data")})
    assert settings.rules == (default_rules(), STRICTER)
    app: Flask = create_app(settings)
    service = service_of(app)
    try:
        assert "overlays/1/tighten.yaml" in service.policy.files
        assert service.policy.digest == load(settings.rules, settings.jurisdictions).digest
    finally:
        service.close()


def test_a_loosening_overlay_does_not_start(tmp_path: Path, start_service: Callable[..., RunningService]) -> None:
    overlay = tmp_path / "loose"
    overlay.mkdir()
    (overlay / "tighten.yaml").write_text("cip.verification/failed: allow\n")
    with pytest.raises(AssertionError, match=r"R603.*loose/tighten.yaml:1:26"):
        start_service(arguments=(*OVER[:2], "--rules", str(overlay)))
