# make demo    the whole thing on this machine, with a simulated M-Pesa      PORT=8000 KIKAO_DATA=.kikao
# make check   lint, types, contracts and fast tests                         before every commit
# make test    all tests                                                     what CI runs
# make proof   the same with full sizes
# make catalogue  new strings into the catalogues of other languages
# make bench   figures, and the machine that they are from

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
LOCKED := --require-hashes --only-binary :all: -r
PYTEST := $(BIN)/python -m pytest -q
# Two processes, each with a PostgreSQL of its own; a file stays together, because its tests share what they set up.
# The files that take longest begin first (tests/conftest.py), so that nobody waits for one that began last.
TWO := -n 2 --dist loadfile --no-loadscope-reorder

.NOTPARALLEL:
.PHONY: catalogue demo check test proof bench fmt migrations lint fast slow database15

demo: .venv/run.done
	@$(BIN)/python -m kikao demo

check: lint fast

lint: .venv/dev.done
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache | tail -n 16

fast: .venv/dev.done
	$(PYTEST) $(TWO) -m "not slow and not browser"

test: check slow database15

slow: .venv/dev.done
	@tools/provide chromium
	$(PYTEST) $(TWO) -m "slow or browser"

# What the database itself promises, once more on the oldest PostgreSQL that is supported.
database15: .venv/dev.done
	@tools/provide postgresql-15
	@bin=$$(tools/provide --where postgresql-15); \
	if [ -n "$$bin" ]; then KIKAO_TEST_PG_BIN=$$bin $(PYTEST) -m database; fi

proof: .venv/dev.done
	@tools/provide chromium
	KIKAO_PROOF=full $(PYTEST) -m "slow or browser"

bench: .venv/dev.done
	$(BIN)/python -m bench

fmt: .venv/dev.done
	$(BIN)/ruff check --fix .

# What the code says, into src/kikao/core/locale; prints what is still to be translated.
catalogue: .venv/run.done
	@$(BIN)/python tools/catalogue.py

# Until the first release: the first migration from the rooms' schema.sql files.
migrations:
	$(PYTHON) tools/first_migration.py

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kikao needs Python 3.11 or newer."; exit 1; }
	@echo "Making a virtual environment in .venv …"
	@$(PYTHON) -m venv .venv || { echo "This Python cannot make a virtual environment (on Debian: apt-get install python3-venv)."; exit 1; }
	@touch $@

.venv/run.done: requirements/run.lock pyproject.toml | .venv/made
	@echo "Installing what Kikao needs, by its lock …"
	@$(PIP) install $(LOCKED) requirements/run.lock
	@$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

.venv/dev.done: requirements/dev.lock .venv/run.done
	@echo "Installing what its tests need, by its lock …"
	@$(PIP) install $(LOCKED) requirements/dev.lock
	@touch $@
