"""law.yaml and interpretations.yaml to the text of the law; whatever law.yaml names has to exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import Document
from engine.language.rule_file import DefinitionsFile
from engine.language.source import Span
from engine.law.paragraphs import NAMES, Law, read_paragraphs, read_switches
from engine.law.references import no_paragraph
from engine.vocabulary import Vocabulary

_WHAT = {
    "definitions": "there is no definition",
    "facts": "there is no fact",
    "program": "the provider's program has no value",
    "orders": "an order has no key",
}


@attrs.frozen
class Known:
    """What law.yaml may name: definitions with where they stand, paths to facts, values of the provider's program, keys
    of an order, and sources. None means that it could not be read: then what refers to it is not at fault."""

    definitions: Mapping[str, Span] | None
    facts: Collection[str] | None
    program: Mapping[str, str] | None
    orders: Collection[str] | None
    sources: Collection[str] | None


def read_law(
    document: Document | None,
    interpretations: Document | None,
    chosen: Mapping[str, str],
    known: Known,
    diagnostics: list[Diagnostic],
) -> Law:
    """The paragraphs and switches; either file may be missing. `chosen` is the option in use of every switch."""
    paragraphs = () if document is None else read_paragraphs(document, diagnostics)
    switches = () if interpretations is None else read_switches(interpretations, chosen)
    law = Law(paragraphs, switches, known.definitions or {}, known.program or {})
    if document is not None:
        _check_names(law, document, known, diagnostics)
    sections = frozenset().union(*law.sections.values())
    astray = (switch for switch in switches if sections and switch.section not in sections)
    diagnostics.extend(no_paragraph(switch.section, sections, switch.span) for switch in astray)
    return law


def _check_names(law: Law, document: Document, known: Known, diagnostics: list[Diagnostic]) -> None:
    for source in document.plain:
        if known.sources is not None and source not in known.sources:
            help_ = suggest(source, known.sources, "sources known")
            span = document.span(source, key=True)
            diagnostics.append(Diagnostic("R208", f"there is no source `{source[:60]}`", span, help_))
    sections = law.sections
    for paragraph in law.paragraphs:
        where = [paragraph.source, paragraph.section, *(["terms", paragraph.term] if paragraph.term else [])]
        if paragraph.shares and paragraph.shares not in sections[paragraph.source]:
            span = document.span(*where, "with")
            diagnostics.append(no_paragraph(paragraph.shares, sections[paragraph.source], span))
        for key in NAMES:
            names = getattr(known, key)
            for n, name in enumerate(getattr(paragraph, key)):
                if names is not None and name not in names:
                    span = document.span(*where, key, n)
                    help_ = suggest(name, names, "known")
                    diagnostics.append(Diagnostic("R208", f"{_WHAT[key]} `{name[:80]}`", span, help_))


def definition_places(files: Sequence[DefinitionsFile]) -> dict[str, Span] | None:
    """Where each definition stands, by the name rules call it by; of several functions of one name the first.

    None when a file hides some of its names, because of how they were written.
    """
    found: dict[str, Span] = {}
    for file in files:
        if file.name is None or file.hides_names:
            return None
        prefix = file.name.value.rpartition(".")[2]
        for function in file.functions:
            found.setdefault(f"{prefix}.{function.name.value}", function.name.span)
        for variable in file.variables:
            found.setdefault(f"variables.{variable.name.value}", variable.name.span)
    return found


def fact_paths(vocabulary: Vocabulary) -> frozenset[str]:
    """Every path to a fact, through lists as well: `customer.payments.kind`."""
    found: set[str] = set()
    waiting = [(name, field.type) for name, field in vocabulary.roots.items()]
    while waiting:
        path, type_ = waiting.pop()
        found.add(path)
        record = type_.element or type_
        if record.kind == "record":
            fields = vocabulary.records[record.name].fields
            waiting += [(f"{path}.{name}", field.type) for name, field in fields.items()]
    return frozenset(found)
