# The two commands of a newcomer are `make demo` and `make test`; both set up what they need.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m
READY := $(VENV)/.ready
# What `make site`, `make sbom` and `make licences` need is apart: the demo does without.
TOOLS := $(VENV)/tools
TOOLS_READY := $(TOOLS)/.ready
# The wheels of what is pinned for the image, to be installed without a network.
WHEELS := $(VENV)/wheels
WHEELS_READY := $(WHEELS)/.ready
DIST := dist
# The end-to-end tests mostly wait, so that three at a time fill two cores.
WORKERS ?= 3
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-annotate --no-header --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help demo test crashes slow cover check format bench crds docs site sbom licences lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## Show a rotation on a real API server (KEEP=1 leaves it running)
	@$(RUN) demo $(if $(KEEP),--keep)

test: $(READY) $(TOOLS_READY) $(WHEELS_READY) check ## Run every check and every test
	@$(RUN) tests.controlplane fetch
	@# In the order of the folders: the quick tests come last, so that no slow file is left to one worker.
	@$(RUN) pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

crashes: $(READY) ## Kill the operator after every call that it makes
	@$(RUN) tests.controlplane fetch
	@$(RUN) pytest tests/crashes -m crashes

slow: $(READY) ## Run the matrices that take minutes each
	@$(RUN) tests.controlplane fetch
	@$(RUN) pytest -m 'slow or crashes'
	@$(RUN) pytest -m hypothesis --hypothesis-profile=default

cover: $(READY) ## Measure the branches of the domain that its own tests take
	@$(RUN) pytest tests/unit/rotation --cov=okta_rotator.rotation --cov-report=term:skip-covered

check: $(READY) ## Check format, lint, types and imports
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(VENV)/bin/lint-imports

format: $(READY) ## Format the code and mend what can be mended by rule
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

bench: $(READY) ## Print the figures that the operator is measured by
	@$(RUN) tests.bench

crds: $(READY) ## Write the CRDs anew from the models
	@$(VENV)/bin/okta-rotator crds --output crds
	@$(VENV)/bin/okta-rotator crds --output charts/okta-rotator/files/crds

docs: $(READY) ## Write the tables of README.md and docs/ anew from the code
	@$(RUN) tests.docs
	@$(RUN) tests.chart

site: $(TOOLS_READY) ## Build docs/ as pages, in dist/site
	@# Not --quiet, with which it counts no warning; this one is of another generator to come.
	@NO_MKDOCS_2_WARNING=1 $(TOOLS)/bin/mkdocs build --strict --site-dir $(abspath $(DIST))/site

sbom: $(TOOLS_READY) ## Write what the image holds of others to dist/sbom.cdx.json (CycloneDX)
	@mkdir -p $(DIST)
	@# It warns that pins alone do not say what needs what.
	@PYTHONWARNINGS=ignore::UserWarning $(TOOLS)/bin/cyclonedx-py requirements requirements/run.txt --pyproject pyproject.toml \
	  --output-reproducible --output-file $(DIST)/sbom.cdx.json

licences: $(READY) $(TOOLS_READY) ## List the licences of what the image holds of others
	@$(TOOLS)/bin/pip-licenses --python $(VENV)/bin/python --from mixed --order license \
	  --packages $$(sed -n 's/^\([A-Za-z0-9_.-]*\)==.*/\1/p' requirements/run.txt)

lock: $(READY) ## Pin the dependencies anew
	@$(LOCK) pyproject.toml -o requirements/run.txt
	@$(LOCK) pyproject.toml --extra emulator --group dev -o requirements/dev.txt
	@$(LOCK) --group tools -o requirements/tools.txt
	@echo hatchling | $(LOCK) --constraints requirements/dev.txt -o requirements/build.txt -

clean: ## Remove the environment and what the tools left behind
	rm -rf $(VENV) $(DIST) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "okta-rotator needs Python 3.11 or newer; set PYTHON=" >&2; exit 1; }
	@echo "Setting up $(VENV) ..."
	@# --no-deps: the list is complete, and pip would look at releases that came after it.
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(TOOLS_READY): requirements/tools.txt | $(READY)
	@echo "Setting up $(TOOLS) ..."
	@$(RUN) venv --clear $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/tools.txt
	@touch $@

$(WHEELS_READY): requirements/run.txt | $(READY)
	@rm -rf $(WHEELS)
	@$(RUN) pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
	  -d $(WHEELS) -r requirements/run.txt
	@touch $@
