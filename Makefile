# Two commands on a machine with Python 3.11+, make and git:
#   make demo   builds the environment (runtime packages only) and runs the whole pipeline on the sample
#   make test   lint, types and every test
# and a third for a desk of your own:
#   make desk   adds what reading a live Jira and running by itself need

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
export UV_COMPILE_BYTECODE = 1
export UV_LINK_MODE = copy

.PHONY: demo desk test lint types tests lock sample model dictionary pictures clean

demo: .make/runtime
	$(BIN)/escalations demo

desk: .make/desk

test: lint types tests

lint: .make/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .make/dev
	$(BIN)/mypy

tests: .make/dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal

# The lock holds hashes and no address; the builder and uv itself are in it.
lock: .make/dev
	$(BIN)/uv export --quiet --no-emit-project --no-header --no-annotate --all-extras -o requirements.lock
	$(BIN)/uv export --quiet --no-emit-project --no-header --no-annotate --extra build -o requirements-runtime.lock
	$(BIN)/uv export --quiet --no-emit-project --no-header --no-annotate --extra build --extra jira --extra serve \
		-o pipelines/deploy/requirements.lock

# The committed build of the sample; tests hold it against the builder.
sample: .make/runtime
	$(BIN)/python data/sample/build.py --end 2026-11-23 --out data/sample

# The classifier that comes with the program, from the starter set; tests hold its version against set, rules and lock.
model: .make/dev
	$(BIN)/python analysis/starter/build.py

# What every table and column holds; a test holds it against the SQL files.
dictionary: .make/runtime
	$(BIN)/escalations dictionary --out pipelines/DATA_DICTIONARY.md

# The pictures of the README, from the committed sample.
pictures: .make/dev
	$(BIN)/python tests/pictures.py

clean:
	rm -rf .make .venv data/demo

$(BIN)/uv: requirements-runtime.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	mkdir -p .make
	awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements-runtime.lock > .make/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .make/uv.lock
	touch $@

.make/runtime: requirements-runtime.lock pyproject.toml $(BIN)/uv
	$(UV) --require-hashes -r requirements-runtime.lock
	$(UV) --no-deps --no-build-isolation -e .
	touch $@

.make/desk: pipelines/deploy/requirements.lock .make/runtime
	$(UV) --require-hashes -r pipelines/deploy/requirements.lock
	touch $@

.make/dev: requirements.lock .make/runtime
	$(UV) --require-hashes -r requirements.lock
	touch $@
