"""A law of a few rules, small enough to be decided on every day of a year."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

SOURCES = """
TEST-1:
  title: A rule for tests
  status: proposed_not_in_force
  published: 2024-01-29
  url: https://law.example/
"""
RULES = """
name: small.law
description: What a name, a place and an order come to
source: TEST-1
section: "1.2"
effective: {from: 2024-01-29}
actions: [account.open, account.maintain]
rule:
  aggregate:
    - id: email
      condition: "!has(customer.emails)"
      effect: hold
      needs: [customer.emails]
      message: An email address has not been collected.
    - id: place
      condition: has(customer.located_in) && customer.located_in == 'KP'
      effect: deny
      at: customer.located_in
      message: Nobody there may have an account.
    - id: binding
      for: {measure: measures}
      condition: measure.state == 'binding'
      effect: deny
      message: A special measure stands against the account.
    - id: watched
      condition: has(customer.trading_names)
      effect: restrict
      at: customer.trading_names
      message: Watch this account.
"""
PLACES = ("US", "KP", "FR", "DE", "BR", "ZA")


def rules(folder: Path, *changes: tuple[str, str]) -> Path:
    """The rules in a folder, with texts of theirs replaced."""
    text = RULES
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    folder.mkdir(parents=True)
    (folder / "sources.yaml").write_text(SOURCES)
    (folder / "small.yaml").write_text(text)
    return folder


def accounts(path: Path, *, each: int = 1) -> Path:
    """Accounts that differ in place, email and trading name, as many of each kind."""
    lines = []
    for number in range(each):
        for place in PLACES:
            for emails in (["a@b.example"], []):
                for names in (["Other"], []):
                    customer = {
                        "id": f"{place}-{number}",
                        "located_in": place,
                        "emails": emails,
                        "trading_names": names,
                    }
                    lines.append({"action": "account.open", "facts": {"customer": customer}})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def order(path: Path, **said: Any) -> str:
    """An order, by its file's name from the folder of the job."""
    content = {"id": path.stem, "kind": "prohibition", "issued_on": "2027-01-11", "finding": "Fiction, for a test."}
    path.write_text(yaml.safe_dump({**content, **said}))
    return path.name


def job(folder: Path, **said: Any) -> Path:
    path = folder / "job.yaml"
    content = {"name": "small", "title": "T", "population": "accounts.ndjson", **said}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path
