"""Whether the law and the policy fit together: what law.yaml names exists, and every paragraph has an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import attrs

from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import Document
from engine.language.rule_file import RuleFile
from engine.language.source import Span
from engine.law.paragraphs import NAMES, Law, containers
from engine.program.rule_set import RuleSet
from engine.vocabulary import Vocabulary

_WHAT = {
    "definitions": "there is no definition",
    "facts": "there is no fact",
    "program": "the provider's program has no value",
    "orders": "an order has no key",
}


@attrs.frozen
class Known:
    """What law.yaml may name, by the key under which it does, and the keys of the sources. None of any of these means
    that it could not be read: then what refers to it is not at fault."""

    names: Mapping[str, Collection[str] | None]
    sources: Collection[str] | None


def check_references(law: Law, document: Document, known: Known, diagnostics: list[Diagnostic]) -> None:
    """Report what law.yaml names and does not exist."""
    for source in document.plain:
        if known.sources is not None and source not in known.sources:
            help_ = suggest(source, known.sources, "sources known")
            span = document.span(source, key=True)
            diagnostics.append(Diagnostic("R208", f"there is no source `{source[:60]}`", span, help_))
    for paragraph in law.paragraphs:
        where = [paragraph.source, paragraph.section, *(["terms", paragraph.term] if paragraph.term else [])]
        sections = law.sections[paragraph.source]
        if paragraph.shares and paragraph.shares not in sections:
            diagnostics.append(no_paragraph(paragraph.shares, sections, document.span(*where, "with")))
        for key in NAMES:
            names = known.names[key]
            for n, name in enumerate(getattr(paragraph, key)):
                if names is not None and name not in names:
                    help_ = suggest(name, names, "known")
                    span = document.span(*where, key, n)
                    diagnostics.append(Diagnostic("R208", f"{_WHAT[key]} `{name[:80]}`", span, help_))


def check_switches(law: Law, diagnostics: list[Diagnostic]) -> None:
    """Report switches about sections that no law has. Rule sets without law.yaml are free in what they cite."""
    sections = frozenset().union(*law.sections.values())
    astray = (switch for switch in law.switches if sections and switch.section not in sections)
    diagnostics.extend(no_paragraph(switch.section, sections, switch.span) for switch in astray)


def check_citations(law: Law, files: Iterable[RuleFile], diagnostics: list[Diagnostic]) -> None:
    """Report rules that cite a section which their source, as far as it is written down, does not have."""
    for file in files:
        sections = law.sections.get(file.authority.value)
        if sections is None or not file.section.value:
            continue
        is_known = file.section.value in sections
        if not is_known:
            diagnostics.append(no_paragraph(file.section.value, sections, file.section.span))
        for effect in file.effects:
            # What adds to a section that does not exist has been reported with it.
            adds = effect.section is None or effect.section.value.startswith("(")
            section = file.section_of(effect)
            if effect.section is not None and section not in sections and (is_known or not adds):
                diagnostics.append(no_paragraph(section, sections, effect.section.span))


def check_answers(law: Law, program: Iterable[RuleSet], diagnostics: list[Diagnostic]) -> None:
    """Report paragraphs that nothing answers: no rule cites them, they name nothing, and they consist of no others."""
    cited = {rule.section for rule_set in program for rule in rule_set.rules}
    parents = containers(law.paragraphs)
    by_cite = {paragraph.cite: paragraph for paragraph in law.paragraphs if not paragraph.term}
    for paragraph in law.paragraphs:
        shared = by_cite.get(paragraph.shared_cite)
        if shared is not None:
            if shared.cite not in cited and not shared.has_own_answer and (shared.shares or shared.cite in parents):
                message = f"`{shared.section}` has no answer of its own that this paragraph could share"
                help_ = "name in `with` a paragraph that a rule cites or that has an answer of its own"
                diagnostics.append(Diagnostic("R503", message, paragraph.span, help_))
        elif not paragraph.has_own_answer and (paragraph.term or paragraph.cite not in cited | parents):
            name = f"the term `{paragraph.term}`" if paragraph.term else f"`{paragraph.section}`"
            by = "name what does: `definitions`, `facts`, `program`, `orders`, `duties`, `with`, or `untranslatable`"
            help_ = by if paragraph.term else f"cite it in a rule, or {by}"
            diagnostics.append(Diagnostic("R503", f"nothing answers {name}", paragraph.span, help_))


def no_paragraph(section: str, sections: Collection[str], span: Span) -> Diagnostic:
    """The mistake of citing a section that the law does not have."""
    return Diagnostic("R502", f"the law has no paragraph `{section[:60]}`", span, closest(section, sections))


def closest(section: str, sections: Collection[str]) -> str | None:
    """Help for a section that does not exist: what is below the part of it that does, or what is written alike."""
    beginning = section
    while beginning.endswith(")") and beginning not in sections:
        beginning = beginning[: beginning.rindex("(")]
    if beginning not in sections or beginning == section:
        return suggest(section, sections, "paragraphs known")
    below = sorted(s for s in sections if s.startswith(f"{beginning}(") and s.count("(") == beginning.count("(") + 1)
    if not below:
        return f"`{beginning}` has no paragraphs below it"
    return f"`{beginning}` has " + ", ".join(f"`{s[len(beginning) :]}`" for s in below)


def fact_paths(vocabulary: Vocabulary) -> frozenset[str]:
    """Every path to a fact, through lists as well: `customer.payments.kind`."""
    found: set[str] = set()
    waiting = [(name, field.type) for name, field in vocabulary.roots.items()]
    while waiting:
        path, type_ = waiting.pop()
        found.add(path)
        record = type_.element or type_
        if record.kind == "record":
            waiting += [
                (f"{path}.{name}", field.type) for name, field in vocabulary.records[record.name].fields.items()
            ]
    return frozenset(found)
