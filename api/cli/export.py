"""`ostiary export`: the rules in the form of a published standard, for other implementations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs
import click

from api.batch_body import read_lines
from api.cli.decision_text import problem_text
from api.cli.exit_codes import ExitCode
from api.cli.options import count, load_or_show, policy_options
from api.evaluation import decider_of, invalid_request
from api.problems import Problem, RefusedError
from api.settings import DECIDES
from engine import Decider, Policy, RequestError
from engine.cel_policy.check import check_policy
from engine.cel_policy.configuration import Configuration
from engine.cel_policy.document import CelPolicyError
from engine.cel_policy.export import as_yaml, configuration_of, export_rule_set
from engine.cel_policy.export_tests import DecidedCase, tests_of
from engine.cel_policy.inputs import inputs_of
from engine.cel_policy.reading import read_policy
from engine.language.source import Source
from engine.language.yaml_nodes import MAX_CHARACTERS

_STREAM = "-"


@attrs.frozen
class _Exported:
    """A rule set's files by name, without what all of them share; and what they leave unsaid."""

    name: str
    files: dict[str, str]
    unsaid: Sequence[str]


@click.command()
@click.option("--cel-policy", is_flag=True, help="As plain CEL Policy, the one form there is so far.")
@click.argument("target", metavar="[DIR|-]", default=_STREAM)
@click.option(
    "--requests",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Requests, one a line, that become tests with what is decided on them.",
)
@policy_options
def export(
    *, cel_policy: bool, target: str, requests: Path | None, rules: tuple[Path, ...], jurisdictions: Path
) -> int:
    """Write the rules as plain CEL Policy into DIR, which is empty or not there, or to standard output.

    Each rule set is a folder with `policy.yaml`, the `config.yaml` that declares its inputs and, with --requests, the
    `tests.yaml` that says what must come out: what the conformance suite of CEL Policy is made of, so that
    `ostiary conformance DIR` runs it, and other implementations can. What a document cannot say stands in a comment
    at its head; of documents on standard output it is said on standard error, too.

    \b
    Examples:
      ostiary export --cel-policy | less
      ostiary export --cel-policy cel-policy --requests requests.ndjson
    """
    if not cel_policy:
        raise click.UsageError("say in which form: --cel-policy")
    if requests is not None and target == _STREAM:
        raise click.UsageError("tests go into a directory: name one in place of `-`")
    policy = load_or_show(rules, jurisdictions)
    if policy is None:
        return ExitCode.RULES_INVALID
    exported = list(_exported(policy, [] if requests is None else _decided(policy, requests)))
    configuration = as_yaml(configuration_of(policy.vocabulary))
    if target == _STREAM:
        texts = [f"# config.yaml\n{configuration}"]
        texts += [f"# {one.name}/{name}\n{text}" for one in exported for name, text in one.files.items()]
        click.echo("---\n".join(texts), nl=False)
        for one in exported:
            for clause in one.unsaid:
                click.echo(f"{one.name}: not said: {clause}", err=True)
    else:
        _write(Path(target), exported, configuration)
        head = "; what a document cannot say stands at its head" if any(one.unsaid for one in exported) else ""
        click.echo(f"{count(len(exported), 'rule set')} as plain CEL Policy written to {target}{head}")
    return ExitCode.OK


def _exported(policy: Policy, cases: Sequence[DecidedCase]) -> Iterator[_Exported]:
    configuration = Configuration(configuration_of(policy.vocabulary))
    for rule_set in policy.program:
        document = export_rule_set(rule_set, policy.vocabulary)
        try:
            check_policy(read_policy(Source(f"{rule_set.name}/policy.yaml", document.text)), configuration)
        except CelPolicyError as error:
            # Definitions about elements of lists are written out where they are used, perhaps too deep for the runtime.
            raise click.ClickException(f"{rule_set.file}: this cannot be said as plain CEL Policy: {error}") from None
        tests = {"tests.yaml": as_yaml(tests_of(rule_set, cases))} if cases else {}
        yield _Exported(rule_set.name, {"policy.yaml": document.text, **tests}, document.unsaid)


def _decided(policy: Policy, file: Path) -> list[DecidedCase]:
    decider = decider_of(policy, DECIDES, lambda: datetime.now(UTC))
    try:
        lines = read_lines(file.read_bytes())
    except RefusedError as error:
        raise click.ClickException(f"{file}: {problem_text(error.problem)}") from None
    return [_case(decider, line, f"{file}:{number}", number) for number, line in enumerate(lines, 1)]


def _case(decider: Decider, request: object, where: str, number: int) -> DecidedCase:
    if isinstance(request, Problem):
        raise click.ClickException(f"{where}: {problem_text(request)}")
    try:
        case = decider.case(request)
    except RequestError as error:
        raise click.ClickException(f"{where}: {problem_text(invalid_request(error))}") from None
    inputs = inputs_of(case.action, case.as_of, case.facts, decider.derived(case), decider.policy.vocabulary)
    return DecidedCase(f"line {number}", inputs, decider.findings(case))


def _write(directory: Path, exported: Sequence[_Exported], configuration: str) -> None:
    for one in exported:
        for name, text in one.files.items():
            if len(text) > MAX_CHARACTERS:
                raise click.ClickException(
                    f"{one.name}/{name} would have {len(text):,} characters, and more than {MAX_CHARACTERS:,} are not "
                    f"read again; give fewer requests"
                )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise click.ClickException(f"{directory}: is not empty; name a directory that is, or that is not there")
        for one in exported:
            folder = directory / one.name
            folder.mkdir()
            for name, text in {**one.files, "config.yaml": configuration}.items():
                (folder / name).write_text(text, "utf-8")
    except OSError as error:
        raise click.ClickException(f"{directory}: cannot be written ({error.strerror})") from None
