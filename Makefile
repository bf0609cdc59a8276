# The two commands of the README are `make run` and `make test`; everything below serves them.
# `make setup` installs what running needs into .venv from the lock file; nothing else on the machine is touched.

.DELETE_ON_ERROR:
.PHONY: run setup setup-simulation setup-dev test test-spark endurance check-rules coverage corpus lint types lock bench clean

PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
# As many workers as processors, unless told otherwise.
WORKERS ?= auto

run: setup
	$(BIN)/ostiary serve

setup: .venv/ready
setup-dev: .venv/ready-dev

.venv/python:
	@test -n "$(PYTHON)" || { echo 'Ostiary needs Python 3.11 or 3.12: install one, or name it with `make PYTHON=...`' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/ready: .venv/python requirements.lock pyproject.toml setup.cfg
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# What populations, simulations and their reports need, beside what running needs.
setup-simulation: .venv/ready-simulation

.venv/ready-simulation: .venv/ready requirements-simulation.lock
	$(PIP) install --require-hashes -r requirements-simulation.lock
	@touch $@

# PySpark weighs half a gigabyte and needs Java 17: nothing else asks for it. Java is looked for before the download.
.venv/ready-spark: .venv/ready-dev requirements-spark.lock
	@$(BIN)/python -c 'import os, sys; from engine.evaluators.columnar.spark_session import java_problem; \
	  sys.exit(java_problem(os.environ.get("JAVA_HOME", "")))'
	$(PIP) install --require-hashes -r requirements-spark.lock
	@touch $@

# Everything that must hold before a change lands, in the order in which it fails fastest.
test: setup-dev lint types check-rules
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# The same answers of Spark. `make test` does without, as it needs Java 17.
test-spark: .venv/ready-spark
	$(BIN)/pytest tests/spark

# The tests that kill, cut the power and lock, as often as it takes to believe them. Minutes, not hours.
endurance: setup-dev
	OSTIARY_KILLS=200 OSTIARY_SERVICE_KILLS=50 OSTIARY_POSTGRES_KILLS=50 OSTIARY_POWER_CUTS=5000 \
	  OSTIARY_SERVICE_POWER_CUTS=1000 OSTIARY_LOCKED='0.1 1 10 60' $(BIN)/pytest -n $(WORKERS) --dist worksteal -rP \
	  tests/audit/test_log_processes.py tests/audit/test_log_disks.py tests/audit/test_power_cut.py \
	  tests/audit/test_log_postgres_faults.py tests/api/test_kill.py tests/api/test_service_power_cut.py

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --config setup.cfg --no-logo

types: setup-dev
	$(BIN)/mypy

check-rules: setup
	$(BIN)/ostiary check
	$(BIN)/ostiary test --mutants
	$(BIN)/ostiary check --rules rules --rules fixtures/programs/stricter
	$(BIN)/ostiary test fixtures/programs/stricter --rules rules --rules fixtures/programs/stricter

# The table of what answers each paragraph of the law. The suite holds it up to date.
coverage: setup
	$(BIN)/ostiary coverage --format markdown > docs/coverage.md.new
	mv docs/coverage.md.new docs/coverage.md

# What this engine decides, kept for every later one: `make corpus NAME=0.3.0` before a release.
corpus: setup-dev
	@test -n "$(NAME)" || { echo 'Name the release: `make corpus NAME=0.3.0`' >&2; exit 1; }
	PYTHONPATH=.:tests $(BIN)/python tests/replay/freeze_corpus.py $(NAME)

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --custom-compile-command 'make lock'
# New versions of the dependencies. Needs network; the result is reviewed and committed.
lock: setup-dev
	$(PIP) install uv
	$(LOCK) --group build pyproject.toml -o requirements.lock
	$(LOCK) --group build --extra simulation pyproject.toml -o requirements-simulation.lock
	$(LOCK) --group build --extra simulation --group dev pyproject.toml -o requirements-dev.lock
	$(LOCK) --group build --extra simulation --group dev --extra spark pyproject.toml -o requirements-spark.lock

bench: setup-dev
	$(BIN)/python -m bench.decisions
	$(BIN)/python -m bench.check

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
