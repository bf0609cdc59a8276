"""A seed to a population in a folder, a chunk at a time."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from engine.accounts.layout import Layout
from engine.accounts.population import Manifest, Population
from engine.accounts.writer import PopulationWriter
from engine.ownership import LOOK_THROUGH, SWITCH
from engine.policy.policy import Policy
from engine.population.generate.chunk import CHUNK, chunk_table
from engine.population.generate.distributions import Distributions
from engine.population.generate.resellers import resellers
from engine.population.generate.setting import Setting

GENERATOR = 1
"""Version of the generator: with another the same seed gives other accounts."""
GENERATED = "generated"
"""What the source of such a population is, beside one that was read."""


def origin(distributions: Distributions, *, accounts: int, seed: int, as_of: datetime.date) -> dict[str, Any]:
    """What such accounts are made of, as the manifest of their population says it."""
    return {
        "kind": GENERATED,
        "generator": GENERATOR,
        "seed": seed,
        "accounts": accounts,
        "as_of": as_of.isoformat(),
        "malicious_share": distributions.malicious_share,
        "distributions": distributions.digest,
    }


def generate(
    folder: Path,
    policy: Policy,
    distributions: Distributions,
    *,
    accounts: int,
    seed: int,
    as_of: datetime.date,
    progress: Callable[[int], None] = lambda _: None,
) -> Population:
    """So many accounts, as they stand on a day, in a folder. Of a seed the first ones are the same for every number.

    `as_of` is a day of `engine.population.span`. `progress` is told how many have been added
    each time. Memory stays the same for any number.

    Raises:
        PopulationError: the folder holds something that is no population, or nothing can be written there.
    """
    layout = Layout(policy.vocabulary)
    reading = policy.reading(SWITCH, LOOK_THROUGH)
    setting = Setting(seed, as_of, distributions, policy.places, layout, reading)
    pool = resellers(setting)
    actions: Counter[str] = Counter()
    malicious = 0
    with PopulationWriter(folder, layout) as writer:
        for number, first in enumerate(range(0, accounts, CHUNK)):
            table = chunk_table(setting, pool, number, min(CHUNK, accounts - first))
            writer.add(table)
            actions.update({count["values"]: count["counts"] for count in table["action"].value_counts().to_pylist()})
            malicious += pc.sum(table["malicious"]).as_py() or 0
            progress(table.num_rows)
        manifest = Manifest(
            source=origin(distributions, accounts=accounts, seed=seed, as_of=as_of),
            ownership=reading,
            accounts=accounts,
            actions=dict(sorted(actions.items())),
            malicious=malicious,
            legitimate=accounts - malicious if distributions.malicious_share > 0 else 0,
        )
        return writer.finish(manifest)
