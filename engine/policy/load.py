"""Files to Policy: every file is read and checked, and all mistakes are reported at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from engine.language.diagnostic import Diagnostic, has_errors, in_order
from engine.language.document import Document, read_document
from engine.language.parser import parse_definitions, parse_rule_file
from engine.language.rule_file import DefinitionsFile, RuleFile
from engine.language.source import Source, Span
from engine.language.yaml_nodes import Mapping as MappingNode
from engine.language.yaml_nodes import Node, Sequence, Unread, compose
from engine.law.paragraphs import Law
from engine.law.read import Known, definition_places, fact_paths, read_law
from engine.law.references import check_answers, check_citations
from engine.measures.order import Order, check_order
from engine.measures.places import Places, read_places, territories
from engine.policy.constants import Constants, Overrides, read_constants, shape
from engine.policy.files import read_directory
from engine.policy.policy import Policy, PolicyError
from engine.program.check import References, check_rule_file
from engine.program.definitions import Library
from engine.program.expressions import Literal
from engine.program.messages import refuse_equal_messages
from engine.program.rule_set import RuleSet
from engine.program.scope import Scope, World
from engine.vocabulary import read_vocabulary

SEMANTICS = "1"
"""Version of what the language means. It changes when the same files would decide otherwise."""

_HAS_RULE = re.compile(r"^rule:", re.MULTILINE)
RULES, JURISDICTIONS = "rules/", "jurisdictions/"
LAW = RULES + "law.yaml"


def load(rules: Path, jurisdictions: Path, overrides: Overrides | None = None) -> Policy:
    """The policy of a rules and a jurisdictions directory.

    Raises PolicyError, with every mistake found, when the files do not make a policy.
    """
    diagnostics: list[Diagnostic] = []
    files: dict[str, str] = {}
    shown: dict[str, str] = {}
    for prefix, directory in ((RULES, rules), (JURISDICTIONS, jurisdictions)):
        for name, text in read_directory(directory, diagnostics).items():
            key = prefix + Path(name).relative_to(directory).as_posix()
            files[key], shown[key] = text, name
    if diagnostics:
        raise PolicyError(in_order(diagnostics), {})
    return load_files(files, overrides, shown=shown)


def load_files(
    files: Mapping[str, str], overrides: Overrides | None = None, *, shown: Mapping[str, str] | None = None
) -> Policy:
    """The policy of texts by their paths below `rules/` and `jurisdictions/`; `shown` names them in diagnostics.

    Raises PolicyError as `load` does.
    """
    loading = _Loading(files, shown or {})
    policy = loading.policy(overrides or Overrides())
    loading.stop_on_errors()
    return attrs.evolve(policy, warnings=in_order(loading.diagnostics))


def with_orders(policy: Policy, files: Mapping[str, str]) -> Policy:
    """The same policy with the orders of more files, by their paths below `jurisdictions/measures/`.

    The rules are not read again. Raises PolicyError as `load` does.
    """
    loading = _Loading(files, {})
    orders = loading.orders(policy.places, Scope(policy.world), policy.orders)
    loading.stop_on_errors()
    added = {name: _texts(node) for name, node in loading.nodes.items()}
    identity = {**policy.identity, "files": {**policy.identity["files"], **added}}
    return attrs.evolve(policy, orders=orders, identity=identity, files={**policy.files, **files})


def is_test(name: str) -> bool:
    """Whether a file holds tests of rules, or the cases they use: such files decide nothing."""
    return name.startswith(RULES) and (name.endswith("_test.yaml") or name == RULES + "cases.yaml")


class _Loading:
    def __init__(self, files: Mapping[str, str], shown: Mapping[str, str]) -> None:
        self._files = files
        self.sources = {name: Source(shown.get(name, name), text) for name, text in sorted(files.items())}
        self.diagnostics: list[Diagnostic] = []
        composed = {name: compose(s, self.diagnostics) for name, s in self.sources.items() if not is_test(name)}
        self.nodes = {name: node for name, node in composed.items() if node is not None}

    def policy(self, overrides: Overrides) -> Policy:
        self._refuse_misplaced()
        sources = self._document(RULES + "sources.yaml", "sources", "R203")
        if RULES + "sources.yaml" not in self.sources:
            help_ = "it names what the rules rest on, each with its title and status"
            self._report("R101", "the rules directory has no `sources.yaml`", help_)
        interpretations = self._document(RULES + "interpretations.yaml", "interpretations", "R401")
        program = self._document(RULES + "program.yaml", "program", "R402")
        declared = self._document(JURISDICTIONS + "places.yaml", "places", "R404")
        constants = read_constants(interpretations, program, overrides, self.diagnostics)
        places = read_places(declared, self.diagnostics)
        # What a file at fault would have said is not missed: the fault is reported once.
        documents = {
            "interpretation": (RULES + "interpretations.yaml", interpretations),
            "program": (RULES + "program.yaml", program),
            "place": (JURISDICTIONS + "places.yaml", declared),
        }
        excused = frozenset(
            head for head, (name, document) in documents.items() if document is None and name in self.sources
        )
        vocabulary = read_vocabulary()
        world = World(vocabulary, places.within, constants.values, constants.words, excused)
        statuses = {} if sources is None else {key: str(spec["status"]) for key, spec in sources.plain.items()}
        definitions, is_complete = self._definitions()
        known = Known(
            definitions=definition_places(definitions) if is_complete else None,
            facts=fact_paths(vocabulary),
            program=None if "program" in excused else constants.program,
            orders=shape("order").keys,
            sources=statuses.keys() or None,
        )
        text = self._document(LAW, "law", "R501")
        law = read_law(text, interpretations, constants.chosen, known, self.diagnostics)
        library = Library(definitions, world, self.diagnostics, is_complete=is_complete)
        library.check_all()
        rule_sets = self._rule_sets(library, world, constants, law, statuses)
        # A rule at fault may cite what nothing else does: no more is said until it is mended.
        if not has_errors(self.diagnostics):
            check_answers(law, rule_sets, self.diagnostics)
        return Policy(
            program=rule_sets,
            orders=self.orders(places, Scope(world)),
            places=places,
            vocabulary=vocabulary,
            statuses=statuses,
            world=world,
            law=law,
            identity=self._identity(constants, places),
            files=self._files,
        )

    def stop_on_errors(self) -> None:
        """Raise PolicyError with everything found if any of it is an error."""
        if has_errors(self.diagnostics):
            raise PolicyError(in_order(self.diagnostics), {s.name: s.text for s in self.sources.values()})

    # -- the parts

    def _definitions(self) -> tuple[list[DefinitionsFile], bool]:
        """The definitions that could be read, and whether these are all there are."""
        definitions = [
            parse_definitions(self.sources[name], node, self.diagnostics)
            for name, node in self.nodes.items()
            if _is_definitions(name)
        ]
        unread = [name for name in self.sources if _is_definitions(name) and name not in self.nodes]
        read = [file for file in definitions if file is not None]
        return read, not unread and len(read) == len(definitions)

    def _rule_sets(
        self, library: Library, world: World, constants: Constants, law: Law, statuses: Mapping[str, str]
    ) -> tuple[RuleSet, ...]:
        terms = None if "program" in world.excused else constants.terms
        references = References(statuses.keys() if statuses else None, terms)
        files = self._rule_files(world)
        refuse_equal_messages((file for _, file in files), self.diagnostics)
        check_citations(law, (file for _, file in files), self.diagnostics)
        checked: list[RuleSet] = []
        for name, file in files:
            rule_set = check_rule_file(file, library.scope(file.uses), references, self.diagnostics)
            checked.append(attrs.evolve(rule_set, file=name))
        return tuple(checked)

    def _rule_files(self, world: World) -> list[tuple[str, RuleFile]]:
        seen: dict[str, RuleFile] = {}
        files: list[tuple[str, RuleFile]] = []
        for name, node in self.nodes.items():
            if not _is_rule_file(name):
                continue
            file = parse_rule_file(self.sources[name], node, world.vocabulary.enums["action"], self.diagnostics)
            if file is None:
                continue
            first = seen.setdefault(file.name.value, file)
            if first is not file and file.name.value:
                message = f"a rule set `{file.name.value}` exists already in {first.source.name}"
                self.diagnostics.append(Diagnostic("R205", message, file.name.span, "rename one of the two"))
            files.append((name, file))
        return files

    def orders(self, places: Places, scope: Scope, known: tuple[Order, ...] = ()) -> tuple[Order, ...]:
        """The orders known, and those in the files."""
        found: dict[str, Order] = {order.id: order for order in known}
        for name in self.nodes:
            if not name.startswith(JURISDICTIONS + "measures/"):
                continue
            document = self._document(name, "order", "R403")
            order = None if document is None else check_order(document, places, scope, self.diagnostics)
            if order is None or document is None:
                continue
            if order.id in found:
                message = f"an order `{order.id}` exists already in {found[order.id].file}"
                self.diagnostics.append(Diagnostic("R205", message, document.span("id"), "rename one of the two"))
            found[order.id] = attrs.evolve(order, file=name)
        return tuple(found.values())

    def _document(self, name: str, shape_name: str, code: str) -> Document | None:
        if name not in self.nodes:
            return None
        return read_document(self.sources[name], self.nodes[name], shape(shape_name), code, self.diagnostics)

    def _identity(self, constants: Constants, places: Places) -> dict[str, Any]:
        """All that can change a decision, and nothing else: no comments, no layout, no tests, no paths, no law.yaml."""
        return {
            "semantics": SEMANTICS,
            "vocabulary": dict(read_vocabulary().source),
            "files": {name: _texts(node) for name, node in self.nodes.items() if name != LAW},
            "constants": {name: str(c.value) for name, c in constants.values.items() if isinstance(c, Literal)},
            "terms": {name: list(texts) for name, texts in constants.terms.items()},
            "places": " ".join(places.codes),
            "territories": {kind: dict(relations) for kind, relations in territories().items()},
        }

    def _refuse_misplaced(self) -> None:
        """A file that would decide nothing where it stands: silence about it would be taken for consent."""
        for name, source in self.sources.items():
            if name.startswith(JURISDICTIONS) and not name.startswith(JURISDICTIONS + "measures/"):
                if name != JURISDICTIONS + "places.yaml":
                    message = "nothing is read from this file"
                    help_ = "orders go into `measures/`, places into `places.yaml`"
                    self.diagnostics.append(Diagnostic("R101", message, source.span(0, 1), help_))
            elif is_test(name) and _HAS_RULE.search(source.text):
                message = "the file has the name of a test and holds a rule set, which would not be read"
                self.diagnostics.append(Diagnostic("R101", message, source.span(0, 1), "rename it"))

    def _report(self, code: str, message: str, help_: str) -> None:
        where = next((s.name for name, s in self.sources.items() if name.startswith(RULES)), RULES)
        self.diagnostics.append(Diagnostic(code, message, Span(where, 1, 1), help_))


def _is_definitions(name: str) -> bool:
    return name.startswith(RULES + "definitions/")


def _is_rule_file(name: str) -> bool:
    reserved = ("sources.yaml", "interpretations.yaml", "program.yaml", "law.yaml")
    return (
        name.startswith(RULES)
        and not _is_definitions(name)
        and name.removeprefix(RULES) not in reserved
        and not is_test(name)
    )


def _texts(node: Node) -> object:
    if isinstance(node, Unread):
        return None
    if isinstance(node, MappingNode):
        # The parameters of a function are the one mapping whose order means something.
        return {
            key.value: [[name.value, _texts(type_)] for name, type_ in value.entries]
            if key.value == "parameters" and isinstance(value, MappingNode)
            else _texts(value)
            for key, value in node.entries
        }
    if isinstance(node, Sequence):
        return [_texts(item) for item in node.items]
    return node.value
