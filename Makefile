# Every target does its own set-up: it needs python3 and nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types clean

demo: .venv/demo
	$(BIN)/popoto-recall demo

test: .venv/installed
	$(BIN)/pytest

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy
	$(BIN)/pyright

.venv/installed: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@ .venv/demo

# A part of the above, so that a newcomer waits less.
.venv/demo: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[demo]'
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv .venv

clean:
	rm -rf .venv
