# Everything runs in .venv, which is made on first use and renewed only when what it installs has changed.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
# One thread a process: the tests run in two processes, and their tensors are small.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2

.DEFAULT_GOAL := help
.PHONY: help install demo demo-text check test test-long bench bench-forecast campaign clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## create .venv with elman and its tools

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "elman needs Python 3.11 or later: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade pip
	$(PIP) --group dev
	$(PIP) --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## fit and forecast electricity demand, print the scores and the path of the report
	$(BIN)/elman fit forecast examples/data/vic_elec.parquet --time Time --target Demand \
	    --known Temperature --known Holiday --horizon 48 --validation 56d --test 56d \
	    --out runs/demand --overwrite

demo-text: ## with TEXT=FILE, two minutes: fit a language model to the text, and let it write
	@test -n "$(TEXT)" || { echo "Give the text to learn from, of 100 kB or more: make demo-text TEXT=book.txt" >&2; exit 2; }
	@test -f "$(TEXT)" || { echo "There is no file $(TEXT): make demo-text TEXT=book.txt" >&2; exit 2; }
	@$(MAKE) --no-print-directory install
	$(BIN)/elman fit text "$(TEXT)" --seconds 120 --out runs/text --overwrite
	$(BIN)/elman generate runs/text --temperature 0.8

check: $(INSTALLED) ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

test: check ## format, lint, types and tests
	$(PYTEST) -m "not long"

test-long: $(INSTALLED) ## the tests that `make test` leaves out
	$(PYTEST) -m long

bench: $(INSTALLED) ## time layers and cells beside torch.nn on this machine, about ten minutes
	$(BIN)/elman bench

bench-forecast: $(INSTALLED) ## measure the published forecasts, one seed
	$(BIN)/python benchmarks/forecast_vic_elec.py

campaign: $(INSTALLED) ## the published forecasts over three seeds; with M4=FOLDER the M4 hourly series, too
	$(BIN)/python benchmarks/campaign.py $(if $(M4),--m4 "$(M4)")

clean: ## remove .venv, caches and what was built or run
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build dist runs
	find . -name __pycache__ -prune -exec rm -rf {} +
