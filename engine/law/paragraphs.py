"""law.yaml to paragraphs: what each says, and what answers it besides the rules that cite it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from engine.language.diagnostic import Diagnostic
from engine.language.document import Document
from engine.language.source import Span

NAMES = ("definitions", "facts", "program", "orders")
"""Keys under which a paragraph names things of the policy that answer it."""
_SECTION = re.compile(r"\d+\.\d+(?:\([A-Za-z0-9]+\))*\Z")
_LAST = re.compile(r"\([A-Za-z0-9]+\)\Z")


@attrs.frozen
class Paragraph:
    """One paragraph, or one defined term of it.

    `section` is complete, such as `7.302(d)(1)`; `term` is empty unless the paragraph defines it; `slip` is where the
    text itself is at fault. What answers it: `definitions` by the names rules call them by, `facts` as paths, `program`
    and `orders` as keys of those files, `duties` in a sentence, or the reason why it is `untranslatable` and who
    `decides` instead; `shares` is the section whose answer serves this one, too. Each may be empty: rules that cite the
    section are not listed here. `span` is where it stands.
    """

    source: str
    section: str
    term: str
    says: str
    slip: str
    definitions: tuple[str, ...]
    facts: tuple[str, ...]
    program: tuple[str, ...]
    orders: tuple[str, ...]
    duties: str
    untranslatable: str
    decides: str
    shares: str
    span: Span

    @property
    def cite(self) -> str:
        """How a rule cites it: `<source>/<section>`."""
        return f"{self.source}/{self.section}"

    @property
    def shared_cite(self) -> str:
        """How a rule cites the paragraph whose answer serves this one, too; empty when there is none."""
        return f"{self.source}/{self.shares}" if self.shares else ""

    @property
    def has_own_answer(self) -> bool:
        """Whether something of its own answers it even if no rule cites it."""
        return bool(self.definitions or self.facts or self.program or self.orders or self.duties or self.untranslatable)


@attrs.frozen
class Switch:
    """An ambiguity of the text: the question, and the reading that is in use."""

    name: str
    question: str
    section: str
    chosen: str
    reading: str
    reason: str
    span: Span


@attrs.frozen(eq=False)
class Law:
    """Paragraphs and switches in the order written; `definitions` are where each definition of the rules stands, and
    `program` the values of the provider's program as text."""

    paragraphs: tuple[Paragraph, ...] = ()
    switches: tuple[Switch, ...] = ()
    definitions: Mapping[str, Span] = attrs.Factory(dict)
    program: Mapping[str, str] = attrs.Factory(dict)

    @property
    def sections(self) -> Mapping[str, frozenset[str]]:
        """The sections that exist, by source."""
        found: dict[str, set[str]] = {}
        for paragraph in self.paragraphs:
            found.setdefault(paragraph.source, set()).add(paragraph.section)
        return {source: frozenset(sections) for source, sections in found.items()}


def above(section: str) -> str:
    """The section a section is part of: `7.302(d)` of `7.302(d)(1)`; empty at the top."""
    return _LAST.sub("", section) if section.endswith(")") else ""


def read_paragraphs(document: Document, diagnostics: list[Diagnostic]) -> tuple[Paragraph, ...]:
    """The paragraphs of law.yaml in file order, each term after its section.

    None at all when one is not well-formed, which is reported: of a text with gaps nobody can say what is missing.
    """
    found: list[Paragraph] = []
    before = len(diagnostics)
    for source, sections in document.plain.items():
        for section, spec in sections.items():
            span = document.span(source, section, key=True)
            if not _SECTION.match(section):
                help_ = "write it in full, as in `7.302(d)(1)`"
                diagnostics.append(Diagnostic("R207", f"`{section[:60]}` is not a section", span, help_))
                continue
            if above(section) and above(section) not in sections:
                message = f"`{section}` stands here without the paragraph it is part of"
                diagnostics.append(Diagnostic("R501", message, span, f"add `{above(section)}:`"))
            found.append(_paragraph(document, (source, section), spec, diagnostics))
            for term, of_term in spec.get("terms", {}).items():
                found.append(_paragraph(document, (source, section, "terms", term), of_term, diagnostics))
    return tuple(found) if len(diagnostics) == before else ()


def _paragraph(
    document: Document, where: tuple[str, ...], spec: Mapping[str, Any], diagnostics: list[Diagnostic]
) -> Paragraph:
    source, section, *of_term = where
    for one, other in (("untranslatable", "decides"), ("decides", "untranslatable")):
        if one in spec and other not in spec:
            help_ = "say why no rule can decide it, and who decides instead"
            message = f"`{one}` stands here without `{other}`"
            diagnostics.append(Diagnostic("R501", message, document.span(*where, one, key=True), help_))
    definitions, facts, program, orders = (tuple(spec.get(key, ())) for key in NAMES)
    return Paragraph(
        source=source,
        section=section,
        term=of_term[-1] if of_term else "",
        says=_line(spec["says"]),
        slip=_line(spec.get("slip", "")),
        definitions=definitions,
        facts=facts,
        program=program,
        orders=orders,
        duties=_line(spec.get("duties", "")),
        untranslatable=_line(spec.get("untranslatable", "")),
        decides=_line(spec.get("decides", "")),
        shares=_line(spec.get("with", "")),
        span=document.span(*where, key=True),
    )


def read_switches(document: Document, chosen: Mapping[str, str]) -> tuple[Switch, ...]:
    """The switches of interpretations.yaml, each with the reading in use."""
    return tuple(
        Switch(
            name=name,
            question=_line(spec["question"]),
            section=spec["section"],
            chosen=chosen.get(name, spec["chosen"]),
            reading=_line(spec["options"].get(chosen.get(name, spec["chosen"]), "")),
            reason=_line(spec["reason"]),
            span=document.span(name, "section"),
        )
        for name, spec in document.plain.items()
    )


def containers(paragraphs: tuple[Paragraph, ...]) -> frozenset[str]:
    """The cites of paragraphs that consist of others: what they say is said below them."""
    return frozenset(_parents(paragraphs))


def _parents(paragraphs: tuple[Paragraph, ...]) -> Iterator[str]:
    for paragraph in paragraphs:
        parent = paragraph.section if paragraph.term else above(paragraph.section)
        if parent:
            yield f"{paragraph.source}/{parent}"


def _line(text: str) -> str:
    return " ".join(text.split())
