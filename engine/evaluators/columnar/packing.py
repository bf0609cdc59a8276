"""Answers packed into integers, a bit each."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from functools import reduce

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir

BITS = 62
"""Tests in one integer: one less than the bits that are not the sign."""


def packed(tests: Sequence[ir.BooleanValue]) -> list[ir.IntegerValue]:
    """Bit n of the integers is the answer to test n."""
    starts = range(0, max(len(tests), 1), BITS)
    return [bits((test, 1 << n) for n, test in enumerate(tests[start : start + BITS])) for start in starts]


def bits(tests: Iterable[tuple[ir.BooleanValue, int]]) -> ir.IntegerValue:
    """The bits of the tests that hold. One that is null does not."""
    answers = [ibis.ifelse(test, constant(bit), constant(0)) for test, bit in tests]
    return reduce(operator.or_, answers) if answers else constant(0)


def constant(word: int) -> ir.IntegerValue:
    """An integer as it is, and not one of fewer bits."""
    made: ir.IntegerValue = ibis.literal(word, "int64")
    return made


def beginnings(sizes: Iterable[int]) -> list[int]:
    """Where parts of so many bits begin, counted from the first bit of the first integer, if each lies in one integer.

    No part has more than `BITS`.
    """
    begins: list[int] = []
    free = 0
    for size in sizes:
        if free % BITS + size > BITS:
            free += BITS - free % BITS
        begins.append(free)
        free += size
    return begins


def joined(parts: Sequence[ir.IntegerValue], begins: Sequence[int]) -> list[ir.IntegerValue]:
    """The integers in which the parts begin there."""
    words: dict[int, ir.IntegerValue] = {}
    for part, begin in zip(parts, begins, strict=True):
        number, shift = divmod(begin, BITS)
        words[number] = words[number] | (_wide(part) << shift) if number in words else part
    return list(words.values()) or [constant(0)]


def _wide(part: ir.IntegerValue) -> ir.IntegerValue:
    """The integer as one of 64 bits: databases take small numbers for shorter ones, and Ibis leaves out a cast to what
    it takes a number for."""
    made: ir.IntegerValue = ops.Cast(part, to=dt.int64).to_expr()
    return made


def only(words: Sequence[ir.IntegerValue], tests: int) -> list[ir.IntegerValue]:
    """The answers to the first so many tests, and no others."""
    count = max(1, -(-tests // BITS))
    last = constant((1 << (tests - BITS * (count - 1))) - 1)
    return [*words[: count - 1], words[count - 1] & last]


def bit(words: Sequence[ir.IntegerValue], number: int) -> ir.BooleanValue:
    """The answer to a test."""
    is_set: ir.BooleanValue = words[number // BITS] & constant(1 << number % BITS) != 0
    return is_set
