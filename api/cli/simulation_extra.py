"""What populations and simulations need beside what deciding needs: is it installed?"""

from __future__ import annotations

from importlib.util import find_spec

import click

_NEEDED = ("altair", "duckdb", "ibis", "numpy", "pyarrow", "vl_convert")


def require_simulation_extra() -> None:
    """Raise a ClickException that says how to install what is missing; nothing is imported."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"populations and simulations need {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            "installed: run `make setup-simulation` (or `pip install 'ostiary[simulation]'`)"
        )
