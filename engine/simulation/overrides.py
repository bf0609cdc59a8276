"""What a policy of a simulation reads otherwise than its files, held against what can be read otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import Document
from engine.language.source import Span
from engine.measures.places import place_help
from engine.policy.constants import Overrides
from engine.policy.policy import Policy
from engine.policy.program import program_forms
from engine.simulation.job import Parts
from engine.vocabulary.explain import Shape


def checked_overrides(
    document: Document, parts: Parts, policy: Policy, diagnostics: list[Diagnostic]
) -> Overrides | None:
    """What the parts read otherwise than `policy`, which is theirs; None, with the reasons, when it cannot be."""
    checking = _Checking(document, parts, policy)
    found = [*checking.interpretations(), *checking.program()]
    diagnostics += found
    return None if found else Overrides(parts.interpretations, checking.values)


@attrs.define
class _Checking:
    document: Document
    parts: Parts
    policy: Policy
    values: dict[str, Any] = attrs.Factory(dict)

    def interpretations(self) -> Iterator[Diagnostic]:
        readings = self.policy.readings
        for switch, option in self.parts.interpretations.items():
            if switch not in readings:
                help_ = suggest(switch, readings, "switches known")
                message = f"there is no switch `{switch[:60]}` to read otherwise"
                yield Diagnostic("R208", message, self._span("interpretations", switch, key=True), help_)
                continue
            options = self.policy.world.words[f"interpretation.{switch}"]
            if option not in options:
                help_ = suggest(option, options, "options")
                message = f"`{option[:60]}` is not an option of `{switch}`"
                yield Diagnostic("R401", message, self._span("interpretations", switch), help_)

    def program(self) -> Iterator[Diagnostic]:
        known = [name.removeprefix("program.") for name in self.policy.world.constants if name.startswith("program.")]
        forms = program_forms()
        for name, value in self.parts.program.items():
            if name not in known:
                help_ = suggest(name, known, "values known")
                message = f"there is no value of the program `{name[:60]}` to read otherwise"
                yield Diagnostic("R208", message, self._span("program", name, key=True), help_)
                continue
            span = self._span("program", name)
            for misfit in Shape(dict(forms[name])).misfits(value):
                yield Diagnostic("R402", f"`{name}` {misfit.detail}", span, misfit.help)
            yield from self._unknown_places(name, value, forms[name], span)
            # A number written without a fraction is the same number.
            is_whole = forms[name].get("type") == "number" and isinstance(value, int)
            self.values[name] = float(value) if is_whole else value

    def _unknown_places(self, name: str, value: object, form: Mapping[str, Any], span: Span) -> Iterator[Diagnostic]:
        if form.get("items", {}).get("format") != "place" or not isinstance(value, list):
            return
        for code in value:
            if isinstance(code, str) and code not in self.policy.places.within:
                help_ = place_help(code, self.policy.places.within)
                yield Diagnostic("R402", f"`{code[:40]}` in `{name}` is not a known place", span, help_)

    def _span(self, group: str, name: str, *, key: bool = False) -> Span:
        """Where it is said: by the candidate, or by the baseline from which the candidate has it."""
        own: Mapping[str, Any] = self.document.plain.get("baseline", {})
        if self.parts.at[0] == "candidates":
            own = self.document.plain["candidates"][self.parts.at[1]]
        at = self.parts.at if name in own.get(group, {}) else ("baseline",)
        return self.document.span(*at, group, name, key=key)
