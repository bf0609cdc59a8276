"""Protobuf's text format as the expression suite uses it, and what is said of a file that is something else."""

from __future__ import annotations

import pytest

from engine.conformance.textproto import TextprotoError, Word, read_textproto


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("f: 1 f: -2 f: 0x1F f: -0x10", [1, -2, 31, -16]),
        ("f: 1.5 f: -2e3 f: .5 f: 3f f: 4.", [1.5, -2000.0, 0.5, 3.0, 4.0]),
        ("f: true f: inf f: -inf f: NAME", [Word("true"), Word("inf"), Word("-inf"), Word("NAME")]),
        ("f: [1, 2] f: []", [1, 2]),
        ("f: 'a' \"b\"\n  'c'", [b"abc"]),
        (r"""f: 'a\n\'\"\\\x41\101\u00e9\U0001F600'""", ["a\n'\"\\AAé\U0001f600".encode()]),
        (r'f: "\303\277" f: "ÿ"', [b"\xc3\xbf", "ÿ".encode()]),
        ("# nothing but comments # here\n", []),
        ("f: 1; f: 2, f: 3 # the end", [1, 2, 3]),
    ],
)
def test_values(text: str, values: list) -> None:
    assert read_textproto("t", text).all("f") == values


def test_messages_in_messages() -> None:
    message = read_textproto("t", 'a { b < c: "x" > }\na: { d: 1 }\n[type.example/x.Y] { e: true }')
    first, second = message.messages("a")
    assert first.message("b").text("c") == "x"
    assert (second.all("d"), second.message("b")) == ([1], None)
    assert message.message("type.example/x.Y").flag("e")
    assert not message.flag("e")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a {", "t:1:4: the file ends before `}`; the file has to be a textproto"),
        ("a: 1\n  : 2", "t:2:3: `:` is not the name of a field"),
        ("a: }", "t:1:4: `}` is not a value"),
        ("a:", "t:1:3: the file ends where a value is expected"),
        ("a: [1 2]", "t:1:7: `2` stands where `,` or `]` is expected"),
        ("a: 'open", "t:1:4: `'` cannot be read here"),
        ("name: lamps\n\n%", "t:3:1: `%` cannot be read here"),
        ("a {" * 300 + "}" * 300, "is nested more than 200 deep"),
    ],
)
def test_what_is_no_textproto(text: str, complaint: str) -> None:
    with pytest.raises(TextprotoError) as error:
        read_textproto("t", text)
    assert complaint in str(error.value)
