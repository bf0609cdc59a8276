"""Do all evaluators find the same? Programs and facts drawn from the grammar and the vocabulary, and who is held to
what: `bench.agree` runs it at length, `tests/evaluators/` in short."""
