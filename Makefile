# Puhui 普惠. `make` alone lists what can be done.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# A worker a processor, four at most; each has its own database server, and a file of tests stays with one worker.
PYTEST := $(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Where an environment forbids it, every command would compile all of Puhui anew: two seconds each.
export PYTHONDONTWRITEBYTECODE =

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: setup ## one command: database, data, main job, web server; prints the address
	@$(BIN)/puhui up

down: ## stop the web server, the worker and the embedded database; data stays
	@test ! -x $(BIN)/puhui || $(BIN)/puhui down

reset: ## stop, then delete the embedded database and all this installation made (var/)
	@test ! -x $(BIN)/puhui || $(BIN)/puhui reset --yes

setup: .venv/.runtime ## make the environment only (.venv, with the command .venv/bin/puhui)

test: .venv/.dev ## every test, the doctests and the browser tests
	@$(PYTEST)

nightly: .venv/.dev ## the long properties and kill tests that `make test` leaves out
	@$(PYTEST) -m nightly

check: .venv/.dev ## the one door: format, lint, types, imports, our own rules, tests
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m checks
	@$(PYTEST) --deselect tests/house/test_house.py::test_the_house_is_in_order

fmt: .venv/.dev ## format and mend what can be mended by itself
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

bench: .venv/.dev ## reproducible timings, one JSON line a figure
	@$(BIN)/python -m bench

backup: setup ## database and keys into a new folder under var/backups (or TO=folder)
	@$(BIN)/puhui backup $(TO)

restore: setup ## FROM=folder of a backup, into an empty place
	@$(BIN)/puhui restore $(FROM)

lock: .venv/.dev ## pin every dependency anew, with hashes and without addresses
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml --group dev --group build -o locks/dev.txt
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml --group build -c locks/dev.txt -o locks/runtime.txt

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Puhui needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv || { echo "The venv module is missing; on Debian: apt-get install python3-venv"; rm -rf .venv; exit 1; }

.venv/.runtime: .venv/bin/python locks/runtime.txt pyproject.toml package-lock.json
	@echo "Making the environment (a minute or two, once) …"
	@$(BIN)/python -m pip install -q --require-hashes --no-deps -r locks/runtime.txt
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund; else echo "No Node here: charts are shown as tables."; fi
	@touch $@

.venv/.dev: .venv/.runtime locks/dev.txt
	@$(BIN)/python -m pip install -q --require-hashes --no-deps -r locks/dev.txt
	@touch $@

.PHONY: help up down reset setup test nightly check fmt bench backup restore lock
