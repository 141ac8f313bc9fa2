# Each target is one command of the package or of a Python tool.
# Needs Python 3.11 or newer (make PYTHON=/path/to/python3 sets another one). Go and Node.js are installed with pip if the machine has none.

PYTHON ?= python3
ARGS ?=
TOOLS ?=

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
LOCKER := build/locker
COMPILE = $(LOCKER)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
  --custom-compile-command "make lock"
PYTEST = tools="$$($(PY) tests/tools/install.py --print-path)" && PATH="$$tools:$$PATH" $(PY) -m pytest

.DEFAULT_GOAL := help
.PHONY: help render check test test-charts report-charts test-cluster test-live test-live-long test-live-root report-live report-cluster lint golden docs examples bench fuzz attack \
  tools lock clean

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

render: $(INSTALLED) ## write rendered/ from config/
	$(VENV)/bin/rediskit render $(ARGS)

check: $(INSTALLED) ## check config/ and rendered/, write nothing
	$(VENV)/bin/rediskit check $(ARGS)

test: $(INSTALLED) ## run every test, one process a core (ARGS="-k name" for some of them)
	$(PYTEST) --numprocesses auto $(ARGS)

test-charts: $(INSTALLED) ## render every profile with the real charts (REDISKIT_CHARTS, else helm pull; about four minutes)
	tools="$$($(PY) tests/tools/install.py --set charts --print-path)" && PATH="$$tools:$$PATH" $(PY) -m pytest --numprocesses auto tests/charts $(ARGS)

report-charts: $(INSTALLED) ## write the effects of the real charts into docs/charts.md
	tools="$$($(PY) tests/tools/install.py --print-path)" && PATH="$$tools:$$PATH" $(PY) -m tests.charts.table docs/charts.md

test-cluster: $(INSTALLED) ## run Argo CD and Flux on a real control plane (builds it once, for about twenty minutes)
	tools="$$($(PY) tests/tools/install.py --set cluster --print-path)" && PATH="$$tools:$$PATH" $(PY) -m pytest --numprocesses 3 tests/cluster $(ARGS)

test-live: $(INSTALLED) ## run the runbooks and alerts on real Redis, exporter and Prometheus (about six minutes)
	tools="$$($(PY) tests/tools/install.py --set live --print-path)" && PATH="$$tools:$$PATH" $(PY) -m pytest --numprocesses 10 --dist worksteal tests/live $(ARGS)

test-live-long: $(INSTALLED) ## the same with the default interval of scrapes: every alert fires as it is written (about an hour)
	tools="$$($(PY) tests/tools/install.py --set live --print-path)" && PATH="$$tools:$$PATH" LIVE_LONG=1 $(PY) -m pytest --numprocesses 10 --dist worksteal tests/live $(ARGS)
	$(PY) -m tests.live.report

test-live-root: $(INSTALLED) ## run what needs root: a disk that is really full, and a memory limit that the kernel enforces
	tools="$$($(PY) tests/tools/install.py --set live --print-path)" && PATH="$$tools:$$PATH" $(PY) -m pytest tests/live/root $(ARGS)

report-live: $(INSTALLED) ## put what the last runs of test-live, -long and -root measured into docs/live.md
	$(PY) -m tests.live.report

report-cluster: ## put what the last run of test-cluster measured into docs/gitops.md
	@sed -i -e '/^<!-- begin/,/^<!-- end/{/^<!--/!d}' -e '/^<!-- begin/r build/cluster.md' docs/gitops.md

lint: $(INSTALLED) ## ruff and mypy, strict
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy --strict

golden: $(INSTALLED) ## update the golden files: review the diff before you commit it
	$(PYTEST) --update-golden tests/test_golden.py $(ARGS)

docs: $(INSTALLED) ## generate the reference pages and tables of docs/, and rediskit.schema.json
	$(PY) -m scripts.reference
	tools="$$($(PY) tests/tools/install.py --print-path)" && PATH="$$tools:$$PATH" $(PY) -m scripts.transcript
	$(VENV)/bin/rediskit schema > rediskit.schema.json

examples: $(INSTALLED) ## create new example certificate, recipient and ciphertexts for config/: their keys are deleted
	tools="$$($(PY) tests/tools/install.py --print-path)" && PATH="$$tools:$$PATH" $(PY) -m scripts.example_secrets

bench: $(INSTALLED) ## measure start-up, rendering and the YAML writer, and compare other generators (ARGS=peers for these)
	env -u PYTHONDONTWRITEBYTECODE $(PY) -m tests.bench $(ARGS)

fuzz: $(INSTALLED) ## random configs, checkouts and property tests: no command ends with a traceback (ARGS=1000 for another number than 20,000)
	$(PY) -m tests.fuzz $(ARGS)
	$(PYTEST) --numprocesses auto --hypothesis-profile=random $$(git grep -l "^from hypothesis" -- 'tests/*/test_*.py' 'tests/test_*.py')

attack: $(INSTALLED) ## run hostile input by group, and kill at each event that changes the disk (ARGS=--part for what CI runs, ARGS=--revert without the fixes)
	tools="$$($(PY) tests/tools/install.py --print-path)" && PATH="$$tools:$$PATH" $(PY) -m tests.attack $(ARGS)

tools: $(INSTALLED) ## install the programs that tests run in the tool cache (TOOLS="--set cluster", "--set live" or a name)
	$(PY) tests/tools/install.py $(TOOLS)

lock: $(LOCKER)/bin/uv ## update requirements.lock from pyproject.toml (ARGS=--upgrade for newer versions)
	$(COMPILE) --extra dev --output-file requirements.lock $(ARGS) pyproject.toml
	$(COMPILE) --output-file tests/tools/go.lock $(ARGS) tests/tools/go.in
	$(COMPILE) --output-file tests/tools/node.lock $(ARGS) tests/tools/node.in
	$(COMPILE) --output-file tests/tools/redis-8.lock $(ARGS) tests/tools/redis-8.in
	$(COMPILE) --no-deps --output-file tests/tools/valkey-8.lock $(ARGS) tests/tools/valkey-8.in
	$(COMPILE) --output-file tests/tools/gojsonnet.lock $(ARGS) tests/tools/gojsonnet.in
	$(COMPILE) --output-file tests/tools/makejinja.lock $(ARGS) tests/tools/makejinja.in
	$(COMPILE) --output-file tests/tools/kapitan.lock $(ARGS) tests/tools/kapitan.in

clean: ## remove everything that make created in this folder; the tool cache is elsewhere and stays
	rm -rf $(VENV) build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find rediskit scripts tests -type d -name __pycache__ -prune -exec rm -rf {} +

# A changed lock file replaces the whole environment, so that no old package stays.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("rediskit needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3")'
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(LOCKER)/bin/uv:
	$(PYTHON) -m venv --clear $(LOCKER)
	$(LOCKER)/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.13,<1"
