"""A simulation as its file describes it: which accounts, under which policies, on which days."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from engine.language.diagnostic import Diagnostic, has_errors, in_order
from engine.language.document import Document, read_document
from engine.language.source import Source
from engine.language.yaml_nodes import compose
from engine.policy.files import read_text
from engine.policy.policy import PolicyError
from engine.population.span import EARLIEST, LATEST
from engine.simulation.form import job_form
from engine.simulation.result import DIMENSIONS

BASELINE_TITLE = "The rules as they stand"
MAX_DATES = 400
"""On each of them every account is decided once for each policy."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
Step = str | int


class JobError(PolicyError):
    """The file describes no simulation, or its policies are none. `diagnostics` say why, with the lines in `texts`."""


@attrs.frozen
class Generated:
    """A population that is made for the simulation; `distributions` is a file, None for those that are built in."""

    accounts: int
    seed: int
    as_of: str
    malicious_share: float | None
    distributions: Path | None


@attrs.frozen
class Parts:
    """What one policy of a simulation is made of. A candidate has from the baseline what it does not say itself.

    No `rules`, and no `jurisdictions`: those that come with Ostiary. `measures` are files of further orders, or
    directories of such. `interpretations` and `program` hold what is read otherwise, program values by dotted names.
    `at` is where the file speaks of the policy.
    """

    id: str
    title: str
    about: str
    rules: tuple[Path, ...]
    jurisdictions: Path | None
    measures: tuple[Path, ...]
    interpretations: Mapping[str, str]
    program: Mapping[str, Any]
    at: tuple[Step, ...]


@attrs.frozen(eq=False)
class Job:
    """A simulation to run.

    `population` is a folder, a file to read, or a population to generate. `dates` are days as ISO text in their order,
    none where the file leaves them out; `main_date` is empty likewise (see `engine.simulation.days`). `examples` is the
    number of each kind of flip, for each candidate. Counts below `suppress_below` are not told. `document` is the file.
    """

    name: str
    title: str
    about: str
    population: Path | Generated
    mapping: Path | None
    baseline: Parts
    candidates: tuple[Parts, ...]
    dates: tuple[str, ...]
    main_date: str
    examples: int
    suppress_below: int
    document: Document

    @property
    def text(self) -> str:
        """The file as written."""
        return self.document.source.text


def read_job(path: Path) -> Job:
    """The simulation that a file describes; paths in it start from the folder of the file.

    Raises:
        JobError: with every mistake found in the file itself. What it names is read by `job_policies`.
    """
    diagnostics: list[Diagnostic] = []
    text = read_text(path, diagnostics)
    source = Source(str(path), text or "")
    node = None if text is None else compose(source, diagnostics)
    document = None if node is None else read_document(source, node, job_form(), "R701", diagnostics)
    job = None if document is None else _Reading(document, path.parent, diagnostics).job()
    if job is None or has_errors(diagnostics):
        raise JobError(in_order(diagnostics), {} if text is None else {source.name: text})
    return job


