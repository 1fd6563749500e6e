# Few commands, the same everywhere. Nothing but Python 3.11+ (and make) is needed; `.venv` holds the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
DEVELOPER_READY := $(VENV)/developer-ready

.PHONY: run test check format bench soak clean

run: $(READY)
	$(BIN)/seawall replay black_thursday --out out/black_thursday --force

test: $(DEVELOPER_READY)
	$(BIN)/pytest -n 2

check: $(DEVELOPER_READY)
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEVELOPER_READY)
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

bench: $(DEVELOPER_READY)
	$(BIN)/python -m benchmarks --json out/bench.json

soak: $(DEVELOPER_READY)
	$(BIN)/pytest -n 2 -m slow --override-ini addopts="-q --strict-markers --import-mode=importlib"

clean:
	rm -rf $(VENV) out build

$(VENV)/created:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(READY): $(VENV)/created requirements.txt pyproject.toml
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DEVELOPER_READY): $(READY) requirements-dev.txt
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.txt
	touch $@
