"""The population that is kept beside a file: made once, and anew when anything it was made of is another."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from accounts_to_read import lines, policy, request

from bench.shipped import RULES, shipped_policy
from engine import load
from engine.accounts.population import MANIFEST, Population, PopulationError
from engine.ownership import DIRECT_ONLY, SWITCH
from engine.policy.constants import Overrides
from engine.population.reading import MisfitsError, prepared, read_mapping

ACCOUNTS = lines(request(name="Ada"), request(name="Bob"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.ndjson"
    path.write_bytes(ACCOUNTS)
    return path


def made_at(population: Population) -> int:
    return (population.folder / MANIFEST).stat().st_mtime_ns


def test_it_is_kept_beside_the_file_and_used_again(source: Path) -> None:
    first = prepared(source, policy())
    stamp = made_at(first)
    assert first.folder == source.with_name("accounts.ndjson.population")
    assert prepared(source, policy()) == first
    assert made_at(first) == stamp
    assert prepared(first.folder, policy()) == first


def test_another_file_of_that_name_is_read_anew(source: Path) -> None:
    first = prepared(source, policy())
    source.write_bytes(ACCOUNTS + lines(request(name="Eve")))
    second = prepared(source, policy())
    assert (first.manifest.accounts, second.manifest.accounts) == (2, 3)


def test_another_mapping_is_another_population(source: Path, tmp_path: Path) -> None:
    source.write_bytes(lines({"name": "Ada"}))
    file = tmp_path / "columns.yaml"
    found = []
    for path in ("customer.name", "reseller.name"):
        file.write_text(f"columns: {{name: {path}}}\nset: {{action: account.open}}\n")
        found.append(prepared(source, policy(), read_mapping(file, policy())).manifest)
    assert found[0].source["mapping"] != found[1].source["mapping"]


def test_other_places_and_another_reading_of_ownership_are_read_anew(source: Path) -> None:
    first = prepared(source, policy())
    elsewhere = prepared(source, shipped_policy())
    assert elsewhere.manifest.source["places"] != first.manifest.source["places"]
    direct = load(RULES, RULES.parent / "jurisdictions", Overrides(interpretations={SWITCH: DIRECT_ONLY}))
    assert prepared(source, direct).manifest == attrs.evolve(elsewhere.manifest, ownership=DIRECT_ONLY)


def test_what_was_left_out_is_asked_about_again(source: Path) -> None:
    source.write_bytes(ACCOUNTS + lines(request(nmae="Eve")))
    first = prepared(source, policy(), leave_out=True)
    assert prepared(source, policy(), leave_out=True) == first
    stamp = made_at(first)
    with pytest.raises(MisfitsError):
        prepared(source, policy())
    assert made_at(first) == stamp


def test_one_that_is_damaged_or_of_another_version_is_made_again(source: Path) -> None:
    first = prepared(source, policy())
    manifest = first.folder / MANIFEST
    for content in (b"", b"[]", manifest.read_bytes().replace(b'"accounts": 2', b'"accounts": 3')):
        manifest.write_bytes(content)
        assert prepared(source, policy()) == first


def test_a_folder_of_that_name_that_is_something_else_is_left_alone(source: Path) -> None:
    folder = source.with_name("accounts.ndjson.population")
    folder.mkdir()
    (folder / "keepsake").touch()
    with pytest.raises(PopulationError, match="holds something that is no population"):
        prepared(source, policy())
    assert (folder / "keepsake").exists()
