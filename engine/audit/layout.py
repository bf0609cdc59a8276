"""What the files of a record are called, beside those of its databases; all but the keys may be public."""

from __future__ import annotations

ANCHOR = "checkpoint"
"""The last checkpoint that was signed."""
PUBLIC_KEYS = "log.pub"
SIGNING_KEY = "log.key"
KEY_ENCRYPTION_KEY = "kek.key"
