"""The option that rewrites golden files, and the disks and the PostgreSQL of tests that need one."""

from __future__ import annotations

import pytest

pytest_plugins = ("postgres", "disks")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew; review the difference")
