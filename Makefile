# Every command of the project. `make` alone prints them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
STACK ?= local
# What `make preview` compares the working tree with: a commit, or nothing for what is deployed.
BASE ?= main
# The most letters of a preview; empty is what fits into a comment.
LIMIT ?=
# An existing cluster, by the name of its kubeconfig context; empty means the local platform of testbed/.
CONTEXT ?=
# Where images go, for an existing cluster: a registry that it can pull from.
REPOSITORY ?=
# Folder for what CI keeps: test results and coverage; empty keeps nothing.
REPORTS ?=
# How many repetitions `make soak` aims at; what an earlier run of it already did counts.
SOAK ?= 20

BIN := .venv/bin
# Scanners, apart from what we run: they bring eighty packages.
PIPELINE := .venv-pipeline/bin
READY := .venv/.ready
# Compiled once, when installed: without it each worker of pytest and each `python -m` compiles libraries for seconds.
export PYTHONDONTWRITEBYTECODE :=
# What the fast part runs; the marks are explained in pyproject.toml.
UNIT := not engine and not pipeline and not cluster and not model and not slow and not soak
SLOW := (slow or engine or pipeline or model or cluster) and not soak
# What a shell needs to talk to the local platform; with CONTEXT the shell's own settings stay.
PLATFORM = $(if $(CONTEXT),true,$(BIN)/python -m testbed up && eval "$$($(BIN)/python -m testbed env)")

KEPT = $(if $(REPORTS),--junitxml=$(REPORTS)/$@.xml --cov=bot --cov=infra --cov=pipeline --cov=release --cov-report=xml:$(REPORTS)/$@-coverage.xml)

.PHONY: help
help: ## Print this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12
	@echo
	@echo 'make up CONTEXT=kind-dev REPOSITORY=localhost:5001/trading-bot   takes your own cluster, Docker and Pulumi'

$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/uv.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements/dev.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

.venv-pipeline/.ready: $(READY) requirements/pipeline.txt
	test -x $(PIPELINE)/python || $(PYTHON) -m venv .venv-pipeline
	VIRTUAL_ENV=.venv-pipeline $(BIN)/uv pip sync --quiet --require-hashes requirements/pipeline.txt
	touch $@

.PHONY: up
up: $(READY) ## From a bare machine to a running local stack (CONTEXT=… takes an existing cluster)
	$(PLATFORM) && $(BIN)/python -m testbed deploy $(if $(CONTEXT),--context $(CONTEXT)) $(if $(REPOSITORY),--repository $(REPOSITORY))

.PHONY: down
down: $(READY) ## Stop the local platform and leave nothing behind but its cache
	$(BIN)/python -m testbed down

.PHONY: quick
quick: $(READY) ## Format, lint, contracts, tests of what changed since BASE: seconds, while you work
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	report="$$($(BIN)/lint-imports 2>&1)" || { echo "$$report"; exit 1; }
	tests="$$($(BIN)/python -m tests.quick --base $(BASE))"; test -z "$$tests" || \
	  $(BIN)/pytest -q -p no:schemathesis -p no:cov --exitfirst -m '$(UNIT)' $$tests

.PHONY: check
check: $(READY) ## Format, lint, types, import contracts, unit tests: the fast part
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory --jobs 2 --output-sync=target types unit

.PHONY: types
types: $(READY)
	$(BIN)/pyright

.PHONY: unit
unit: $(READY)
	$(BIN)/pytest -q --numprocesses 3 --dist worksteal -m '$(UNIT)' $(KEPT)

.PHONY: test
test: export HYPOTHESIS_PROFILE = test
test: check scan ## Everything, the real cluster included
	$(MAKE) --no-print-directory slow
	$(MAKE) --no-print-directory cluster

.PHONY: slow
slow: $(READY)
	$(PLATFORM) && $(BIN)/pytest -q --numprocesses 3 --dist worksteal --ignore=tests/cluster -m '$(SLOW)' --durations=10 $(KEPT) $(if $(REPORTS),--cov-append)

# One after the other: a release that waits for a processor takes longer than it may.
.PHONY: cluster
cluster: $(READY)
	$(PLATFORM) && $(BIN)/pytest -m 'not soak' tests/cluster --durations=10 $(KEPT) $(if $(REPORTS),--cov-append)

.PHONY: soak
soak: $(READY) ## The many repetitions; goes on where the last run stopped
	$(PLATFORM) && $(BIN)/python -m tests.soak --repetitions $(SOAK) \
	  && $(BIN)/python -m tests.soak.releases --repetitions $(SOAK) \
	  && $(BIN)/pytest -q -p tests.soak.repeat --repetitions $(SOAK) -m 'not soak' tests/cluster/test_trading.py \
	  && $(BIN)/pytest -m soak --durations=10 && $(BIN)/python -m tests.soak.model

.PHONY: bench
bench: $(READY) ## Times, memory and sizes as ratios in one run, into docs/benchmarks.md
	$(PLATFORM) && $(BIN)/python -m tests.bench

.PHONY: preview
preview: $(READY) ## What a change does to a stack, in words: make preview STACK=staging BASE=main (BASE= asks its state)
	@if ! command -v pulumi > /dev/null; then eval "$$($(BIN)/python -m testbed env)"; fi; \
	  $(BIN)/python -m infra.review --stack $(STACK) $(if $(BASE),--base $(BASE)) $(if $(OUTPUT),--output $(OUTPUT)) $(if $(LIMIT),--limit $(LIMIT)) || test $$? -eq 3

.PHONY: scan
scan: .venv-pipeline/.ready ## The scanners of others, on what is in git: workflows, image, manifests, scripts, secrets
	$(BIN)/python -m pipeline scan $(if $(REPORTS),--output $(REPORTS)/scan.txt)

.PHONY: commits
commits: $(READY) ## Whether the commits since BASE are Conventional Commits
	$(BIN)/cz check --rev-range $(BASE)..HEAD

.PHONY: compatible
compatible: $(READY) ## Whether this source gets on with what STACK runs at BASE: ledger and config schema
	$(BIN)/python -m pipeline compatible --stack $(STACK) --base $(BASE)

include .github/pipeline.mk

.PHONY: hooks
hooks: $(READY) ## Install the git hooks of this checkout: `make quick` before a commit, its message after
	$(BIN)/pre-commit install --hook-type pre-commit --hook-type commit-msg

.PHONY: format
format: $(READY) ## Format the code and fix what lint can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: requirements
requirements: $(READY) ## Compile requirements/*.in into hashed requirement files
	for use in uv bot infra pipeline release dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links $$(test ! -e requirements/$$use.overrides || echo --overrides requirements/$$use.overrides) \
	    --output-file requirements/$$use.txt requirements/$$use.in; done
