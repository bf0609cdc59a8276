"""Expressions that come to one of a few texts, kept as its number: a quarter of the memory, and faster to count by."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from engine.evaluators.columnar.lowering import Lowering
from engine.program.expressions import Choose, Expr, Literal, Named
from engine.vocabulary.model import Vocabulary

Texts = tuple[str, ...]


def few_texts(expr: Expr, vocabulary: Vocabulary) -> Texts:
    """The texts that an expression may come to; none where these cannot be listed."""
    match expr:
        case Literal(str(text)):
            return (text,)
        case Named(_, item):
            return few_texts(item, vocabulary)
        case Choose(_, then, otherwise):
            both = few_texts(then, vocabulary), few_texts(otherwise, vocabulary)
            return tuple(dict.fromkeys((*both[0], *both[1]))) if all(both) else ()
        case _ if expr.type.kind == "enum":
            return tuple(vocabulary.enums[expr.type.name])
        case _:
            return ()


def numbered(expr: Expr, texts: Texts, lowering: Lowering) -> ir.IntegerValue:
    """The number of the text that an expression comes to, which is its place among the texts; null where it is null."""
    match expr:
        case Literal(str(text)):
            number: ir.IntegerValue = ibis.literal(texts.index(text), "int32")
            return number
        case Named(_, item):
            return numbered(item, texts, lowering)
        case Choose(condition, then, otherwise):
            return ibis.ifelse(
                lowering.test(condition), numbered(then, texts, lowering), numbered(otherwise, texts, lowering)
            )
        case _:
            word: ir.IntegerValue = lowering.value(expr, {}).cases(*_by_text(texts), else_=ibis.null("int32"))
            return word


def in_words(number: ir.IntegerValue, texts: Texts) -> ir.StringValue:
    """The text of a number."""
    words: ir.StringValue = number.cases(*enumerate(texts), else_=ibis.null("string"))
    return words


def _by_text(texts: Texts) -> list[tuple[str, ir.IntegerValue]]:
    return [(text, ibis.literal(n, "int32")) for n, text in enumerate(texts)]
