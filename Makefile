# make report: orders in, a folder of reports out.  make test: the tests.  Each target is a line or two; the work is in kalib.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
ENGINES := .venv/engines
NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout 900
JOBS := jobs/wholesale.yaml $(filter-out jobs/wholesale.yaml,$(wildcard jobs/*.yaml))

.PHONY: report test test-runs test-deep lab lint bench validation notebooks lock clean

report: $(READY)
	$(BIN)/kalib run $(JOBS)

test: $(READY)
	$(BIN)/pytest -n 2 --dist loadfile -m "not run and not deep" --durations 10 $(NBVAL) notebooks tests kalib

# Whole reports, opened in a browser; the wheel; one job on PostgreSQL and one on Spark. CI runs them after `make test`.
test-runs: $(READY) $(ENGINES)
	$(BIN)/pytest -n 2 --dist loadfile -m "run and not deep" --durations 10 --ignore tests/engines tests
	$(BIN)/pytest -m run --durations 10 tests/engines

# What takes an hour: every dirty file, the fuzz, every property at length, every engine. Before an issue is closed, not in CI.
test-deep: $(READY) $(ENGINES)
	$(BIN)/pytest -n 2 --dist load -m "deep or hypothesis" --hypothesis-profile deep --durations 10 --ignore tests/engines tests
	$(BIN)/pytest -m deep --durations 10 tests/engines

lab: $(READY)
	$(BIN)/kalib lab jobs/wholesale.yaml

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/python -m pip check

# The whole job beside a plain script, and parts of it beside SQL and other packages; an hour and a half and 7 GB of disk: benchmarks/README.md.
bench: $(READY)
	$(BIN)/python benchmarks/job.py
	$(BIN)/python benchmarks/ledger.py
	$(BIN)/python benchmarks/tiers.py
	$(BIN)/python benchmarks/purchase.py

# The figures on real data, each a second way where there is one, and every list of every page beside what came next and the
# obvious naive list: docs/validation.md. Needs Online Retail II; twenty minutes.
validation: $(READY)
	$(BIN)/python docs/validation.py
	$(BIN)/python docs/validation_lists.py

# The stored outputs of the notebooks, made again from the shipped sample.
notebooks: $(READY)
	cd notebooks && ../$(BIN)/jupyter nbconvert --to notebook --execute --inplace --log-level WARN \
	  --ExecutePreprocessor.record_timing=False --ExecutePreprocessor.timeout=900 *.ipynb

# Exact versions with hashes for Python 3.11 to 3.13, without the address of any host.
lock: $(READY)
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --extra postgres --extra spark -c requirements.lock pyproject.toml -o requirements-engines.lock

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

# What the tests of PostgreSQL and Spark need beside it; half a gigabyte, which no report needs.
$(ENGINES): $(READY) requirements-engines.lock
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-engines.lock
	touch $(ENGINES)

clean:
	rm -rf .venv reports/*/ reports/index.html build dist .pytest_cache .hypothesis .ruff_cache
