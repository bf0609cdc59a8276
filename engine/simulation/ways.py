"""Ways around a measure as they are declared: what an account's facts would be if somebody went that way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from engine.decision.request import RequestError, Requests, Violation
from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import Document, read_document
from engine.language.source import Source
from engine.language.yaml_nodes import compose
from engine.measures.places import place_help
from engine.policy.policy import Policy
from engine.program.definitions import check_expression
from engine.program.expressions import Expr
from engine.program.scope import Scope
from engine.simulation.form import ways_form
from engine.simulation.job import Step
from engine.vocabulary.places import places_in

BUILT_IN = Path(__file__).with_name("evasion.yaml")
ELSEWHERE = ("SG", "NL", "AE", "BR", "ZA", "NZ", "IS")
"""Where people go when a way does not say where: the first of these that no order touches."""
EACH = "*"
"""Step of a path that stands for every element of a list."""
_PATH = re.compile(r"[a-z][a-z0-9_]*(?:\[\*\])?(?:\.[a-z][a-z0-9_]*(?:\[\*\])?)*\Z")
_INDEX = re.compile(r"/[0-9]+(?=/|$)")
_ANY_ACTION = "account.open"
_EDITS = ("move", "set", "remove", "each")

FactPath = tuple[str, ...]
"""Names of fields from the top of the facts, or from an element, with `EACH` after that of a list."""


@attrs.frozen(eq=False)
class ElementEdit:
    """What happens to the elements of a list of records: those in the target (or all), whose fields named in `at_least`
    are there and no less than these numbers."""

    of: FactPath
    in_target: bool
    at_least: Mapping[FactPath, float]
    sets: Mapping[FactPath, Any]
    removes: tuple[FactPath, ...]
    leave_out: bool


@attrs.frozen(eq=False)
class Way:
    """A way around a measure.

    It is open to accounts for which `when` is true, all where there is none. Of its edits `each` are done first; then
    places at the paths `moves` that lie in the target become one elsewhere, facts are set, and facts are removed. In
    `sets`, `{"elsewhere": true}` stands for a place elsewhere: the first of `elsewhere` that no order touches. `said`
    is all that its file says.
    """

    id: str
    about: str
    when: Expr | None
    elsewhere: tuple[str, ...]
    each: tuple[ElementEdit, ...]
    moves: tuple[FactPath, ...]
    sets: Mapping[FactPath, Any]
    removes: tuple[FactPath, ...]
    said: Mapping[str, Any]


def read_ways(job: Document, policy: Policy, diagnostics: list[Diagnostic]) -> tuple[Way, ...]:
    """The ways that a simulation's file declares or names, and those that are built in where it does neither.

    Their conditions and facts are held against the vocabulary and the places of the policy.
    """
    built_in = _built_in(policy, diagnostics)
    if "evasion" not in job.plain:
        return tuple(built_in.values())
    found: dict[str, Way] = {}
    for number, entry in enumerate(job.plain["evasion"]):
        at: tuple[Step, ...] = ("evasion", number)
        name = entry if isinstance(entry, str) else entry["id"]
        if name in found:
            at = at if isinstance(entry, str) else (*at, "id")
            message = f"a way `{name[:60]}` stands here already"
            diagnostics.append(Diagnostic("R205", message, job.span(*at), "rename or remove one of the two"))
        elif not isinstance(entry, str):
            found[name] = _Reading(job, at, policy, diagnostics).way()
        elif name in built_in:
            found[name] = built_in[name]
        else:
            help_ = suggest(name, built_in, "ways that are built in")
            diagnostics.append(Diagnostic("R208", f"no way `{name[:60]}` is built in", job.span(*at), help_))
    return tuple(found.values())


def _built_in(policy: Policy, diagnostics: list[Diagnostic]) -> dict[str, Way]:
    source = Source(BUILT_IN.name, BUILT_IN.read_text("utf-8"))
    node = compose(source, diagnostics)
    document = None if node is None else read_document(source, node, ways_form(), "R701", diagnostics)
    assert document is not None
    ways = [_Reading(document, (number,), policy, diagnostics).way() for number in range(len(document.plain))]
    return {way.id: way for way in ways}


def placed(path: FactPath, value: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON value
    """Facts that say this at a path and nothing else; a list on the way has one element."""
    for name in reversed(path):
        value = [value] if name == EACH else {name: value}
    facts: dict[str, Any] = value
    return facts


def with_place(value: Any, place: str) -> Any:  # noqa: ANN401 - a JSON value
    """The value with the place where it says `{"elsewhere": true}`."""
    if value == {"elsewhere": True}:
        return place
    if isinstance(value, dict):
        return {key: with_place(inner, place) for key, inner in value.items()}
    return [with_place(inner, place) for inner in value] if isinstance(value, list) else value


@attrs.frozen(slots=False)
class _Reading:
    """One way of a document, checked: every path and value of its edits must make facts that a request may have."""

    _document: Document
    _at: tuple[Step, ...]
    _policy: Policy
    _diagnostics: list[Diagnostic]

    def way(self) -> Way:
        said = self._said
        if not any(said.get(edit) for edit in _EDITS):
            help_ = "say what changes under `move`, `set`, `remove` or `each`"
            self._report("R701", f"the way `{said['id']}` changes nothing", (), help_)
        return Way(
            id=said["id"],
            about=" ".join(said["about"].split()),
            when=self._when() if "when" in said else None,
            elsewhere=tuple(self._elsewhere()) or ELSEWHERE,
            each=tuple(self._element_edit(number) for number in range(len(said.get("each", ())))),
            moves=self._paths("move"),
            sets=self._values("set"),
            removes=self._paths("remove"),
            said=said,
        )

    @cached_property
    def _said(self) -> Mapping[str, Any]:
        said: Any = self._document.plain
        for step in self._at:
            said = said[step]
        found: Mapping[str, Any] = said
        return found

    def _when(self) -> Expr | None:
        text = self._document.text(*self._at, "when")
        lowered, _ = check_expression(text, Scope(self._policy.world), frozenset(), self._diagnostics, expected="bool")
        return None if lowered is None else lowered.expr

    def _elsewhere(self) -> Iterator[str]:
        for number, code in enumerate(self._said.get("elsewhere", ())):
            if code not in self._policy.places.within:
                help_ = place_help(code, self._policy.places.within)
                self._report("R309", f"`{code[:40]}` is not a known place", ("elsewhere", number), help_)
            yield code

    def _element_edit(self, number: int) -> ElementEdit:
        at: tuple[Step, ...] = ("each", number)
        said = self._said["each"][number]
        above = (*self._path(said["of"], (*at, "of")), EACH)
        if len(above) > 1 and self._problems(placed(above, {})):
            help_ = "name a list such as `customer.beneficial_owners`"
            self._report("R311", f"`{said['of'][:60]}` is not a list of records", (*at, "of"), help_)
            above = (EACH,)
        if not {"set", "remove"} & said.keys() and not said.get("leave_out"):
            help_ = "say what changes under `set` or `remove`, or say `leave_out: true`"
            self._report("R701", "nothing is changed in the elements of this list", (*at, "of"), help_)
        if len(above) == 1:
            return ElementEdit((), in_target=False, at_least={}, sets={}, removes=(), leave_out=False)
        return ElementEdit(
            of=above[:-1],
            in_target=said.get("in_target", False),
            at_least=self._values("at_least", at, above),
            sets=self._values("set", at, above),
            removes=self._paths("remove", at, above),
            leave_out=said.get("leave_out", False),
        )

    def _paths(self, key: str, at: tuple[Step, ...] = (), above: FactPath = ()) -> tuple[FactPath, ...]:
        """The paths listed there, from below `above`."""
        return tuple(self._paths_of(key, at, above))

    def _paths_of(self, key: str, at: tuple[Step, ...], above: FactPath) -> Iterator[FactPath]:
        said = self._said if not at else self._said["each"][at[1]]
        for number, written in enumerate(said.get(key, ())):
            here = (*at, key, number)
            path = self._path(written, here)
            place = ELSEWHERE[0] if key == "move" else None
            if path and self._check((*above, *path), place, here) and key == "move":
                self._check_place(path, written, here)
            yield path

    def _values(self, key: str, at: tuple[Step, ...] = (), above: FactPath = ()) -> dict[FactPath, Any]:
        """The values by their paths from below `above`."""
        said = self._said if not at else self._said["each"][at[1]]
        found: dict[FactPath, Any] = {}
        for written, value in said.get(key, {}).items():
            here = (*at, key, written)
            path = self._path(written, here, key=True)
            if path:
                self._check((*above, *path), with_place(value, ELSEWHERE[0]), here)
            found[path] = value
        return found

    def _path(self, written: str, at: tuple[Step, ...], *, key: bool = False) -> FactPath:
        """The steps of a path; none, with the reason, when it is none."""
        if _PATH.match(written):
            return tuple(written.replace(f"[{EACH}]", f".{EACH}").split("."))
        help_ = "write it as `customer.located_in`, and of each element of a list as `customer.holders[*].pct`"
        self._report("R311", f"`{written[:60]}` is not a path", at, help_, key=key)
        return ()

    def _check(self, path: FactPath, value: Any, at: tuple[Step, ...]) -> bool:  # noqa: ANN401 - a JSON value
        """Whether a request may say this at the path; reports what keeps it from that."""
        problems = self._problems(placed(path, value))
        for problem in problems:
            where = _INDEX.sub("[*]", problem.pointer.removeprefix("/facts/")).replace("/", ".")
            is_list = problem.detail.endswith("not a list")
            help_ = f"write `{where[:80]}[*]` for each of its elements" if is_list else problem.help
            self._report("R311", f"`{where[:80]}` {problem.detail}", at, help_)
        return not problems

    def _problems(self, facts: Mapping[str, Any]) -> tuple[Violation, ...]:
        """What keeps facts from being those of a request."""
        try:
            Requests(self._policy.vocabulary, self._policy.places).check({"action": _ANY_ACTION, "facts": facts})
        except RequestError as error:
            return error.problems
        return ()

    def _check_place(self, path: FactPath, written: str, at: tuple[Step, ...]) -> None:
        if places_in(placed(path, ELSEWHERE[0]), self._policy.vocabulary) != [ELSEWHERE[0]]:
            help_ = "only a place can be moved; give other facts another value under `set`"
            self._report("R311", f"`{written[:60]}` is not a place", at, help_)

    def _report(self, code: str, message: str, at: tuple[Step, ...], help_: str | None, *, key: bool = False) -> None:
        span = self._document.span(*self._at, *at, key=key)
        self._diagnostics.append(Diagnostic(code, message, span, help_))
