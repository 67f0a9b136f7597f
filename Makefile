# Only Python (3.11 or newer) and make are taken for granted. `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install report test check format sample screenshots bench soak lab clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/'

install: $(STAMP)  ## virtual environment with exact versions

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $@

report: install  ## the whole way on the embedded sandbox; prints the path of index.html
	@$(BIN)/kirov demo

test: install  ## tests with coverage, then the notebooks against their stored outputs
	$(BIN)/python -m pytest -n auto --dist loadscope --cov --cov-report=term:skip-covered
	$(BIN)/python -m pytest --nbval notebooks -q

check: install  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install  ## apply the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sample: install  ## make data/sample, the notebooks' outputs and data/README.md anew
	$(BIN)/python -m kirovlib.sample

screenshots: install  ## take the pictures in docs/images anew (needs Chromium)
	$(BIN)/python docs/screenshots.py

bench: install  ## speed and memory, each beside the plain way, in one run (about 20 minutes)
	$(BIN)/python tests/bench --write docs/performance.md

soak: install  ## kill collections and whole weeks at random moments and compare (about half an hour)
	$(BIN)/python tests/soak/collect.py --times 200
	$(BIN)/python tests/soak/week.py --times 50

lab: install  ## JupyterLab on the notebooks
	$(BIN)/kirov lab

clean:  ## remove the environment and what the demo made
	rm -rf $(VENV) demo
