# Two commands do all the set-up: `make demo` and `make test`. Python 3.11 or newer is all they need.
PYTHON ?= python3
BIN := .venv/bin
# Tests wait for servers, processes and disks more than for a processor: two workers to each.
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

.PHONY: demo test check static docs man package image interop race torture bench picture format clean

.venv/ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: .venv/ready
	$(BIN)/psarecon demo

# Bytecode is kept, whatever the machine says: else each worker compiles all tests anew.
test: .venv/ready
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

check: static test

static: docs .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/python requirements/run.py --check

# The documentation as a site in site/; a broken link, anchor or page outside the navigation fails.
docs: .venv/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

# The manual page psarecon(1), with the help blocks and tables that come from the program too.
man: .venv/ready
	$(BIN)/python docs/generate.py

# The release in dist/, installed as the Dockerfile says, without a compiler, and a month planned from there.
package: .venv/ready
	$(BIN)/python tests/release/clean_install.py

image: package
	docker build --tag psarecon .

# Clients that others wrote, against the sandbox; not part of the default install.
interop: requirements/interop.txt
	$(PYTHON) -m venv .venv-interop
	.venv-interop/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/interop.txt
	.venv-interop/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation .
	.venv-interop/bin/python -m pytest -q -c tests/interop/pytest.ini tests/interop

# Two processes, one lease, a thousand times on each kind of database.
race: .venv/ready
	$(BIN)/python tests/lease_race.py 1000

# Thousands of runs under faults, each judged; TORTURE="--runs 200 --ledger postgres" and the like says otherwise.
torture: .venv/ready
	$(BIN)/python -m torture $(TORTURE)

# One table of what psarecon takes, beside others; BENCH="--only plan,check --repeat 3 --quick" and the like says otherwise,
# BENCH="--write" also renews docs/concepts/speed.md and its picture.
.venv-bench/ready: requirements/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	touch $@

bench: .venv-bench/ready
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation .
	.venv-bench/bin/python bench/bench.py $(BENCH)

# The README's picture of the review, from a real run in a sandbox; two runs give the same bytes.
picture: .venv/ready
	$(BIN)/python docs/picture.py

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .venv-bench .venv-interop dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache site
