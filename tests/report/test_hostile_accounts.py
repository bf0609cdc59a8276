"""Accounts as somebody hostile would name them, from a file to the report: nothing they say is more than text there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import small_law
from report_document import ReportDocument

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OSTIARY_")} | {
    "PYTHONPATH": str(ROOT)
}
SCRIPT = "<script>alert('told')</script>"
BREAKING = "</td></tr></table><marquee> & \"one\" 'two' &amp; </style><style>*{display:none}</style>"
LONG = "x" * 8_000
HEBREW = "\u05d7\u05d1\u05e8\u05d4"
REVERSING = "\u202egnp.exe"
COMMANDING = "\x1b]0;mine\x07\x00\x9b"
NAMES = (SCRIPT, BREAKING, LONG, HEBREW, REVERSING, COMMANDING)
FILE = "<b>&'accounts'.ndjson"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of a job on such accounts: each customer is called `secret` and a name, each reseller by a name."""
    folder = tmp_path_factory.mktemp("hostile")
    small_law.rules(folder / "rules")
    small_law.order(folder / "draft.yaml", target={"jurisdiction": "FR"})
    lines = []
    for number, name in enumerate(NAMES):
        secret = f"secret{name}"[:8_000]
        customer = {"id": secret, "name": secret, "located_in": "FR", "emails": ["secret@b.example"]}
        customer |= {"trading_names": [secret], "address": {"street": secret, "city": secret, "country": "FR"}}
        facts = {"customer": customer, "reseller": {"id": name, "located_in": "FR"}}
        lines += [json.dumps({"action": "account.open", "facts": facts}) + "\n"] * (9 - number)
    (folder / FILE).write_text("".join(lines))
    title = f"{SCRIPT} {BREAKING} {REVERSING}"
    candidates = [{"id": "draft", "title": title, "about": title, "measures": ["draft.yaml"]}]
    baseline = {"rules": ["rules"], "title": title}
    small_law.job(folder, title=title, about=title, population=FILE, baseline=baseline, candidates=candidates)
    words = [sys.executable, "-m", "api", "simulate", "job.yaml", "--no-pdf", "-o", "made"]
    done = subprocess.run(words, cwd=folder, env=ENVIRONMENT, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "39 (100%)" in done.stdout
    return folder / "made"


def test_the_report_holds_their_names_as_text(made: Path) -> None:
    text = (made / "report.html").read_text("utf-8")
    report = ReportDocument(text)
    assert not {"script", "marquee", "iframe", "object", "embed"} & set(report.tags)
    assert report.tags.count("style") == 1
    assert report.loads == []
    assert "display:none" not in report.styles
    assert SCRIPT in report.words
    assert BREAKING in report.words
    assert HEBREW in report.words
    assert "39 accounts" in report.words


def test_nothing_in_the_report_reverses_or_controls_what_stands_beside_it(made: Path) -> None:
    text = (made / "report.html").read_text("utf-8")
    assert not {char for char in text if not char.isprintable()} - {"\n", "\t", "\u00a0", "\u202f", "\u00ad"}
    assert "\ufffdgnp.exe" in text
    assert "\ufffd]0;mine\ufffd\ufffd\ufffd" in text


def test_a_long_name_fills_no_pages(made: Path) -> None:
    text = (made / "report.html").read_text("utf-8")
    assert "x" * 99 + "…" in text
    assert "x" * 100 not in text


def test_whoever_is_caught_is_named_nowhere(made: Path) -> None:
    example = json.loads((made / "result.json").read_text())["alternatives"][0]["examples"][0]
    assert example["facts"] == {
        "customer": {"located_in": "FR", "address": {"country": "FR"}},
        "reseller": {"located_in": "FR"},
    }
    for path in made.iterdir():
        assert b"secret" not in path.read_bytes(), path


def test_the_data_has_the_names_of_resellers_as_they_were_given(made: Path) -> None:
    impact = json.loads((made / "result.json").read_text())["alternatives"][0]["impact"]
    assert {cell["value"]: cell["caught"] for cell in impact["reseller"]} == dict(
        zip(NAMES, range(9, 3, -1), strict=True)
    )
    assert set(pq.read_table(made / "accounts.parquet")["reseller"].to_pylist()) == set(NAMES)
