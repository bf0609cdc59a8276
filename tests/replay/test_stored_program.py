"""A stored program made to decide again: what may have changed around it, and what may not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import orjson
import pytest
import rfc8785
from small_rules import item, policy, rule_set

from engine import Decider, Policy
from engine.policy.load import SEMANTICS
from engine.replay import NotReplayable, NotReplayableError, Reason, Recorded, replay, semantics_of, stored_policy

RULES = rule_set(
    item("address", "!has(customer.address)", effect="hold", needs=["customer.address"]),
    item("watched", "has(customer.name) && customer.name == 'Watched'", effect="review"),
)
DAY = "2026-11-22"


def digest_of(document: bytes) -> str:
    return "sha256:" + hashlib.sha256(document).hexdigest()


def with_identity(original: Policy, change: Callable[[dict[str, Any]], None]) -> tuple[str, bytes]:
    """The document of a policy that is otherwise alike, and its digest."""
    identity = json.loads(original.document)
    change(identity)
    document = rfc8785.dumps(identity)
    return digest_of(document), document


def refusal(digest: str, document: bytes, texts: Mapping[str, str]) -> tuple[Reason, str]:
    with pytest.raises(NotReplayableError) as refused:
        stored_policy(digest, document, texts)
    return refused.value.reason, refused.value.detail


@pytest.fixture(scope="module")
def made() -> Policy:
    return policy(RULES)


def test_it_is_the_program_that_was_stored(made: Policy) -> None:
    again = stored_policy(made.digest, made.document, made.files)
    assert (again.digest, again.document) == (made.digest, made.document)
    request = {"action": "account.open", "as_of": DAY, "facts": {"customer": {"name": "Ada"}}}
    was, is_now = (orjson.dumps(Decider(one).decide(request).document) for one in (made, again))
    # Needs hold the schema of an address, so the order of the vocabulary shows in the bytes.
    assert b'"city":' in was
    assert was == is_now


def test_comments_and_layout_may_differ(made: Policy) -> None:
    texts = {name: f"# A comment.\n{text}" for name, text in made.files.items()}
    assert stored_policy(made.digest, made.document, texts).digest == made.digest


@pytest.mark.parametrize(
    "change",
    [
        {"rules/small.yaml": json.dumps(rule_set(item("address", "!has(customer.address)")))},
        {"rules/more.yaml": json.dumps({**rule_set(item("b")), "name": "more"})},
    ],
)
def test_files_that_decide_otherwise_are_not_the_program(made: Policy, change: dict[str, str]) -> None:
    reason, detail = refusal(made.digest, made.document, {**made.files, **change})
    assert reason == Reason.NO_POLICY
    assert detail == f"the files of policy {made.digest} are not those it was made of"


def test_files_that_do_not_load_say_where(made: Policy) -> None:
    reason, detail = refusal(made.digest, made.document, {**made.files, "rules/small.yaml": "name: small\nrule: ["})
    assert reason == Reason.NO_POLICY
    assert detail.startswith(f"the files of policy {made.digest} do not load: rules/small.yaml:2: ")


def test_a_switch_read_otherwise_than_the_files_have_it_is_not_the_program(made: Policy) -> None:
    digest, document = with_identity(made, lambda identity: identity["constants"].update({"interpretation.Q1": "wide"}))
    assert refusal(digest, document, made.files)[0] == Reason.NO_POLICY


def test_another_version_of_the_language_is_said_plainly(made: Policy) -> None:
    digest, document = with_identity(made, lambda identity: identity.update(semantics="1"))
    assert semantics_of(document) == "1" != SEMANTICS
    reason, detail = refusal(digest, document, made.files)
    assert reason == Reason.OTHER_SEMANTICS
    assert detail.startswith(f"policy {digest} is written for semantics `1` and this engine reads `{SEMANTICS}`; ")


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"semantics":"2"}'])
def test_a_document_that_is_none_of_a_policy_is_refused(made: Policy, document: bytes) -> None:
    assert refusal(digest_of(document), document, made.files)[0] == Reason.NO_POLICY
    with pytest.raises(NotReplayableError):
        semantics_of(document)


def test_a_document_of_another_digest_is_refused(made: Policy) -> None:
    digest, _ = with_identity(made, lambda identity: identity.update(semantics="1"))
    assert "something else" in refusal(digest, made.document, made.files)[1]


@pytest.mark.parametrize("words", [{}, {"enums": {}, "records": {}, "facts": {"a": 1}, "derived": {}}, []])
def test_a_vocabulary_that_is_none_is_refused(made: Policy, words: object) -> None:
    digest, document = with_identity(made, lambda identity: identity.update(vocabulary=words))
    assert "vocabulary" in refusal(digest, document, made.files)[1]


def _without_postal_code(identity: dict[str, Any]) -> None:
    del identity["vocabulary"]["records"]["address"]["postal_code"]


def test_words_learnt_since_do_not_change_an_old_decision(made: Policy) -> None:
    """As if `postal_code` had come into the vocabulary after the decision was made."""
    digest, document = with_identity(made, _without_postal_code)
    request = {"action": "account.open", "as_of": DAY, "facts": {"customer": {"name": "Ada"}}}
    today = Decider(made).decide(request).document
    then = json.loads(orjson.dumps(today))
    del then["needs"][0]["schema"]["properties"]["postal_code"]
    then["policy"]["digest"] = digest
    record = {"v": 2, "type": "decision", "action": "account.open", "as_of": DAY, "policy": digest, "decision": then}
    old = Recorded(0, "a", orjson.dumps(record), orjson.dumps(request["facts"]))
    (result,) = replay([old], lambda asked: stored_policy(asked, document, made.files))
    assert not isinstance(result, NotReplayable)
    assert result.is_same
    # And a word that was unknown then is unknown now.
    new = attrs.evolve(old, facts=b'{"customer":{"address":{"postal_code":"1"}}}')
    (result,) = replay([new], lambda asked: stored_policy(asked, document, made.files))
    assert not isinstance(result, NotReplayable)
    assert result.difference.after == "none"
