# Everything by one word, the same by hand and in CI. No target needs the network once .venv is warm.
#   make demo [PORT=8000]   the sandbox company, on this machine, in a browser
#   make check              format, lint, types, import contracts, unit tests: under a minute
#   make test               the whole suite with real databases and a real browser
#   make bench · make lock [UPGRADE=--upgrade] · make image · make clean

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help .venv demo test check bench lock image clean \
	check-style check-types check-imports check-units

PORT ?= 8000
BIN := .venv/bin
# The first interpreter that is new enough; `make PYTHON=/path/to/python3` chooses another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$name >/dev/null 2>&1 \
	&& $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { command -v $$name; break; }; done)

help:
	@sed -n '2,5s/^#   /  /p' Makefile

.venv: .venv/.ready

.venv/.locked: requirements/dev.txt .ci/build.txt
	@[ -n "$(PYTHON)" ] || { echo "yinuo needs Python 3.11 or newer and found none: install it" \
		"(Debian: apt-get install python3 python3-venv) or say make PYTHON=/path/to/python3"; exit 1; } >&2
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "yinuo needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version)"; exit 1; } >&2
	@"$(PYTHON)" -m venv .venv || { \
		echo "the venv module is missing (Debian: apt-get install python3-venv)"; exit 1; } >&2
	$(BIN)/pip install --quiet --require-hashes -r .ci/build.txt
	$(BIN)/pip install --quiet --require-hashes --no-build-isolation -r requirements/dev.txt
	@touch $@

# With the locked build tools at hand nothing is fetched to link this tree into .venv.
.venv/.ready: .venv/.locked pyproject.toml
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Not in the lock: where its CPU build comes from differs from machine to machine. The plain Linux
# wheel carries CUDA, several gigabytes; pip's own settings or TORCH=<file or options> choose.
TORCH ?= torch==2.13.0
.venv/.torch: .venv/.locked
	$(BIN)/pip install --quiet $(TORCH)
	@touch $@

demo: .venv/.ready
	$(BIN)/yinuo demo --port $(PORT)

# A process for each core; each has its own PostgreSQL, folders and ports, and takes 2 GB. The suite
# starts hundreds of processes more: what one has compiled, the next need not compile again.
PYTEST = env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n auto --maxprocesses 4

test: .venv/.ready .venv/.torch
	@.ci/browser
	@$(PYTEST)

# Side by side, each one's words in one piece where this make can hold them back.
check: .venv/.ready .venv/.torch
	@$(MAKE) --no-print-directory -j 4 $(if $(filter output-sync,$(.FEATURES)),-O) \
		check-style check-types check-imports check-units
check-style:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
check-types:
	$(BIN)/mypy
check-imports:
	$(BIN)/lint-imports
check-units:
	$(PYTEST) tests/unit -q -m "not slow"

bench: .venv/.ready .venv/.torch
	$(BIN)/python -m tests.benchmarks

$(BIN)/uv: | .venv/.locked
	$(BIN)/pip install --quiet uv

COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(UPGRADE)
lock: $(BIN)/uv
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) pyproject.toml --extra train --extra dev -o requirements/dev.txt
	$(COMPILE) .ci/build.in -o .ci/build.txt

image:
	docker build --tag yinuo:local .

# The environment and var/ (people's data) stay.
clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis .screens
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
