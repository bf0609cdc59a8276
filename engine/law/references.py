"""Whether the law and the rules fit together: what rules cite exists, and every paragraph has an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.language.diagnostic import Diagnostic, suggest
from engine.language.rule_file import RuleFile
from engine.language.source import Span
from engine.law.paragraphs import Law, containers
from engine.program.rule_set import RuleSet


def check_citations(law: Law, files: Iterable[RuleFile], diagnostics: list[Diagnostic]) -> None:
    """Report rules that cite a section which their source, as far as it is written down, does not have."""
    by_source = law.sections
    for file in files:
        sections = by_source.get(file.authority.value)
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
