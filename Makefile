# Every target sets up what it needs: a fresh checkout, Python 3.11+, Node 20 and git are enough.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
CLIENT := vscode-client
PY := .venv/.installed
JS := $(CLIENT)/node_modules/.installed
DEMO := fixtures/pytest/long-verbose-two-failures/log.txt
DATA := ../shared/data
SCORE := ../shared/score/score.py
PYTEST_FLAGS ?=
BENCH_FLAGS ?=
SOAK_FLAGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_audit := false
export npm_config_fund := false
export npm_config_update_notifier := false

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

# A stamp is written last, so that an interrupted set-up is done again; a half-made environment is made anew.
$(PY): pyproject.toml
	@rm -f $@
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "LogSieve needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "setting up .venv"
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(JS): $(CLIENT)/package-lock.json
	@rm -f $@
	@command -v npm >/dev/null || { echo "npm not found: the VS Code client needs Node 20 or newer" >&2; exit 1; }
	@echo "setting up $(CLIENT)"
	@cd $(CLIENT) && npm ci --loglevel=error
	@touch $@

.PHONY: demo
demo: $(PY) ## Triage a real failing log in the terminal
	$(BIN)/logsieve triage --exit-zero $(DEMO)

.PHONY: test
test: $(PY) $(JS) ## All tests, those in real editors included (fetches the editors)
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS)

.PHONY: lint
lint: $(PY) $(JS) ## Style and types, Python and TypeScript
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	cd $(CLIENT) && npm run --silent lint

.PHONY: vsix
vsix: $(PY) $(JS) ## The installable VS Code extension, the server's wheel in it
	cd $(CLIENT) && PYTHON="$(CURDIR)/$(BIN)/python" npm run --silent package

.PHONY: bench
bench: $(PY) ## Speed and memory beside goals and yardsticks: 15 minutes, or BENCH_FLAGS=--quick
	PYTHONPATH=tests $(BIN)/python -P -m bench $(BENCH_FLAGS)

.PHONY: soak
soak: $(PY) ## Random work of an editor against the language server for half an hour: leaks, lost diagnostics
	PYTHONPATH=tests $(BIN)/python -P tests/soak.py $(SOAK_FLAGS)

.PHONY: score
score: $(PY) ## Quality on labelled logs: the shared ones where present, else the fixtures
	@if [[ -d $(DATA) && -f $(SCORE) ]]; then set -x; $(BIN)/python $(SCORE) $(DATA) --cmd $(BIN)/logsieve; \
	else set -x; $(BIN)/python tests/score_fixtures.py; fi

.PHONY: evaluation
evaluation: $(PY) ## The learned scorer beside others on labelled logs, into docs/: 15 minutes
	HF_HUB_OFFLINE=1 $(BIN)/logsieve eval --output docs $(DATA) fixtures

.PHONY: demo-vscode
demo-vscode: $(PY) $(JS) ## A real VS Code with the extension and sample logs, for a browser
	PATH="$(CURDIR)/$(BIN):$$PATH" tests/vscode/run.sh demo.mjs

.PHONY: screenshots
screenshots: $(PY) $(JS) ## The pictures of the extension, from the real VS Code: light, dark, high contrast
	PATH="$(CURDIR)/$(BIN):$$PATH" tests/vscode/run.sh screenshots.mjs "$(CURDIR)/$(CLIENT)/media"

.PHONY: clean
clean: ## Remove what the other targets made in the checkout
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis $(CLIENT)/node_modules $(CLIENT)/dist $(CLIENT)/*.vsix
	find server tests -name __pycache__ -type d -prune -exec rm -rf {} +