class _Reading:
    def __init__(self, document: Document, folder: Path, diagnostics: list[Diagnostic]) -> None:
        self._document = document
        self._folder = folder
        self._diagnostics = diagnostics

    def job(self) -> Job:
        said = self._document.plain
        self._check_name("name")
        baseline = self._parts(said.get("baseline", {}), ("baseline",), None)
        candidates = [
            self._parts(candidate, ("candidates", number), baseline)
            for number, candidate in enumerate(said["candidates"])
        ]
        self._refuse_repeated_ids(candidates)
        population = self._population(said["population"])
        return Job(
            name=said["name"],
            title=_line(said["title"]),
            about=_line(said.get("about", "")),
            population=population,
            mapping=self._mapping(population) if "mapping" in said else None,
            baseline=baseline,
            candidates=tuple(candidates),
            dates=self._dates(said["dates"]) if "dates" in said else (),
            main_date=said.get("main_date", ""),
            examples=said.get("examples", 1),
            suppress_below=said.get("suppress_below", 0),
            document=self._document,
        )

    def _parts(self, said: Mapping[str, Any], at: tuple[Step, ...], below: Parts | None) -> Parts:
        """What a policy is made of. Lists are said whole; readings and program values are said one by one."""
        rules = [self._path(*at, "rules", n, wanted="a folder") for n in range(len(said.get("rules", ())))]
        measures = [self._orders(*at, "measures", n) for n in range(len(said.get("measures", ())))]
        if "id" in said:
            self._check_name(*at, "id")
        jurisdictions = self._path(*at, "jurisdictions", wanted="a folder") if "jurisdictions" in said else None
        return Parts(
            id=said.get("id", "baseline"),
            title=_line(said.get("title", BASELINE_TITLE)),
            about=_line(said.get("about", "")),
            rules=below.rules if below and "rules" not in said else tuple(rules),
            jurisdictions=below.jurisdictions if below and jurisdictions is None else jurisdictions,
            measures=below.measures if below and "measures" not in said else tuple(measures),
            interpretations={**(below.interpretations if below else {}), **said.get("interpretations", {})},
            program={**(below.program if below else {}), **said.get("program", {})},
            at=at,
        )

    def _population(self, said: str | Mapping[str, Any]) -> Path | Generated:
        if isinstance(said, str):
            return self._path("population")
        made = said["generate"]
        if not EARLIEST.isoformat() <= made["as_of"] <= LATEST.isoformat():
            message = f"no accounts can be made up for {made['as_of']}"
            help_ = f"write a day from {EARLIEST} to {LATEST}"
            self._report("R701", message, ("population", "generate", "as_of"), help_)
        return Generated(
            accounts=made["accounts"],
            seed=made["seed"],
            as_of=made["as_of"],
            malicious_share=made.get("malicious_share"),
            distributions=self._path("population", "generate", "distributions", wanted="a file")
            if "distributions" in made
            else None,
        )

    def _mapping(self, population: Path | Generated) -> Path:
        if isinstance(population, Generated) or _kind(population) == "a folder":
            help_ = "leave `mapping` out, or name under `population` the file whose columns it names"
            self._report("R701", "only a file that is still to be read has a mapping", ("mapping",), help_)
        return self._path("mapping", wanted="a file")

    def _dates(self, said: str | Sequence[str] | Mapping[str, Any]) -> tuple[str, ...]:
        if isinstance(said, str):
            return (said,)
        if not isinstance(said, Mapping):
            self._refuse_repeated_days(said)
            days = sorted(set(said))
        elif said["until"] < said["from"]:
            message = f"`until` is {said['until']}, before `from`, which is {said['from']}"
            self._report("R701", message, ("dates", "until"), "write the earlier day under `from`")
            return ()
        else:
            first, last = (datetime.date.fromisoformat(said[key]).toordinal() for key in ("from", "until"))
            # No more than are needed to see that there are too many.
            every = range(first, last + 1, said.get("every", 1))[: MAX_DATES + 1]
            days = [datetime.date.fromordinal(day).isoformat() for day in every]
        if len(days) > MAX_DATES:
            help_ = "name fewer, or a larger number of days under `every`"
            self._report("R701", f"there are more than {MAX_DATES} days to look at", ("dates",), help_)
        return tuple(days)

    def _refuse_repeated_days(self, said: Sequence[str]) -> None:
        seen: set[str] = set()
        for number, day in enumerate(said):
            if day in seen:
                # Another day may have been meant, and the report would be without it.
                self._report("R701", f"the day {day} stands here already", ("dates", number), "name each day once")
            seen.add(day)

    def _path(self, *at: Step, wanted: str = "") -> Path:
        """The path that stands there, of something that exists: `wanted` may say "a file" or "a folder"."""
        path = self._folder / self._document.text(*at).value
        shown = f"`{str(path)[:120]}`"
        kind = _kind(path)
        if not kind:
            self._report("R101", f"there is no {shown}", at, "paths start from the folder that this file is in")
        elif wanted and kind != wanted:
            self._report("R101", f"{shown} is {kind}", at, f"name {wanted}")
        return path

    def _orders(self, *at: Step) -> Path:
        path = self._path(*at)
        if _kind(path) == "a folder" and not any(path.rglob("*.yaml")):
            # A candidate without its orders would show that they change nothing.
            message = f"there is no order in `{str(path)[:120]}`"
            self._report("R101", message, at, "name a folder that holds `.yaml` files")
        return path

    def _check_name(self, *at: Step) -> None:
        """What names a folder or a file of the result, and stands in its address, must be fit for that everywhere."""
        name = self._document.text(*at).value
        if not _NAME.match(name):
            help_ = "use letters, digits, `-`, `_` and `.`, and begin with a letter or a digit"
            self._report("R701", f"`{name}` is not a name", at, help_)

    def _refuse_repeated_ids(self, candidates: Sequence[Parts]) -> None:
        # Columns of `accounts.parquet`, whose names are the same in small letters and large ones.
        seen = {name: f"a column of the result is `{name}`" for name in ("row", "baseline", "malicious", *DIMENSIONS)}
        for candidate in candidates:
            id_ = candidate.id.lower()
            if id_ in seen:
                self._report("R205", seen[id_], (*candidate.at, "id"), "rename one of the two")
            seen[id_] = f"a candidate `{candidate.id}` stands here already"

    def _report(self, code: str, message: str, at: Sequence[Step], help_: str) -> None:
        self._diagnostics.append(Diagnostic(code, message, self._document.span(*at), help_))


def _kind(path: Path) -> str:
    """Whether there is a file or a folder; empty where there is neither, or nobody can tell."""
    try:
        return "a folder" if path.is_dir() else "a file" if path.exists() else ""
    except OSError:
        return ""


def _line(text: str) -> str:
    return " ".join(text.split())
