# Every target does its own set-up: it needs python3 and nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types clean

demo: .venv/demo
	$(BIN)/popoto-recall demo

test: .venv/installed
	$(BIN)/pytest --numprocesses auto

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

.PHONY: faults

# A quarter of an hour; one line per row of the table in docs/reliability.md.
faults: .venv/installed
	RECALL_LONG=1 $(BIN)/pytest -q --timeout 900 tests/faults

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

.PHONY: bench bench-quick bench-table

# About twenty-five minutes, bench-quick three; what disturbs the machine meanwhile blurs the
# figures. Further options: make bench BENCH='--module PATH --server PATH'
bench: .venv/bench
	$(BIN)/python -m benchmarks $(BENCH)

bench-quick: .venv/bench
	$(BIN)/python -m benchmarks --quick $(BENCH)

bench-table: .venv/bench
	$(BIN)/python -m benchmarks --page docs/performance.md $(BENCH)

.venv/bench: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[bench]'
	touch $@
