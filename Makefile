# The two commands of the README are `make run` and `make test`; everything below serves them.
# `make setup` installs what running needs into .venv from the lock file; nothing else on the machine is touched.

.DELETE_ON_ERROR:
.PHONY: run setup setup-dev test endurance check-rules coverage corpus lint types lock bench clean
