# `make up` and `make test` are all that is needed; `make help` lists the rest.
SHELL := /bin/sh
VENV := $(if $(AURA_VENV),$(AURA_VENV),.venv)
BIN := $(VENV)/bin
PACKAGES := services shared control_panel
PYTEST_WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help up down test lint types borders tests map mcp-conformance format pins docs changelog clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

up: ## set up, start Aura on this repository, run an example search
	@scripts/bootstrap run
	@scripts/first_run "$(BIN)/aura"

down: ## stop Aura
	@$(BIN)/aura down

test: ## everything that has to pass: lint, types, borders, tests with coverage, requirement map, MCP conformance
	@scripts/bootstrap dev
	@if [ -n "$$CI" ] || [ "$$(id -u)" = 0 ]; then scripts/sandbox_setup; fi
	@$(MAKE) --no-print-directory lint types borders map mcp-conformance tests

lint: ## ruff: rules, complexity <= 10, format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: ## basedpyright, strict
	$(BIN)/basedpyright --warnings

borders: ## import-linter: services meet only over the bus
	$(BIN)/lint-imports

map: ## the requirement map and every generated page are current
	$(BIN)/python scripts/requirement_map.py --check
	$(BIN)/python scripts/generate.py --check

mcp-conformance: ## the official MCP suite and the inspector against the gateway
	$(BIN)/python scripts/mcp_conformance.py

tests: ## pytest, coverage >= 90 %
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(PYTEST_WORKERS) --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

format: ## rewrite the code the way `make lint` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: ## generate the reference pages, schemas and the requirement map again
	$(BIN)/python scripts/generate.py
	$(BIN)/python scripts/requirement_map.py

pins: ## pin the dependencies again, with hashes
	scripts/pin

changelog: ## show the next changelog
	$(BIN)/towncrier build --draft

clean: ## remove the environment and caches
	rm -rf $(VENV) .cache .coverage .coverage.* .pytest_cache .ruff_cache .hypothesis .import_linter_cache
