"""A mistake in a rule file, as a value: rendering it is somebody else's work."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

import attrs

from engine.language.source import Span

CODES = {
    "R101": "a file cannot be read",
    "R102": "not well-formed YAML",
    "R103": "YAML that rule files do without",
    "R104": "a limit is exceeded",
    "R105": "a key stands twice",
    "R201": "an unknown key",
    "R202": "a key is missing",
    "R203": "the wrong kind of value",
    "R204": "a word that is not among the known ones",
    "R205": "a name is used twice",
    "R206": "not a date",
    "R207": "not a section",
    "R208": "a reference to something that does not exist",
    "R209": "part of CEL Policy that has no meaning in a rule set",
    "R210": "an aggregate inside an aggregate",
    "R211": "a rule that can never be reached",
    "R212": "a hold that names nothing to supply",
    "R213": "two rules with one message",
    "R301": "not well-formed CEL",
    "R302": "an undeclared name",
    "R303": "an unknown field",
    "R304": "types that do not fit",
    "R305": "an operation that could fail on some facts",
    "R306": "a fact that may be absent is read",
    "R307": "an expression of the wrong type",
    "R308": "a comparison that can never be true",
    "R309": "an unknown place",
    "R310": "an expression that is too large",
    "R311": "not a path to a fact",
    "R312": "definitions that use each other in a circle",
    "R401": "an interpretation switch is not well-formed",
    "R402": "the provider's program is not well-formed",
    "R403": "an order is not well-formed or breaks its own clocks",
    "R404": "a place is not well-formed",
    "R405": "a rule test is not well-formed",
    "R406": "a switch on which nothing turns",
    "R501": "the text of the law is not well-formed",
    "R502": "a section that the law does not have",
    "R503": "a paragraph of the law that nothing answers",
    "R601": "an overlay replaces what lies below it",
    "R602": "an overlay loosens the provider's program",
    "R603": "an overlay loosens a rule",
    "R604": "an overlay makes a hold that names nothing to supply",
    "R605": "an overlay decides where the law is silent",
    "R606": "the effects that an overlay tightens are not well-formed",
    "R701": "a simulation is not well-formed",
}
"""Every code with what it stands for; docs/diagnostics.md has a section for each."""

MAX_DIAGNOSTICS = 100


@attrs.frozen
class Diagnostic:
    """One mistake: `code` is a key of `CODES`, `severity` is "error" or "warning".

    `message` is lower-case without a final period, author's words in backticks; `help` says what to do.
    """

    code: str
    message: str
    span: Span
    help: str | None = None
    severity: str = "error"


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted by file, line and column, without repetitions."""
    return tuple(sorted(set(diagnostics), key=lambda d: (d.span.file, d.span.line, d.span.column, d.code, d.message)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is more than a warning."""
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def nearest(word: str, known: Collection[str], likeness: float = 0.6) -> str | None:
    """The known word an author most likely meant, or None when none is that much like it (0 to 1)."""
    matches = difflib.get_close_matches(word[:80], known, n=1, cutoff=likeness)
    return matches[0] if matches else None


def suggest(word: str, known: Collection[str], what: str = "known here") -> str | None:
    """Help for a word that is not known: the nearest one, or else the first few that are."""
    near = nearest(word, known)
    if near is not None:
        return f"did you mean `{near}`?"
    if not known:
        return None
    first = sorted(set(known))
    listed = ", ".join(f"`{name}`" for name in first[:5])
    return f"{what}: {listed}" + (f" and {len(first) - 5} more" if len(first) > 5 else "")
