"""The columns of a table, each with its use, and rows of it as requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs

from engine.accounts.layout import MALICIOUS
from engine.decision.request import Violation
from engine.language.diagnostic import Diagnostic, nearest, suggest
from engine.language.source import Span
from engine.population.reading.mapping import ColumnMapping, ColumnsError, Use, overlaps
from engine.population.reading.paths import ACTION, known_paths, meant, pointer_of
from engine.population.reading.source import Row
from engine.vocabulary import Vocabulary


@attrs.frozen
class Header:
    """The names of a table's columns, the file they stand in, and the line that holds them, empty if none does."""

    file: str
    names: Sequence[str]
    text: str = ""

    def span(self, name: str) -> Span:
        """Where a name stands."""
        at = max(self.text.find(name), 0) if name else 0
        return Span(self.file, 1, at + 1, max(len(name), 1))


class Table:
    """What the columns of a table are used for; one that is not in `uses` is ignored."""

    def __init__(self, uses: Mapping[str, Use], constants: Mapping[str, Any]) -> None:
        self.uses = uses
        self._steps = {name: _steps(use.path) for name, use in uses.items()}
        self._constants = [(_steps(path), value) for path, value in constants.items()]

    @property
    def pointers(self) -> dict[str, str]:
        """The column that is read into what stands at a JSON Pointer, by that."""
        return {pointer_of(use.path): name for name, use in self.uses.items()}

    def pointer(self, name: str) -> str:
        """Where the value of a column stands in a request."""
        return pointer_of(self.uses[name].path)

    def row(self, number: int, values: Mapping[str, Any], violations: Sequence[Violation] = ()) -> Row:
        """A row whose columns have these values, None for absent."""
        request: dict[str, Any] = {"facts": {}}
        for steps, value in self._constants:
            _place(request, steps, value)
        for name, value in values.items():
            if value is not None:
                _place(request, self._steps[name], value)
        malicious = request.pop(MALICIOUS, None)
        return labelled(number, request, malicious, violations)


def _steps(path: str) -> tuple[tuple[str, ...], str]:
    """The keys of the objects that hold what stands at a path of a request, and the last key."""
    *above, last = pointer_of(path).split("/")[1:]
    return tuple(above), last


def _place(request: dict[str, Any], steps: tuple[tuple[str, ...], str], value: object) -> None:
    above, last = steps
    place = request
    for step in above:
        place = place.setdefault(step, {})
    place[last] = value


def labelled(number: int, request: object, malicious: object, violations: Sequence[Violation] = ()) -> Row:
    """A row with its label, which is true, false or not given."""
    if malicious is None or isinstance(malicious, bool):
        return Row(number, request, malicious, tuple(violations))
    wrong = Violation(f"/{MALICIOUS}", "is not true or false", "leave it out where nothing is known")
    return Row(number, request, None, (*violations, wrong))


def table_of(header: Header, mapping: ColumnMapping | None, vocabulary: Vocabulary) -> Table:
    """The table with these columns: each is one that is mapped, ignored, or named by the path of a fact.

    Raises:
        ColumnsError: one is not, two are for one fact, or nothing says the action.
    """
    paths = known_paths(vocabulary)
    diagnostics: list[Diagnostic] = []
    uses: dict[str, Use] = {}
    for name, times in Counter(header.names).items():
        if times > 1:
            message = f"the column `{name[:60]}` stands {times} times"
            diagnostics.append(Diagnostic("R205", message, header.span(name), "give each column a name of its own"))
        elif mapping is not None and name in mapping.ignored:
            continue
        elif mapping is not None and name in mapping.columns:
            uses[name] = mapping.columns[name]
        elif name in paths:
            uses[name] = Use(name, paths[name])
        else:
            diagnostics.append(_unknown(header, name, mapping, paths))
    diagnostics += _missing(header, mapping)
    constants = {} if mapping is None else mapping.constants
    places = [(use.path, header.span(name)) for name, use in uses.items()]
    for path, other, span in overlaps([*((path, header.span("")) for path in constants), *places]):
        message = f"`{path}` is said twice: `{other}` holds it"
        diagnostics.append(Diagnostic("R205", message, span, "ignore one of the two in a mapping file"))
    if not diagnostics and ACTION not in constants and all(use.path != ACTION for use in uses.values()):
        help_ = "map a column to `action`, or say it for all in a mapping file: `set: {action: account.maintain}`"
        diagnostics.append(Diagnostic("R202", "no column says the action", header.span(""), help_))
    if diagnostics:
        texts = {header.file: header.text} if header.text else {}
        if mapping is not None:
            texts[mapping.document.source.name] = mapping.document.source.text
        raise ColumnsError(diagnostics, texts)
    return Table(uses, constants)


def _unknown(header: Header, name: str, mapping: ColumnMapping | None, paths: Collection[str]) -> Diagnostic:
    if not name.strip():
        help_ = "give every column a name; the line may end with a delimiter too many"
        return Diagnostic("R311", "a column has no name", header.span(name), help_)
    if mapping is None:
        message = f"the column `{name[:60]}` is not a path to a fact"
        near = meant(name, paths)
        otherwise = "map or ignore it in a mapping file, given with `--mapping`"
        help_ = f"did you mean `{near}`? Else {otherwise}" if near else otherwise
        return Diagnostic("R311", message, header.span(name), help_)
    message = f"the column `{name[:60]}` is neither mapped nor ignored"
    near = nearest(name, [known for known in mapping.columns if known not in header.names])
    help_ = f"did you mean it by `{near}`?" if near else "map it under `columns`, or name it under `ignore`"
    return Diagnostic("R208", message, header.span(name), help_)


def _missing(header: Header, mapping: ColumnMapping | None) -> list[Diagnostic]:
    if mapping is None:
        return []
    return [
        Diagnostic(
            "R208",
            f"{header.file} has no column `{name[:60]}`",
            mapping.document.span("columns", name, key=True),
            suggest(name, header.names, "its columns are"),
        )
        for name in mapping.columns
        if name not in header.names
    ]
