"""A log in a directory of its own, entries to put in it, and child processes that use it."""

from __future__ import annotations


