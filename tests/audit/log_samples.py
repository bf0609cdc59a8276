"""What log tests append: facts as the vault would hand them over, with the customer's key."""

from __future__ import annotations

from engine.audit.entry import NewKey, Sealed

SUBJECT = "5e" * 16
SEALED = Sealed(
    SUBJECT, b"a box" * 20, NewKey(SUBJECT, lookup=b"l" * 32, kek="0" * 16, wrapped=b"w" * 60, created="2026-11-25")
)
