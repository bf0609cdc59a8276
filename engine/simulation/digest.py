"""The digest that names the result of a simulation, and what names of folders have of it."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from engine.simulation.days import Days
from engine.simulation.job import Job
from engine.simulation.policies import Policies


def short(digest: str) -> str:
    """As much of a digest as the names of folders have: twelve digits."""
    return digest.removeprefix("sha256:")[:12]


def result_digest(job: Job, population: str, policies: Policies, days: Days) -> str:
    """`sha256:` and the hash of the RFC 8785 form of all that the result follows from.

    That is what the file says, with the digest of the population and those of the policies in place of paths, and the
    days as they were found. Where files lie on the disk does not enter it.
    """
    document: dict[str, Any] = {
        "name": job.name,
        "title": job.title,
        "about": job.about,
        "population": population,
        "baseline": {"title": job.baseline.title, "digest": policies.baseline.digest},
        "candidates": [
            {"id": said.id, "title": said.title, "about": said.about, "digest": policies.candidates[said.id].digest}
            for said in job.candidates
        ],
        "dates": list(days.dates),
        "main_date": days.main,
        "evasion": [dict(way.said) for way in policies.ways],
        "examples": job.examples,
        "suppress_below": job.suppress_below,
    }
    return "sha256:" + hashlib.sha256(rfc8785.dumps(document)).hexdigest()
