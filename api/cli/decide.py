"""`ostiary decide`: what the policy says to a request, without recording anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import click
import orjson

from api import problems
from api.batch_body import read_line
from api.cli.decision_text import decision_text, problem_text
from api.cli.exit_codes import ExitCode
from api.cli.options import Day, evaluator_option, load_or_show, policy_options, wants_colour
from api.evaluation import decider_of, evaluate, invalid_request
from api.problems import Problem
from api.request_body import MAX_SINGLE
from engine import Decider, Decision, RequestError
from engine.decision.explain import explain as explain_decision
from engine.decision.explain import render_explanation
from engine.evaluators.evaluator import NoOpinionError

_TOO_LARGE = Problem(problems.BODY_TOO_LARGE, f"The request has more than {MAX_SINGLE:,} bytes.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), default="-")
@click.option("--batch", is_flag=True, help="Read one request a line, write one answer a line, in order.")
@click.option("--as-of", type=Day(), metavar="DATE", help="Day on which the law is read, whatever a request says.")
@click.option("--explain", is_flag=True, help="Show each rule that fired, and of each other the clause that failed.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), help="Default: human; with --batch, json.")
@evaluator_option
@policy_options
def decide(
    *,
    file: str,
    batch: bool,
    as_of: date | None,
    explain: bool,
    form: str | None,
    evaluator: str,
    rules: tuple[Path, ...],
    jurisdictions: Path,
) -> int:
    """Decide a request from FILE, or from standard input.

    Nothing is recorded: the answer says `"mode": "dry_run"` and has neither an id nor a place in the log. Exit code 0
    means allowed, 2 not allowed, 1 that the request could not be decided. With --batch it is 1 if a line could not be
    decided, otherwise 2 if one is not allowed.

    \b
    Examples:
      ostiary decide request.json
      ostiary decide --explain --as-of 2027-01-01 request.json
      ostiary decide --batch < requests.ndjson | jq -r .outcome
    """
    if batch and (explain or form == "human"):
        raise click.UsageError("--batch writes one JSON answer a line; leave out --explain and --format human")
    policy = load_or_show(rules, jurisdictions)
    if policy is None:
        return ExitCode.RULES_INVALID
    try:
        decider = decider_of(policy, evaluator, lambda: datetime.now(UTC))
    except NoOpinionError as error:
        raise click.ClickException(f"{error}; --evaluator names another one") from None
    with _open(file) as stream:
        if batch:
            return _decide_lines(decider, stream, as_of)
        request = _on_day(_read(stream.read(MAX_SINGLE + 1)), as_of)
    if explain:
        return _explain(decider, request, form)
    return _show(_evaluate(decider, request), request, form)


def _open(file: str) -> IO[bytes]:
    return click.open_file(file, "rb")


def _read(body: bytes) -> object:
    return _TOO_LARGE if len(body) > MAX_SINGLE else read_line(body)


def _on_day(request: object, as_of: date | None) -> object:
    return {**request, "as_of": as_of.isoformat()} if as_of is not None and isinstance(request, dict) else request


def _evaluate(decider: Decider, request: object) -> Decision | Problem:
    try:
        return request if isinstance(request, Problem) else evaluate(decider, request, "dry_run")
    except NoOpinionError as error:
        return _no_opinion(error)


def _decide_lines(decider: Decider, stream: IO[bytes], as_of: date | None) -> int:
    """One answer for each line, written as soon as it is known."""
    codes = {ExitCode.OK}
    out = sys.stdout.buffer
    for index, line in enumerate(_lines(stream)):
        answer = _evaluate(decider, _on_day(line, as_of))
        document = answer.document(item=index) if isinstance(answer, Problem) else _unrecorded(answer)
        out.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
        codes.add(_code(answer))
    out.flush()
    # A line that could not be decided weighs more than one that was refused.
    return next(code for code in (ExitCode.USAGE_OR_IO, ExitCode.NOT_ALLOWED, ExitCode.OK) if code in codes)


def _lines(stream: IO[bytes]) -> Iterator[object]:
    """The value on each line, or its problem; blank lines at the end are ignored, as the service does."""
    blank = 0
    while line := stream.readline(MAX_SINGLE + 1):
        if not line.strip():
            blank += 1
            continue
        yield from (read_line(b"") for _ in range(blank))
        blank = 0
        yield _read(line.removesuffix(b"\n"))
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_SINGLE)


def _explain(decider: Decider, request: Any, form: str | None) -> int:  # noqa: ANN401 - a JSON value
    if isinstance(request, Problem):
        return _show(request, request, form)
    try:
        explanation = explain_decision(decider, request)
    except RequestError as error:
        return _show(invalid_request(error), request, form)
    except NoOpinionError as error:
        return _show(_no_opinion(error), request, form)
    if form == "json":
        _write_json({**_unrecorded(explanation.decision), "explanation": explanation.document})
    else:
        _show(explanation.decision, request, form)
        click.echo("\n" + render_explanation(explanation))
    return _code(explanation.decision)


def _no_opinion(error: NoOpinionError) -> Problem:
    return Problem(problems.NO_OPINION, f"{error}; --evaluator names another one.")


def _show(answer: Decision | Problem, request: Any, form: str | None) -> int:  # noqa: ANN401 - a JSON value
    if form == "json":
        _write_json(answer.document() if isinstance(answer, Problem) else _unrecorded(answer))
    elif isinstance(answer, Problem):
        click.echo(problem_text(answer), err=True)
    else:
        click.echo(decision_text(request["action"], answer.document), color=wants_colour())
    return _code(answer)


def _unrecorded(decision: Decision) -> dict[str, Any]:
    """The decision in the form of the service, with nothing where its id and place in the log would be."""
    return {"id": None, **decision.document, "log": None}


def _write_json(document: dict[str, Any]) -> None:
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _code(answer: Decision | Problem) -> ExitCode:
    if isinstance(answer, Problem):
        return ExitCode.USAGE_OR_IO
    return ExitCode.OK if answer.allowed else ExitCode.NOT_ALLOWED
