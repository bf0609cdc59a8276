"""The shapes of proofs. Hashes of the tree are base64, as in checkpoints and in C2SP tlog-proof."""

from __future__ import annotations

from marshmallow import Schema, fields

_HASH = "^[A-Za-z0-9+/]{43}=$"


def _hash(description: str) -> fields.String:
    return fields.String(required=True, metadata={"description": description, "pattern": _HASH})


def _hashes(description: str) -> fields.List[str]:
    return fields.List(fields.String(metadata={"pattern": _HASH}), required=True, metadata={"description": description})


class InclusionProofSchema(Schema):
    """That an entry is in the log of a size (RFC 6962, section 2.1.1)."""

    index = fields.Integer(required=True, strict=True, metadata={"description": "Position of the entry, from 0"})
    size = fields.Integer(required=True, strict=True, metadata={"description": "Size of the log it is proved in"})
    leaf = _hash("Leaf hash of the entry: SHA-256 of a zero byte and its body")
    root = _hash("Root of the log of that size; it proves something when a checkpoint has signed it")
    hashes = _hashes("From the leaf's sibling up to the child of the root")


class ConsistencyProofSchema(Schema):
    """That a later log begins with the whole of an earlier one (RFC 6962, section 2.1.2)."""

    earlier = fields.Integer(
        required=True, strict=True, data_key="from", metadata={"description": "Size of the earlier log"}
    )
    later = fields.Integer(required=True, strict=True, data_key="to", metadata={"description": "Size of the later log"})
    from_root = _hash("Root of the earlier log")
    to_root = _hash("Root of the later log")
    hashes = _hashes("In the order of RFC 6962; empty if the sizes are equal or the earlier is 0")
