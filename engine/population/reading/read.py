"""Rows to a population: each is checked as a request, its owners are resolved, and it is written, a batch at a time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import IO

from engine.accounts.layout import Layout, NotKeptError
from engine.accounts.population import Manifest, Population, PopulationError, kept_population, open_population
from engine.accounts.writer import PopulationWriter, not_written, refuse_other_than_population
from engine.decision.request import RequestError, Requests, Violation
from engine.ownership import LOOK_THROUGH, SWITCH, resolve
from engine.policy.policy import Policy
from engine.population.batch import Batch
from engine.population.reading.mapping import ColumnMapping
from engine.population.reading.misfits import Misfits, MisfitsError
from engine.population.reading.opening import opened, origin_of
from engine.population.reading.paths import pointer_of
from engine.population.reading.source import Progress, Row, Source

BATCH = 20_000
"""Rows that are written at once."""
LEFT_OUT = "left-out.ndjson"
"""File in a population's folder: a line for each row of the source that was left out, with the reasons."""
_TOLD_EVERY = 1_000
_LESS = "write fewer digits, or objects less deep in one another"


def read_population(
    source: Path,
    folder: Path,
    policy: Policy,
    mapping: ColumnMapping | None = None,
    *,
    leave_out: bool = False,
    progress: Progress | None = None,
) -> Population:
    """The accounts of a file as a population in a folder, under the policy's vocabulary, places and reading of Q01.

    All of the file is read before anything is said about it. With `leave_out` what does not fit is left out, counted in
    the manifest and named in `LEFT_OUT`.

    Raises:
        MisfitsError: rows do not fit, and are not to be left out.
        ColumnsError: the columns are not those of the mapping, or stand for no facts.
        PopulationError: the file cannot be read, or nothing can be written.
    """
    with opened(source, policy, mapping) as rows:
        return read_rows(rows, folder, policy, leave_out=leave_out, progress=progress)


def prepared(
    source: Path,
    policy: Policy,
    mapping: ColumnMapping | None = None,
    *,
    leave_out: bool = False,
    progress: Progress | None = None,
) -> Population:
    """The population of a file, kept beside it as `<file>.population`, or of a folder that holds one already.

    The one beside a file is read anew unless it was made of this very file and mapping, under the same vocabulary,
    places and reading of Q01. Raises as `read_population` does.
    """
    if source.is_dir():
        return open_population(source)
    folder = source.with_name(source.name + ".population")
    refuse_other_than_population(folder)
    kept = kept_population(folder)
    if kept is not None and (leave_out or not kept.manifest.left_out):
        same_reading = kept.manifest.ownership == policy.reading(SWITCH, LOOK_THROUGH)
        if same_reading and kept.manifest.source == origin_of(source, policy, mapping):
            return kept
    return read_population(source, folder, policy, mapping, leave_out=leave_out, progress=progress)


def read_rows(
    source: Source, folder: Path, policy: Policy, *, leave_out: bool = False, progress: Progress | None = None
) -> Population:
    """The rows of any source as a population in a folder. Raises as `read_population` does."""
    layout = Layout(policy.vocabulary)
    try:
        with PopulationWriter(folder, layout) as writer, (writer.unfinished / LEFT_OUT).open("wb") as left_out:
            reading = _Reading(source, policy, layout, writer, left_out, leave_out=leave_out)
            for row in source.rows:
                reading.add(row)
                if progress is not None and reading.total % _TOLD_EVERY == 0:
                    progress(reading.total, source.share())
            if progress is not None:
                progress(reading.total, 1.0)
            manifest = reading.manifest()
            left_out.close()
            if not manifest.left_out:
                (writer.unfinished / LEFT_OUT).unlink()
            return writer.finish(manifest)
    except OSError as error:
        raise not_written(folder, error) from error


class _Reading:
    def __init__(
        self,
        source: Source,
        policy: Policy,
        layout: Layout,
        writer: PopulationWriter,
        left_out: IO[bytes],
        *,
        leave_out: bool,
    ) -> None:
        self.total = 0
        self._source = source
        self._requests = Requests(policy.vocabulary, policy.places)
        self._ownership = policy.reading(SWITCH, LOOK_THROUGH)
        self._layout = layout
        self._writer = writer
        self._left_out = left_out
        self._leaves_out = leave_out
        self._misfits = Misfits(source)
        self._gone = Misfits(source)
        self._batch = Batch(layout)
        self._accounts = 0
        self._actions: Counter[str] = Counter()
        self._labels: Counter[bool | None] = Counter()

    def add(self, row: Row) -> None:
        """Write a row, or say why not."""
        self.total += 1
        if row.gone:
            reasons = (Violation("", row.gone),)
            self._gone.add(row, reasons)
            self._left_out.write(self._gone.record(row, reasons))
            return
        misfits = self._add(row)
        if misfits:
            self._misfits.add(row, misfits)
            if self._leaves_out:
                self._left_out.write(self._misfits.record(row, misfits))
        if len(self._batch) >= BATCH:
            self._write()

    def manifest(self) -> Manifest:
        """What the population is, once all rows have been added.

        Raises:
            PopulationError: it has no account, or rows do not fit and are not to be left out.
        """
        if self._misfits.rows and not (self._leaves_out and self._accounts):
            raise MisfitsError(self._misfits, self.total)
        if not self._accounts:
            nothing = "; ".join(self._gone.because) or f"it has no {self._source.noun}"
            raise PopulationError(f"{self._source.name}: there is nothing to make a population of: {nothing}")
        self._write()
        return Manifest(
            source=self._source.origin,
            ownership=self._ownership,
            accounts=self._accounts,
            actions=dict(sorted(self._actions.items())),
            malicious=self._labels[True],
            legitimate=self._labels[False],
            left_out=self._misfits.rows + self._gone.rows,
            left_out_because={**self._gone.because, **self._misfits.because},
        )

    def _add(self, row: Row) -> tuple[Violation, ...]:
        """Put a row into the batch; what does not fit if it cannot be."""
        if row.violations:
            return row.violations
        try:
            request = self._requests.check(row.request)
            facts = request["facts"]
            stored = self._layout.sparse_row(
                self._accounts,
                request["action"],
                facts,
                resolve(facts.get("customer") or {}, self._ownership),
                as_of=request.get("as_of"),
                malicious=row.malicious,
            )
        except RequestError as error:
            return tuple(Violation(problem.pointer, problem.detail, problem.help) for problem in error.problems)
        except NotKeptError as error:
            return (Violation(pointer_of(error.path), str(error), _LESS),)
        if self._misfits.rows == 0 or self._leaves_out:
            # What will not be written at all is only looked at.
            self._batch.add(stored)
        self._accounts += 1
        self._actions[request["action"]] += 1
        self._labels[row.malicious] += 1
        return ()

    def _write(self) -> None:
        if len(self._batch):
            self._writer.add(self._batch.table())
            self._batch = Batch(self._layout)
