# The two commands of the README are `make serve` and `make test`.

PYTHON ?= python3
BIN = .venv/bin

# A virtual environment takes over what PYTHONPATH and friends say; ours shall hold only what the lock names.
unexport PYTHONPATH PYTHONHOME

.PHONY: install serve test fuzz lint check format bench bench-size bench-endurance lock clean

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "orderdock needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": name one by make PYTHON=python3.12 serve")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

serve: install
	@$(BIN)/orderdock serve

# Three at a time: they wait for processes to start and stop as often as they compute.
test: .venv/installed-dev
	$(BIN)/python -m pytest -n 3 --dist worksteal

# What `make test` tries with a few requests, with 10,000 and more that differ each time: a quarter of an hour.
fuzz: .venv/installed-dev
	FUZZ_EXAMPLES=1000 $(BIN)/python -m pytest --timeout 0 tests/http/test_schemathesis.py

lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright --level error

# The rules of the house are among the tests.
check: lint test

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed-dev
	$(BIN)/python -m benchmarks

# The same with 1,000,000 orders stored as with 10,000.
bench-size: .venv/installed-dev
	$(BIN)/python -m benchmarks.size

bench-endurance: .venv/installed-dev
	$(BIN)/python -m benchmarks.endurance

# Needs uv on the PATH; run it after a change of the dependencies in pyproject.toml.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --group build -o requirements.lock pyproject.toml
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --group build --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean:
	rm -rf .venv dist .pytest_cache .ruff_cache .hypothesis
