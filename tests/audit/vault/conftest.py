"""A vault of its own for each test."""

from __future__ import annotations

import pytest
from vault_files import make_customers, make_files


@pytest.fixture
def files(tmp_path):
    return make_files(tmp_path / "keys.db")


@pytest.fixture
def customers(files):
    return make_customers(files)
