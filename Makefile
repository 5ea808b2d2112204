# Five words: demo, test, dev, lint, fix. Each sets up .venv/ by itself.
.PHONY: demo test dev lint fix lock clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?=
DEMO_ARGS ?= $(if $(DATA),--data $(DATA),)

demo: dev  ## Run the main job on an embedded PostgreSQL and check the result offline
	$(BIN)/xiyou demo $(DEMO_ARGS)

test: dev  ## The whole suite
	$(BIN)/python -m pytest -n 2 --dist loadgroup -q

dev: $(VENV)/.ready  ## Set up .venv/ from requirements.lock

$(VENV)/.ready: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

lint: dev  ## Style and types, nothing changed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: dev  ## Mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: dev  ## Pin what pyproject.toml allows: versions and hashes, no address
	$(BIN)/uv lock --quiet && $(BIN)/uv export --quiet --no-header --no-annotate --no-emit-project --all-groups -o requirements.lock
	rm -f uv.lock
	! grep -n '://' requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
