"""Evaluators: each turns the same program into answers, each importable alone. `registry` has the table of them."""
