"""The evaluator of whole populations: a program as an expression of Ibis, for DuckDB or Spark.

In the order in which a program meets them, each knowing none after it:

    operands, folding                   expressions taken apart, and made smaller by what is known
    touches, unrolling                  orders written out, then the day
    separating, firings                 loops rid of what is not about elements; rule sets as conditions on a case
    loops, lowering                     an operation as one of Ibis
    packing, single_facts, profile      the tests of conditions, and their answers as integers
    answering, asking                   from these to what the conditions come to, for several laws at once
    duck, one_row, decoding, evaluator  one case, and its findings
    workplace, spark                    a population, on DuckDB or Spark
    elements, few_texts, decided        every account asked, list by list, and decided
    drawing                             a few accounts taken out
"""

from engine.evaluators.columnar.kind import KIND

__all__ = ["KIND"]
