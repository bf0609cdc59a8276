"""Files to Policy: every file is read and checked, and all mistakes are reported at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from engine.language.diagnostic import Diagnostic, has_errors, in_order
from engine.language.document import Document, read_document
from engine.language.parser import parse_definitions, parse_rule_file
from engine.language.rule_file import DefinitionsFile, RuleFile
from engine.language.source import Source, Span, Text
from engine.language.yaml_nodes import Node, compose
from engine.law.paragraphs import Law
from engine.law.read import Known, definition_places, fact_paths, read_law
from engine.law.references import check_answers, check_citations
from engine.measures.attributes import read_attributes
from engine.measures.order import Order, check_order
from engine.measures.places import Places, read_places
from engine.policy.constants import Constants, Overrides, read_constants
from engine.policy.files import JURISDICTIONS, RULES, in_layers, layer_of, path_in_rules, read_files
from engine.policy.identity import identity, texts_of
from engine.policy.policy import Policy, PolicyError
from engine.policy.program import Program, read_program
from engine.policy.shapes import partial_shape, shape
from engine.policy.silence import refuse_where_silent
from engine.policy.tighten import tighten
from engine.program.check import References, check_rule_file
from engine.program.definitions import Library
from engine.program.messages import refuse_equal_messages
from engine.program.rule_set import RuleSet
from engine.program.scope import Scope, World
from engine.vocabulary import read_vocabulary

SEMANTICS = "2"
"""Version of what the language means. It changes when the same files would decide otherwise."""

READ_BY_ENGINE = frozenset({"Q19", "Q27", "Q28"})
"""Switches of clocks, which no rule has to mention: the day of a request that names none, and the days of an order."""

LAW = RULES + "law.yaml"
"""Says what the paragraphs of the law are and decides nothing, so it is no part of the identity."""

_HAS_RULE = re.compile(r"^rule:", re.MULTILINE)
_DATA_FILES = ("sources.yaml", "interpretations.yaml", "law.yaml", "program.yaml", "tighten.yaml")


def load(rules: Path | Sequence[Path], jurisdictions: Path, overrides: Overrides | None = None) -> Policy:
    """The policy of a rules and a jurisdictions directory.

    Of several rules directories the first is the base, and each other is an overlay that adds to those before it and
    tightens them. Raises PolicyError, with every mistake found, when the files do not make a policy.
    """
    layers = [rules] if isinstance(rules, Path) else rules
    return composed_directories(layers, jurisdictions).policy(overrides or Overrides())


def composed_directories(rules: Sequence[Path], jurisdictions: Path) -> Composed:
    """The files of rules directories and a jurisdictions directory, read as YAML.

    Raises PolicyError when some of them cannot be read at all.
    """
    diagnostics: list[Diagnostic] = []
    files = read_files(rules, jurisdictions, diagnostics)
    if diagnostics:
        raise PolicyError(in_order(diagnostics), {})
    return composed(files.texts, shown=files.shown)


def load_files(
    files: Mapping[str, str], overrides: Overrides | None = None, *, shown: Mapping[str, str] | None = None
) -> Policy:
    """The policy of texts by their names (see `engine.policy.files`); `shown` names them in diagnostics.

    Raises PolicyError as `load` does.
    """
    return composed(files, shown=shown).policy(overrides or Overrides())


def composed(files: Mapping[str, str], *, shown: Mapping[str, str] | None = None) -> Composed:
    """Texts by their names, read as YAML: to make a policy of, or several that differ in their overrides."""
    diagnostics: list[Diagnostic] = []
    shown = shown or {}
    sources = {name: Source(shown.get(name, name), files[name]) for name in in_layers(files)}
    nodes = {name: compose(source, diagnostics) for name, source in sources.items() if not is_test(name)}
    read = {name: node for name, node in nodes.items() if node is not None}
    name = JURISDICTIONS + "places.yaml"
    form = shape("places")
    declared = read_document(sources[name], read[name], form, "R404", diagnostics) if name in read else None
    return Composed(files, sources, read, declared, read_places(declared, diagnostics), tuple(diagnostics))


@attrs.frozen(eq=False)
class Composed:
    """Files that were read, with what no override changes: their `nodes`, and the places that are `declared` in them.

    `diagnostics` are the mistakes found so far.
    """

    files: Mapping[str, str]
    sources: Mapping[str, Source]
    nodes: Mapping[str, Node]
    declared: Document | None
    places: Places
    diagnostics: tuple[Diagnostic, ...]

    def policy(self, overrides: Overrides) -> Policy:
        """The policy of the files, read otherwise where the overrides say so. Raises PolicyError as `load` does."""
        loading = _Loading(self)
        policy = loading.policy(overrides)
        loading.stop_on_errors()
        return attrs.evolve(policy, warnings=in_order(loading.diagnostics))


def with_orders(policy: Policy, files: Mapping[str, str], *, shown: Mapping[str, str] | None = None) -> Policy:
    """The same policy with the orders of more files, by their paths below `jurisdictions/measures/`.

    The rules are not read again. `shown` names the files in diagnostics. Raises PolicyError as `load` does.
    """
    loading = _Loading(composed(files, shown=shown))
    orders = loading.orders(policy.places, Scope(policy.world), policy.orders)
    loading.stop_on_errors()
    added = {name: texts_of(node) for name, node in loading.nodes.items()}
    grown = {**policy.identity, "files": {**policy.identity["files"], **added}}
    return attrs.evolve(policy, orders=orders, identity=grown, files={**policy.files, **files})


def is_test(name: str) -> bool:
    """Whether a file holds tests of rules, or the cases they use: such files decide nothing."""
    return layer_of(name) is not None and (name.endswith("_test.yaml") or path_in_rules(name) == "cases.yaml")


class _Loading:
    def __init__(self, read: Composed) -> None:
        self._read = read
        self.sources, self.nodes = read.sources, read.nodes
        self.diagnostics = list(read.diagnostics)

    def policy(self, overrides: Overrides) -> Policy:
        self._refuse_misplaced()
        statuses = self._statuses()
        interpretations = self._document(RULES + "interpretations.yaml", "interpretations", "R401")
        recorded = self._document(JURISDICTIONS + "attributes.yaml", "attributes", "R404")
        places = self._read.places
        # What a file at fault would have said is not missed: the fault is reported once.
        names = {
            "interpretation": [RULES + "interpretations.yaml"],
            "program": self._in_rules("program.yaml"),
            "place": [JURISDICTIONS + "places.yaml"],
            "attribute": [JURISDICTIONS + "attributes.yaml"],
        }
        program, program_is_read = self._program(places, names["program"])
        is_read = {
            "interpretation": interpretations,
            "program": program_is_read,
            "place": self._read.declared,
            "attribute": recorded,
        }
        excused = frozenset(
            head for head, files in names.items() if not is_read[head] and any(name in self.sources for name in files)
        )
        constants = read_constants(interpretations, program, overrides, self.diagnostics)
        vocabulary = read_vocabulary()
        attributes = read_attributes(recorded, places, self.diagnostics)
        world = World(vocabulary, places.within, attributes, constants.values, constants.words, excused)
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
        rule_sets = self._tightened(self._rule_sets(library, world, constants, law, statuses))
        orders = self.orders(places, Scope(world))
        # What is at fault may cite or mention what nothing else does: no more is said until it is mended.
        if not has_errors(self.diagnostics):
            check_answers(law, rule_sets, self.diagnostics)
            self._refuse_unused(interpretations, world)
        return Policy(
            program=rule_sets,
            orders=orders,
            places=places,
            vocabulary=vocabulary,
            statuses=statuses,
            world=world,
            law=law,
            identity=identity(
                SEMANTICS, {name: node for name, node in self.nodes.items() if name != LAW}, constants, places
            ),
            files=self._read.files,
        )

    def stop_on_errors(self) -> None:
        """Raise PolicyError with everything found if any of it is an error."""
        if has_errors(self.diagnostics):
            raise PolicyError(in_order(self.diagnostics), {s.name: s.text for s in self.sources.values()})

    # -- the parts

    def _in_rules(self, path: str) -> list[str]:
        """The files at this path of each layer that has one, the base first."""
        return [name for name in self.sources if layer_of(name) is not None and path_in_rules(name) == path]

    def _statuses(self) -> dict[str, str]:
        """The standing of every source by its key."""
        if RULES + "sources.yaml" not in self.sources:
            help_ = (
                "it names what the rules rest on, each with its title and status; an overlay comes after its base: "
                "`--rules BASE --rules OVERLAY`"
            )
            self._report("R101", "the rules directory has no `sources.yaml`", help_)
        found: dict[str, tuple[str, Source]] = {}
        for document in self._documents(self._in_rules("sources.yaml"), "sources", "R203"):
            for key, spec in document.plain.items():
                if key in found:
                    what = f"the source `{key[:60]}` of {found[key][1].name}"
                    self._refuse_replacing(what, document.span(key, key=True), "give yours a key of its own")
                else:
                    found[key] = str(spec["status"]), document.source
        return {key: status for key, (status, _) in found.items()}

    def _program(self, places: Places, names: Sequence[str]) -> tuple[Program | None, bool]:
        """The provider's program, and whether all of it could be read."""
        documents = self._documents(names, "program", "R402")
        return read_program(documents, places.within.keys(), self.diagnostics), len(documents) == len(names)

    def _documents(self, names: Sequence[str], shape_name: str, code: str) -> list[Document]:
        found = (self._document(name, shape_name, code) for name in names)
        return [document for document in found if document is not None]

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

    def _definitions(self) -> tuple[list[DefinitionsFile], bool]:
        """The definitions of all layers, and whether these are all there are."""
        found: dict[str, tuple[DefinitionsFile, int]] = {}
        read: list[DefinitionsFile] = []
        names = [name for name in self.nodes if _is_definitions(name)]
        are_read = True
        for name in names:
            file = parse_definitions(self.sources[name], self.nodes[name], self.diagnostics)
            are_read = are_read and file is not None
            if file is None:
                continue
            if file.name is not None:
                first, below = found.setdefault(file.name.value, (file, layer_of(name) or 0))
                if below < (layer_of(name) or 0):
                    self._refuse_replacing_file("the definitions", file.name, first.source)
                    continue
            read.append(file)
        unread = [name for name in self.sources if _is_definitions(name) and name not in self.nodes]
        return read, are_read and not unread

    def _rule_files(self, world: World) -> list[tuple[str, RuleFile]]:
        seen: dict[str, tuple[RuleFile, int]] = {}
        files: list[tuple[str, RuleFile]] = []
        for name, node in self.nodes.items():
            if not _is_rule_file(name):
                continue
            file = parse_rule_file(self.sources[name], node, world.vocabulary.enums["action"], self.diagnostics)
            if file is None:
                continue
            layer = layer_of(name) or 0
            first, below = seen.setdefault(file.name.value, (file, layer))
            if below < layer and file.name.value:
                self._refuse_replacing_file("the rule set", file.name, first.source)
            elif first is not file and file.name.value:
                message = f"a rule set `{file.name.value}` exists already in {first.source.name}"
                self.diagnostics.append(Diagnostic("R205", message, file.name.span, "rename one of the two"))
            files.append((name, file))
        refuse_where_silent(files, self.diagnostics)
        return files

    def _tightened(self, rule_sets: tuple[RuleSet, ...]) -> tuple[RuleSet, ...]:
        """The rule sets with the effects that overlays ask for, each on top of those before it."""
        for name in self._in_rules("tighten.yaml"):
            document = None if layer_of(name) == 0 else self._document(name, "tighten", "R606")
            if document is not None:
                rule_sets = tighten(rule_sets, layer_of(name) or 0, document, self.diagnostics)
        return rule_sets

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
        form = partial_shape(shape_name) if shape_name == "program" and layer_of(name) else shape(shape_name)
        return read_document(self.sources[name], self.nodes[name], form, code, self.diagnostics)

    def _refuse_misplaced(self) -> None:
        """A file that would decide nothing where it stands: silence about it would be taken for consent."""
        for name, source in self.sources.items():
            if name.startswith(JURISDICTIONS) and not name.startswith(JURISDICTIONS + "measures/"):
                if name not in {JURISDICTIONS + "places.yaml", JURISDICTIONS + "attributes.yaml"}:
                    message = "nothing is read from this file"
                    help_ = "it holds `places.yaml`, `attributes.yaml`, and orders in `measures/`"
                    self.diagnostics.append(Diagnostic("R101", message, source.span(0, 1), help_))
            elif is_test(name) and _HAS_RULE.search(source.text):
                message = "the file has the name of a test and holds a rule set, which would not be read"
                self.diagnostics.append(Diagnostic("R101", message, source.span(0, 1), "rename it"))
            elif name == RULES + "tighten.yaml":
                help_ = "give the rules their effects where they are written; an overlay tightens them"
                self.diagnostics.append(Diagnostic("R101", "nothing is read from this file", source.span(0, 1), help_))
            elif layer_of(name) and path_in_rules(name) == "interpretations.yaml":
                help_ = "choose another reading in the `interpretations.yaml` of the base"
                self._refuse_replacing("the readings of the law", source.span(0, 1), help_)
            elif layer_of(name) and path_in_rules(name) == "law.yaml":
                help_ = "what an overlay adds cites sources of its own, which need no `law.yaml`"
                self._refuse_replacing("the text of the law", source.span(0, 1), help_)

    def _refuse_replacing_file(self, what: str, name: Text, below: Source) -> None:
        help_ = "give yours a name of its own: an overlay adds to what lies below it, and tightens it"
        self._refuse_replacing(f"{what} `{name.value[:60]}` of {below.name}", name.span, help_)

    def _refuse_replacing(self, what: str, span: Span, help_: str) -> None:
        message = f"an overlay cannot replace {what}"
        self.diagnostics.append(Diagnostic("R601", message, span, help_))

    def _refuse_unused(self, interpretations: Document | None, world: World) -> None:
        """A switch on which nothing turns would be taken for a choice that has been made."""
        if interpretations is None:
            return
        for switch, spec in interpretations.plain.items():
            if f"interpretation.{switch}" in world.mentioned or switch in READ_BY_ENGINE:
                continue
            if not {"duty", "procedural"} & spec.keys():
                help_ = "let a rule turn on it, or say under `duty` or `procedural` where it counts"
                span = interpretations.span(switch, key=True)
                self.diagnostics.append(Diagnostic("R406", f"nothing turns on the switch `{switch}`", span, help_))

    def _report(self, code: str, message: str, help_: str) -> None:
        where = next((s.name for name, s in self.sources.items() if name.startswith(RULES)), RULES)
        self.diagnostics.append(Diagnostic(code, message, Span(where, 1, 1), help_))


def _is_definitions(name: str) -> bool:
    return layer_of(name) is not None and path_in_rules(name).startswith("definitions/")


def _is_rule_file(name: str) -> bool:
    is_rules = layer_of(name) is not None and not _is_definitions(name) and not is_test(name)
    return is_rules and path_in_rules(name) not in _DATA_FILES
