"""Mistakes one could make in the code generator: each is one edit of one file of the compiled evaluator."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from engine.evaluators import compiled
from engine.evaluators.evaluator import EvaluatorKind

_PACKAGE = Path(compiled.__file__).parent


@attrs.frozen
class Bug:
    """`old` stands once in `file`; `new` in its place is a mistake."""

    name: str
    file: str
    old: str
    new: str


@contextmanager
def with_bug(bug: Bug, directory: Path) -> Iterator[EvaluatorKind]:
    """The compiled evaluator with the mistake, from a copy of its sources under a name of its own."""
    package = "seeded_" + "".join(char if char.isalnum() else "_" for char in bug.name)
    (directory / package).mkdir()
    for path in _PACKAGE.glob("*.py"):
        text = path.read_text("utf-8")
        if path.name == bug.file:
            assert text.count(bug.old) == 1, f"{bug.file} has `{bug.old}` {text.count(bug.old)} times: say it anew"
            text = text.replace(bug.old, bug.new)
        (directory / package / path.name).write_text(text.replace(compiled.__name__, package), "utf-8")
    sys.path.insert(0, str(directory))
    try:
        importlib.invalidate_caches()
        yield importlib.import_module(package).KIND
    finally:
        sys.path.remove(str(directory))
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


_TEXT, _GENERATE, _SUITE = "python_text.py", "generate.py", "suite.py"
_SHARING, _STATEMENTS, _EVALUATOR = "sharing.py", "statements.py", "evaluator.py"

BUGS = (
    # How each operation is written
    Bug("an empty list is there", _TEXT, 'return f"bool({read})"', 'return f"({read} is not None)"'),
    Bug("an empty record is there", _TEXT, 'if kind in {"record", "object"} else', 'if kind in {"object"} else'),
    Bug("an empty object is there", _TEXT, 'if kind in {"record", "object"} else', 'if kind in {"record"} else'),
    Bug("false and zero are absent", _TEXT, 'f"({read} is not None)"', 'f"bool({read})"'),
    Bug("a test of a list gives the list", _TEXT, 'return f"bool({name})" if', 'return f"{name}" if'),
    Bug("a null record is read", _TEXT, 'return f"({value} or E)" if expr', 'return f"{value}" if expr'),
    Bug(
        "a null part of the facts is read",
        _TEXT,
        'return f"(facts.get({expr.name!r}) or E)"',
        'return f"facts.get({expr.name!r}, E)"',
    ),
    Bug(
        "whole numbers are compared as such",
        _TEXT,
        'f"({text.scalar(expr.left)} {expr.operator} {text.scalar(expr.right)})"\n\n\ndef _member',
        'f"({text.value(expr.left)} {expr.operator} {text.value(expr.right)})"\n\n\ndef _member',
    ),
    Bug(
        "whole numbers are computed with as such",
        _TEXT,
        'Arithmetic: lambda text, e: f"({text.scalar(e.left)} {e.operator} {text.scalar(e.right)})"',
        'Arithmetic: lambda text, e: f"({text.value(e.left)} {e.operator} {text.value(e.right)})"',
    ),
    Bug(
        "whole numbers are chosen as such",
        _TEXT,
        'f"({text.scalar(e.then)} if {text.test(e.condition)} else {text.scalar(e.otherwise)})"',
        'f"({text.value(e.then)} if {text.test(e.condition)} else {text.value(e.otherwise)})"',
    ),
    Bug(
        "whole numbers are looked up as such",
        _TEXT,
        'return f"({text.scalar(expr.item)} in {text.constant(values)})"',
        'return f"({text.value(expr.item)} in {text.constant(values)})"',
    ),
    Bug("shares are no doubles", _TEXT, 'expr.type.kind in {"number", "pct"}', 'expr.type.kind in {"pct"}'),
    Bug(
        "the branches of a choice change places",
        _TEXT,
        'f"({text.scalar(e.then)} if {text.test(e.condition)} else {text.scalar(e.otherwise)})"',
        'f"({text.scalar(e.otherwise)} if {text.test(e.condition)} else {text.scalar(e.then)})"',
    ),
    Bug("exists_one is any", _TEXT, 'if {body}) == 1)"', 'if {body}) >= 1)"'),
    Bug("exists_one is at most one", _TEXT, 'if {body}) == 1)"', 'if {body}) <= 1)"'),
    Bug("all is any", _TEXT, 'function = "any" if expr.kind == "exists" else "all"', 'function = "any"'),
    Bug("contains is turned round", _TEXT, 'return f"({part} in {whole})"', 'return f"({whole} in {part})"'),
    Bug("a text begins what it ends", _TEXT, "{whole}.{expr.operator.lower()}({part})", "{whole}.startswith({part})"),
    Bug(
        "a text is part of what it begins",
        _TEXT,
        "{whole}.{expr.operator.lower()}({part})",
        "{part}.{expr.operator.lower()}({whole})",
    ),
    Bug(
        "bytes are counted",
        _TEXT,
        'Size: lambda text, e: f"len({text.value(e.item)})"',
        "Size: lambda text, e: f\"len({text.value(e.item)}{'.encode()' if e.item.type.kind != 'list' else ''})\"",
    ),
    Bug(
        "days are counted backwards",
        _TEXT,
        "days_between({text.value(e.start)}, {text.value(e.end)})",
        "days_between({text.value(e.end)}, {text.value(e.start)})",
    ),
    Bug(
        "not binds more tightly than and",
        _TEXT,
        'return f"not {self.operand(item)}"',
        'return f"not {self.test(item)}"',
    ),
    Bug(
        "or in and goes without parentheses",
        _TEXT,
        'return " and ".join(self.operand(item) for',
        'return " and ".join(self.test(item) for',
    ),
    Bug("a named or goes without parentheses", _TEXT, "not isinstance(_bare(expr), And", "not isinstance(expr, And"),
    Bug("all loops share a name", _TEXT, "for char in element.key)", 'for char in element.key.partition("#")[0])'),
    Bug(
        "an unequal fact is there",
        _TEXT,
        'case Compare("==", Read() as read, Literal())',
        "case Compare(_, Read() as read, Literal())",
    ),
    Bug(
        "an equal number is there",
        _TEXT,
        'case Compare("==", Read() as read, Literal()) if not _is_double(read):',
        'case Compare("==", Read() as read, Literal()):',
    ),
    Bug(
        "a number among others is there",
        _TEXT,
        "Within(Read() as read) if not _is_double(read):",
        "Within(Read() as read):",
    ),
    Bug("what an operation reads is there", _TEXT, "implied -= _mentioned(item, set())", "pass"),
    Bug(
        "what an earlier conjunct implies guards later ones",
        _TEXT,
        "for item in reversed(items):",
        "for item in items:",
    ),
    Bug(
        "two constants share a name",
        _TEXT,
        'self._known[key] = f"K{len(self._known)}"',
        'self._known[key] = f"K{len(self._known) // 2}"',
    ),
    Bug(
        "a place is among the names of places",
        _TEXT,
        "in {text.constant(e.places)})",
        "in {text.constant(frozenset({e.region}))})",
    ),
    # Statements
    Bug(
        "findings stay as they were found", _GENERATE, 'writer.line(2, "out.sort(key=RANK)")', 'writer.line(2, "pass")'
    ),
    Bug(
        "two findings stay as they were found",
        _GENERATE,
        'writer.line(1, "if len(out) > 1:")',
        'writer.line(1, "if len(out) > 2:")',
    ),
    Bug(
        "a value outlives its suite",
        _GENERATE,
        "self._taken.discard(self._names.pop(expr))",
        "self._taken.discard(self._names[expr])",
    ),
    Bug("names are given twice", _GENERATE, "        while name in self._taken:\n", "        while False:\n"),
    Bug(
        "a name may be one of Python's",
        _GENERATE,
        "self._taken = {*_RESERVED, *constants}",
        "self._taken = {*constants}",
    ),
    Bug(
        "a name may be one of a loop or a constant",
        _GENERATE,
        'f"v_{stem}" if _GENERATED.match(stem) else stem',
        "stem",
    ),
    Bug(
        "a match falls through",
        _GENERATE,
        'self._test("elif" if n else "if", choice, indent)',
        'self._test("if", choice, indent)',
    ),
    Bug(
        "a long match falls through",
        _GENERATE,
        '            self.line(indent + 2, "break")\n        self.line(indent + 1, "break")',
        '        self.line(indent + 1, "break")',
    ),
    Bug(
        "a quantifier begins with its end",
        _GENERATE,
        'self.line(indent, f"{name} = {not exists}")',
        'self.line(indent, f"{name} = {exists}")',
    ),
    Bug(
        "all is some in a loop",
        _GENERATE,
        "body = self._text.test(expr.body if exists else negation(expr.body))",
        "body = self._text.test(expr.body)",
    ),
    Bug(
        "what settles a quantifier is turned round",
        _GENERATE,
        "settled = isinstance(item, Or)",
        "settled = isinstance(item, And)",
    ),
    Bug(
        "or before a quantifier is and",
        _GENERATE,
        "negation(disjunction(tuple(before))) if settled",
        "conjunction(tuple(before)) if settled",
    ),
    Bug(
        "one of them is a loop for all",
        _GENERATE,
        'if not isinstance(last, Quantify) or last.kind == "exists_one":',
        "if not isinstance(last, Quantify):",
    ),
    Bug(
        "a test that only emits always holds",
        _GENERATE,
        'if word == "if" and test.condition == TRUE and',
        'if word == "if" and',
    ),
    Bug("elements are counted from one", _GENERATE, 'in enumerate(items):")', 'in enumerate(items, 1):")'),
    Bug(
        "an absent list is run over",
        _GENERATE,
        'self.line(indent + 1, f"for i, {element} in enumerate(items):")',
        'self.line(indent + 1, f"for i, {element} in enumerate(items[:-1] or items):")',
    ),
    Bug(
        "a derived element stands for its list",
        _GENERATE,
        "out.append({self._text.constant(bind)}({element}))",
        "out.append({self._text.constant(bind)}({self._text.value(rule.each.over)}[0]))",
    ),
    # Suites
    Bug("rules are counted from the last", _SUITE, "self._rank += 1", "self._rank -= 1"),
    Bug("rules share a rank", _SUITE, "self._rank += 1", "self._rank = 1"),
    Bug(
        "a choice that finds nothing is passed over",
        _SUITE,
        "if test.condition != FALSE:\n                # A choice",
        "if test.condition != FALSE and test.suite.statements:\n                # A choice",
    ),
    Bug(
        "a choice is known to hold after it failed",
        _SUITE,
        "known |= _conjuncts(negation(item.condition.expr))",
        "known |= _conjuncts(item.condition.expr)",
    ),
    Bug(
        "an aggregate knows what its items asked",
        _SUITE,
        "                test = self._test(suite, item, known)\n                if test.condition != FALSE and",
        "                test = self._test(suite, item, known)\n"
        "                known |= _conjuncts(item.condition.expr)\n                if test.condition != FALSE and",
    ),
    Bug(
        "either of two is known to hold",
        _SUITE,
        "return frozenset(expr.items if isinstance(expr, And) else (expr,))",
        "return frozenset(getattr(expr, 'items', (expr,)))",
    ),
    Bug(
        "what is known replaces the condition",
        _SUITE,
        "if item not in known)\n    )",
        "if item not in known and not known)\n    )",
    ),
    Bug(
        "a loop is known by the record of its elements",
        _SUITE,
        "s.each.element == rule.each.element)",
        "s.each.element.type == rule.each.element.type)",
    ),
    Bug(
        "what tests have in common is left out",
        _SUITE,
        "grouped.append(Test(_first(group[0].condition), common))",
        "grouped.append(Test(TRUE, common))",
    ),
    Bug(
        "a group keeps its first test only",
        _SUITE,
        "            for test in group:\n                test.suite.parent = common",
        "            for test in group[:1]:\n                test.suite.parent = common",
    ),
    Bug(
        "the rest of a condition is all of it but one more",
        _SUITE,
        "conjunction(_spelled_out(condition)[1:])",
        "conjunction(_spelled_out(condition)[2:])",
    ),
    Bug(
        "a named head loses its others",
        _SUITE,
        "return (*_spelled_out(head.item), *items[1:])",
        "return _spelled_out(head.item)",
    ),
    # Sharing
    Bug(
        "a value is computed outside its quantifier",
        _SHARING,
        "if self._is_value(expr) and not free & bound:",
        "if self._is_value(expr):",
    ),
    Bug(
        "a value that leans on a guard is shared",
        _SHARING,
        "isinstance(expr, Named) and is_total(expr, self._presence))",
        "isinstance(expr, Named))",
    ),
    Bug(
        "a value of an element is computed before its loop",
        _SHARING,
        "            if uses.loop is None:\n                home = _out_of_loops(home)",
        "            home = _out_of_loops(home)",
    ),
    Bug("an element is free nowhere", _SHARING, "free = frozenset({expr.key})", "free = frozenset()"),
    Bug(
        "loops over one list are one",
        _SHARING,
        "uses = self._uses.get((expr, id(loop)))",
        "uses = next((known for (other, _), known in self._uses.items() if other == expr), None)",
    ),
    Bug("a value is computed in the suite around", _SHARING, "    return enclosing[0]", "    return enclosing[-1]"),
    Bug("a name is taken by nobody", _GENERATE, "        self._taken.add(name)\n", ""),
    Bug("the last conjunct is the head", _SUITE, "head = items[0]", "head = items[-1]"),
    Bug(
        "an open constant goes by half its name",
        _TEXT,
        "facts[{expr.name!r}]",
        "facts[{expr.name.rpartition('.')[2]!r}]",
    ),
    Bug(
        "a condition forgets its element",
        _EVALUATOR,
        'last = "element=None" if element is None else f"{writer.value(element)}=None"',
        'last = "element=None"',
    ),
    Bug(
        "a first choice that finds nothing takes the others with it",
        _SUITE,
        "not choices[-1].suite.statements",
        "not choices[0].suite.statements",
    ),
    # What the corpus once let pass
    Bug(
        "a comparison goes without parentheses",
        _TEXT,
        'f"({text.scalar(expr.left)} {expr.operator} {text.scalar(expr.right)})"\n\n\ndef _member',
        'f"{text.scalar(expr.left)} {expr.operator} {text.scalar(expr.right)}"\n\n\ndef _member',
    ),
    Bug(
        "what is compared with another fact is there",
        _TEXT,
        'case Compare("==", Read() as read, Literal())',
        'case Compare("==", Read() as read)',
    ),
    Bug(
        "what either of two compares is there",
        _TEXT,
        "            case Read() if item.type",
        "            case Or((Compare('==', Read() as read, Literal()), *_)):\n                implied.add(read)\n"
        "            case Read() if item.type",
    ),
    Bug(
        "a fact is there when one of its name is",
        _TEXT,
        "                if read in implied:",
        "                if any(one.field == read.field for one in implied):",
    ),
    Bug(
        "an operation mentions its first operand only",
        _TEXT,
        "        for child in children(expr):\n            _mentioned(child, seen)",
        "        for child in list(children(expr))[:1]:\n            _mentioned(child, seen)",
    ),
    Bug("a name of a name hides an or", _TEXT, "return _bare(expr.item) if", "return expr.item if"),
    Bug("a name may be a keyword", _GENERATE, "*keyword.kwlist, ", ""),
    Bug("a name may be that of the facts", _GENERATE, '"facts", ', ""),
    Bug("a name may be that of an element", _GENERATE, 'r"e_|K\\d+\\Z|\\d"', 'r"K\\d+\\Z|\\d"'),
    Bug(
        "a second name is taken unseen",
        _GENERATE,
        "        while name in self._taken:\n",
        "        if name in self._taken:\n",
    ),
    Bug(
        "a value is computed once more inside",
        _GENERATE,
        "                continue  # computed further out, for others",
        "                pass",
    ),
    Bug(
        "one of two guards keeps a quantifier",
        _GENERATE,
        "else conjunction(tuple(before)))",
        "else conjunction(tuple(before[:1])))",
    ),
    Bug(
        "one of two exceptions settles a quantifier",
        _GENERATE,
        "negation(disjunction(tuple(before)))",
        "negation(disjunction(tuple(before[-1:])))",
    ),
    Bug(
        "what follows a certain choice is written",
        _SUITE,
        "            if test.condition == TRUE:\n                break\n",
        "",
    ),
    Bug(
        "a choice that failed failed in each part",
        _SUITE,
        "known |= _conjuncts(negation(item.condition.expr))",
        "known |= frozenset(negation(one) for one in _conjuncts(item.condition.expr))",
    ),
    Bug(
        "what is known not to hold is left out",
        _SUITE,
        "if item not in known)\n    )",
        "if item not in known and negation(item) not in known)\n    )",
    ),
    Bug(
        "a choice of a match belongs to a group",
        _SUITE,
        "for test in _tests(suite):",
        "for test in (\n        choice\n        for statement in suite.statements\n"
        "        for choice in getattr(statement, 'choices', [statement])\n"
        "        if isinstance(choice, Test)\n    ):",
    ),
    Bug(
        "a choice between values is shared",
        _SHARING,
        "return isinstance(expr, Root | Read) or",
        "return isinstance(expr, Root | Read | Choose) or",
    ),
    Bug(
        "only the innermost quantifier binds",
        _SHARING,
        "inside = bound | {expr.element.key} if isinstance(expr, Quantify) else bound",
        "inside = frozenset({expr.element.key}) if isinstance(expr, Quantify) else bound",
    ),
    Bug(
        "a quantifier depends on no element",
        _SHARING,
        "free -= {expr.element.key} if isinstance(expr, Quantify) else set()",
        "free = frozenset() if isinstance(expr, Quantify) else free",
    ),
    # The law of a day
    Bug(
        "a law ends on its last day",
        _EVALUATOR,
        "{_day_after(r.effective_until) for r in rule_sets}",
        "{r.effective_until for r in rule_sets}",
    ),
    Bug("a law begins a day late", _EVALUATOR, "bisect_right(self._eras, as_of)", "bisect_left(self._eras, as_of)"),
    Bug(
        "a law never ends",
        _EVALUATOR,
        "if action in r.actions and r.in_force(as_of)]",
        "if action in r.actions and r.effective_from <= as_of]",
    ),
    Bug(
        "every rule set is about every action",
        _EVALUATOR,
        "if action in r.actions and r.in_force(as_of)]",
        "if r.in_force(as_of)]",
    ),
    Bug(
        "one body of law serves all days",
        _EVALUATOR,
        "key = (action, tuple(rule_set in law for rule_set in self._rule_sets))",
        "key = (action, ())",
    ),
    Bug(
        "one body of law serves all actions",
        _EVALUATOR,
        "key = (action, bisect_right(self._eras, as_of))",
        'key = ("", bisect_right(self._eras, as_of))',
    ),
    Bug(
        "silence is consent",
        _EVALUATOR,
        "return None if decide is None else decide",
        "return [] if decide is None else decide",
    ),
    Bug(
        "days are counted with both ends",
        _EVALUATOR,
        "- datetime.date.fromisoformat(start).toordinal()",
        "- datetime.date.fromisoformat(start).toordinal() + 1",
    ),
)
