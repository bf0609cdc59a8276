"""`python -m api` is the `ostiary` command."""

from api.cli import main

main()
