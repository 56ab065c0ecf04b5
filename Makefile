# Every target makes the environment it needs in .venv; Python 3.11+ and pip are all it assumes.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := connectors crm mail sequences process workspace runtime workers console config sandbox tests bench
ON_POSTGRES := tests/console tests/crash tests/crm tests/mail tests/process tests/sequences tests/workers \
  tests/sync/test_logins.py tests/sync/test_hints.py \
  tests/sync/test_interleavings.py
# Those that CADENZA_RUNS makes longer.
RANDOM_TESTS := tests/sync/test_interleavings.py tests/workers/test_simulation.py tests/console/test_fuzz.py \
  tests/console/test_raw.py tests/mail/test_unpacked.py tests/mail/test_classify_fuzz.py
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-distributed test test-real-crm test-random test-simulation test-crash check bench lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.venv/.ready: requirements/install.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Cadenza needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/install.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/dev.txt \
	  || $(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: .venv/.ready ## Run the main job end to end against the local sandbox
	$(BIN)/cadenza demo $(ARGS)

demo-distributed: .venv/.ready ## The same over Redis and PostgreSQL with two workers
	$(BIN)/cadenza demo --distributed $(ARGS)

test: .venv/.ready ## Run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)
	CADENZA_TEST_DATABASE=postgres CADENZA_RUNS=30 $(BIN)/python -m pytest -n 2 --dist worksteal $(ON_POSTGRES)

.venv/tryton/.ready: .venv/.ready requirements/tryton.txt
	$(PYTHON) -m venv .venv/tryton
	.venv/tryton/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tryton.txt
	@touch $@

test-real-crm: .venv/tryton/.ready ## The conformance suite against a running Tryton 8, a CRM that is not ours
	CADENZA_TRYTON_PYTHON=$(CURDIR)/.venv/tryton/bin/python $(BIN)/python -m pytest tests/real_crm $(ARGS)

test-random: .venv/.ready ## The random tests with 600 runs each on both databases
	CADENZA_RUNS=600 $(BIN)/python -m pytest -n 2 $(RANDOM_TESTS) $(ARGS)
	CADENZA_TEST_DATABASE=postgres CADENZA_RUNS=600 $(BIN)/python -m pytest -n 2 $(RANDOM_TESTS) $(ARGS)

test-simulation: .venv/.ready ## A simulation beside the demo's workers: 600 people, 60 days, about twenty minutes
	CADENZA_DAYS=60 CADENZA_TIMES=4 $(BIN)/python -m pytest tests/demo/test_simulation.py $(ARGS)

test-crash: .venv/.ready ## kill -9 among 3,000 emails on each database, counted at the receiving server
	CADENZA_SENDS=3000 $(BIN)/python -m pytest tests/crash/test_crash.py $(ARGS)
	CADENZA_TEST_DATABASE=postgres CADENZA_SENDS=3000 $(BIN)/python -m pytest tests/crash/test_crash.py $(ARGS)

check: .venv/.ready ## Lint, types and layer contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports

bench: .venv/.ready ## Run every benchmark
	$(BIN)/python -m bench $(ARGS)

lock: .venv/.ready ## Resolve the dependencies again, with hashes and without addresses
	for name in install run dev tryton; do $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-emit-index-url --upgrade -q requirements/$$name.in -o requirements/$$name.txt; done

clean: ## Remove the environment and the demo's state
	rm -rf .venv .cadenza
