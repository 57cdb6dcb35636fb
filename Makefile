# One command each; every one works in a fresh clone with Python 3.11 or newer and pip.
#   make study      reproduce the synthetic study of Jamaica
#   make test       all tests but the long ones        make proof   those too, and docs/evidence anew (2 hours)
#   make check      lint, types, docstrings, spelling  make coverage  how often the intervals hold the truth
#   make mutation   faults put into layer 0, and whether a test sees them (25 minutes)
#   make notebooks  rebuild the executed notebooks and the figure of the README
#   make docs       the pages in docs/_build, and no dead link on them
#   make bench      speed against the peers (14 minutes) make lock    the four lock files again (needs uv)
#   make crosscheck-bayes   our samplers against PyMC and nutpie, in an environment of its own (10 minutes)

PY ?= python3
WORKERS ?= 2
ifeq ($(OS),Windows_NT)
BIN_DIR := Scripts
else
BIN_DIR := bin
endif
BIN := .venv/$(BIN_DIR)
DOCS_BIN := .venv-docs/$(BIN_DIR)
BENCH_BIN := .venv-bench/$(BIN_DIR)
BAYES_BIN := .venv-bayes/$(BIN_DIR)
# The other Python with which results are compared: one of pyenv's, or that of the path.
OTHER ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.13*/bin/python3.13) python3.13)
PIP_QUIET := -m pip install -qq --no-compile --disable-pip-version-check

# pip leaves modules uncompiled (half the time of an installation): let Python keep what it compiles when it first imports.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

.PHONY: study test proof check coverage mutation notebooks docs bench crosscheck-bayes lock clean

study notebooks: export OPENBLAS_NUM_THREADS = 1
study: .venv/.ok
	@$(BIN)/python -m prevalence reproduce jamaica --force

# The workers share the cores already: threads inside linear algebra would only wait for each other. A file is run by one
# worker, which makes what its tests share once; the many small files of the package come last and even out the ends.
test: export OPENBLAS_NUM_THREADS = 1
test: .venv/.ok
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# Environments two at a time, then the steps of evidence/__main__.py, each a command of its own, one after another.
proof:
	@$(MAKE) --no-print-directory -j 2 .venv/.ok .venv-bench/.ok .venv-bayes/.ok .venv-other/.ok
	@$(BIN)/python -m evidence

check: .venv/.ok
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/python -m mypy --no-error-summary
	@$(BIN)/python tools/docstrings.py
	@$(BIN)/codespell
	@$(BIN)/zizmor -q --offline --no-progress .github
	@$(BIN)/repo-review . > .ruff_cache/repo-review.txt || { cat .ruff_cache/repo-review.txt; exit 1; }
	@echo "ruff, mypy --strict, docstrings, spelling, workflows and repository review: clean"

coverage: .venv/.ok
	@$(BIN)/python -m prevalence coverage jamaica --force

mutation: export OPENBLAS_NUM_THREADS = 1
mutation: .venv/.ok
	@$(BIN)/python -m evidence.mutation

notebooks: .venv/.ok
	@$(BIN)/python tools/notebooks.py
	@$(BIN)/python tools/readme.py

docs: .venv-docs/.ok
	@$(DOCS_BIN)/python -c "import shutil; shutil.rmtree('docs/_build/html', ignore_errors=True)"
	@$(DOCS_BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@$(DOCS_BIN)/python tools/links.py docs/_build/html
	@echo "docs/_build/html/index.html"

# PyMC and nutpie are timed in their environment. One thread of linear algebra: CPU seconds count no waiting.
bench: export OPENBLAS_NUM_THREADS = 1
bench: .venv-bench/.ok .venv-bayes/.ok
	@$(BENCH_BIN)/python -m benchmarks.pages
	@$(BENCH_BIN)/python -m benchmarks

# Warnings of PyMC's own libraries are no errors there.
crosscheck-bayes: export OPENBLAS_NUM_THREADS = 1
crosscheck-bayes: .venv-bayes/.ok
	@$(BAYES_BIN)/python -m pytest -q -W default tests/crosscheck/bayes.py

# Each environment is made once, and again when pyproject.toml or its lock changes. The locks carry hatchling, so the
# package installs without asking a registry for a build environment.
.venv/.ok: requirements.lock
.venv-docs/.ok: requirements-docs.lock
.venv-bench/.ok: requirements-bench.lock
.venv-bayes/.ok: requirements-bayes.lock
.venv-other/.ok: requirements.lock
.venv-other/.ok: PY = $(OTHER)
.venv/.ok .venv-docs/.ok .venv-bench/.ok .venv-bayes/.ok .venv-other/.ok: pyproject.toml
	@$(PY) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'prevalence needs Python 3.11 or newer: make PY=python3.12 ...')"
	@$(PY) -m venv --clear $(@D)
	@$(@D)/$(BIN_DIR)/python $(PIP_QUIET) --require-hashes -r $(filter %.lock,$^)
	@$(@D)/$(BIN_DIR)/python $(PIP_QUIET) --no-deps --no-build-isolation -e .
	@$(PY) -c "import pathlib; pathlib.Path('$@').touch()"

LOCK := uv pip compile -q pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
	--no-header --no-annotate --group build
lock:
	@$(LOCK) --extra notebooks --extra io --extra big --extra dask --group test --group check -o requirements.lock
	@$(LOCK) --extra docs --extra io -o requirements-docs.lock
	@$(LOCK) --extra crosscheck --extra io -o requirements-bench.lock
	@$(LOCK) --extra bayes --group test -o requirements-bayes.lock

clean:
	@$(PY) -c "import shutil; [shutil.rmtree(path, ignore_errors=True) for path in ('.venv', '.venv-docs', '.venv-bench', '.venv-bayes', '.venv-other', 'docs/_build', 'docs/_generated')]"
