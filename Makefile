# Few commands, the same everywhere. Nothing but Python 3.11+ (and make) is needed; `.venv` holds the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
DEVELOPER_READY := $(VENV)/developer-ready
PYTHON_FILES := src tests benchmarks examples tools

.PHONY: run test check format mutants bench bench-monitor bench-monitor-10m bench-cascade bench-sales campaign examples soak pins clean

run: $(READY)
	$(BIN)/seawall replay black_thursday --out out/black_thursday --force

test: $(DEVELOPER_READY)
	$(BIN)/pytest -n 2

check: $(DEVELOPER_READY)
	$(BIN)/ruff format --check $(PYTHON_FILES)
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEVELOPER_READY)
	$(BIN)/ruff format $(PYTHON_FILES)
	$(BIN)/ruff check --fix $(PYTHON_FILES)

bench: $(DEVELOPER_READY)
	$(BIN)/python -m benchmarks --json out/bench.json

# The monitor's figures at a million accounts, or at ten: minutes, and some gigabytes of memory. `--help` says what each part does.
bench-monitor: $(DEVELOPER_READY)
	$(BIN)/python -m benchmarks.monitor_figures --json out/bench-monitor.json

bench-monitor-10m: $(DEVELOPER_READY)
	$(BIN)/python -m benchmarks.monitor_figures --accounts 1e7 --json out/bench-monitor-10m.json

# Twenty minutes of it, by the wall.
bench-cascade: $(DEVELOPER_READY)
	$(BIN)/python -m benchmarks.cascade --plot out/cascade.html

# Auctions, pools, buffers and deleveraging: what selling and paying cost.
bench-sales: $(DEVELOPER_READY)
	$(BIN)/python -m benchmarks.sales --json out/bench-sales.json

# Ten million random events against every mechanism, each audited: some two hours on two cores. A violation is exit status 1.
campaign: $(DEVELOPER_READY)
	PYTHONPATH=. $(BIN)/python -m tests.simulation.random_events --events 10_000_000 --seed 1 --processes 2

# One line of a rule changed at a time: at least 95 % must be noticed by the rule's own tests. Half an hour.
mutants: $(DEVELOPER_READY)
	$(BIN)/python tools/mutants.py --room rules --at-least 95

# What the examples print now, once it has been read and found right; a test compares.
examples: $(DEVELOPER_READY)
	for script in examples/*.py; do $(BIN)/python $$script > $${script%.py}.out || exit 1; done

# Compiled code reads beyond an array without a word: the second line runs it once with every index checked.
KERNEL_TESTS := tests/unit/monitor tests/differential tests/machine tests/incidents
soak: $(DEVELOPER_READY)
	$(BIN)/pytest -n 2 -m slow --override-ini addopts="-q --strict-markers --import-mode=importlib"
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=out/checked_kernels $(BIN)/pytest -n 2 $(KERNEL_TESTS)

# Both files again from pyproject.toml: exact versions with hashes, and no word of where they come from (needs uv).
PIN := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet
pins:
	echo 'setuptools>=77' | $(PIN) - pyproject.toml --output-file requirements.txt
	$(PIN) --extra dev --constraint requirements.txt pyproject.toml --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) out build

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(f"Python {sys.version.split()[0]} is older than 3.11; name another: make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(READY): $(VENV)/created requirements.txt pyproject.toml
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DEVELOPER_READY): $(READY) requirements-dev.txt
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.txt
	touch $@
