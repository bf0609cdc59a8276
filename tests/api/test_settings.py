"""Settings: what is taken, and that a wrong one says which, why and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import VARIABLES, SettingsError, default_rules, from_environment

DOCS = Path(__file__).parents[2] / "docs" / "http.md"


def test_nothing_set_gives_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = from_environment({"PATH": "/bin"})
    assert settings.data == tmp_path / "var"
    assert settings.rules == (default_rules(),)
    assert (settings.host, settings.port, settings.threads, settings.log_level) == ("127.0.0.1", 8080, 8, "info")


def test_what_is_given_wins_over_the_environment() -> None:
    environ = {"OSTIARY_PORT": "81", "OSTIARY_THREADS": "2", "OSTIARY_DATA": ""}
    settings = from_environment(environ, {"OSTIARY_PORT": "82", "OSTIARY_THREADS": None})
    assert (settings.port, settings.threads, settings.data.name) == (82, 2, "var")


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("OSTIARY_HOST", "0.0.0.0", "127.0.0.1, ::1, localhost"),  # noqa: S104
        ("OSTIARY_PORT", "http", "from 0 to 65535"),
        ("OSTIARY_PORT", "65536", "from 0 to 65535"),
        ("OSTIARY_PORT", "-1", "from 0 to 65535"),
        ("OSTIARY_PORT", "٣", "from 0 to 65535"),
        ("OSTIARY_THREADS", "0", "from 1 to 256"),
        ("OSTIARY_SECOND_OPINION", "100.1", "from 0 to 100"),
        ("OSTIARY_SECOND_OPINION", "-1", "from 0 to 100"),
        ("OSTIARY_SECOND_OPINION", "1e1", "from 0 to 100, such as"),
        ("OSTIARY_SECOND_OPINION", "1%", "from 0 to 100 without the %"),
        ("OSTIARY_SECOND_OPINION", "٣", "from 0 to 100"),
        ("OSTIARY_STRICT_SECOND_OPINION", "yes", "one of 0, 1"),
        ("OSTIARY_RULES", "/nowhere", "existing one"),
        ("OSTIARY_RULES", f"{default_rules()}:", "leave out a `:`"),
        ("OSTIARY_RULES", f":{default_rules()}", "leave out a `:`"),
        ("OSTIARY_RULES", f"{default_rules()}::{default_rules()}", "leave out a `:`"),
        ("OSTIARY_JURISDICTIONS", "/nowhere", "existing one"),
        ("OSTIARY_LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("OSTIARY_RULE", "/rules", "did you mean OSTIARY_RULES?"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(name: str, value: str, advice: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment({name: value})
    assert name in str(caught.value)
    assert advice in str(caught.value)


def test_second_opinions_are_asked_of_one_in_a_hundred_unless_another_share_is_set() -> None:
    asked = [from_environment(environ) for environ in ({}, {"OSTIARY_SECOND_OPINION": "0.25"})]
    assert [(one.second_opinion, one.strict_second_opinion) for one in asked] == [(1, False), (0.25, False)]
    assert from_environment({"OSTIARY_STRICT_SECOND_OPINION": "1"}).strict_second_opinion is True


def test_variables_that_a_platform_puts_beside_ours_are_no_mistake() -> None:
    from_environment({"OSTIARY_SERVICE_HOST": "10.0.0.1", "OSTIARY_PORT_8080_TCP": "tcp://10.0.0.1:8080"})


@pytest.mark.parametrize("name", VARIABLES)
def test_every_setting_is_documented(name: str) -> None:
    assert f"| `{name}` |" in DOCS.read_text()
