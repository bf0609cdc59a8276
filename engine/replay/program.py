"""A stored program made to decide again, exactly as it did."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs
import orjson

from engine.policy.load import SEMANTICS, load_files
from engine.policy.policy import Policy, PolicyError
from engine.replay.recorded import NotReplayableError, Reason
from engine.vocabulary import read_vocabulary
from engine.vocabulary.read import vocabulary_of

_SAID_BY_FILES = ("files", "constants", "terms")
"""Parts of a policy's identity that come from its files and from nothing else."""


def semantics_of(document: bytes) -> str:
    """The version of the language for which a stored program is written.

    Raises:
        NotReplayableError: the document is not that of a policy.
    """
    return str(_identity(document)["semantics"])


def stored_policy(digest: str, document: bytes, files: Mapping[str, str]) -> Policy:
    """The policy that was stored with this canonical document and these files, under its own digest.

    The words that the engine has learnt since do not matter: requests are read and needs are put in the vocabulary of
    the document.

    Raises:
        NotReplayableError: the engine reads the language otherwise, the files no longer load, or they are not those
            that the digest names.
    """
    if digest != f"sha256:{hashlib.sha256(document).hexdigest()}":
        raise NotReplayableError(Reason.NO_POLICY, f"what is stored as policy {digest} is something else")
    identity = _identity(document)
    if identity["semantics"] != SEMANTICS:
        raise NotReplayableError(Reason.OTHER_SEMANTICS, other_semantics(digest, str(identity["semantics"])))
    try:
        policy = load_files(files)
    except PolicyError as error:
        span, message = error.diagnostics[0].span, error.diagnostics[0].message
        where = f"{span.file}:{span.line}: {message}"
        raise NotReplayableError(Reason.NO_POLICY, f"the files of policy {digest} do not load: {where}") from error
    for part in _SAID_BY_FILES:
        if policy.identity[part] != identity[part]:
            raise NotReplayableError(Reason.NO_POLICY, f"the files of policy {digest} are not those it was made of")
    words = _in_order_of(read_vocabulary().source, identity["vocabulary"])
    try:
        vocabulary = vocabulary_of(words)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        detail = f"the vocabulary of policy {digest} is not one that this engine reads"
        raise NotReplayableError(Reason.NO_POLICY, detail) from error
    return attrs.evolve(policy, identity=identity, vocabulary=vocabulary)


def other_semantics(digest: str, stored: str) -> str:
    """What to tell whoever replays a program of another version of the language."""
    return (
        f"policy {digest} is written for semantics `{stored}` and this engine reads `{SEMANTICS}`; "
        "replay it with the release that decided"
    )


def _identity(document: bytes) -> dict[str, Any]:
    try:
        identity = orjson.loads(document)
    except orjson.JSONDecodeError:
        identity = None
    if not isinstance(identity, dict) or not {"semantics", "vocabulary", *_SAID_BY_FILES} <= identity.keys():
        raise NotReplayableError(Reason.NO_POLICY, "the stored document is not that of a policy")
    return identity


def _in_order_of(like: object, value: Any) -> Any:  # noqa: ANN401 - JSON values
    """The value with its keys in the order of another: the canonical form has sorted them, and needs show the order."""
    if not isinstance(value, dict) or not isinstance(like, Mapping):
        return value
    known = [key for key in like if key in value]
    return {key: _in_order_of(like.get(key), value[key]) for key in dict.fromkeys([*known, *value])}
