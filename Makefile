# Everything a newcomer needs: `make demo` to see the product, `make test` to check it.
# Needs Python 3.11 to 3.13 and make, nothing else; works with GNU make 3.81 (macOS) and later.

SHELL := /bin/sh
.DEFAULT_GOAL := help
# The steps share one environment and one database, so `make -j` must not run them side by side.
.NOTPARALLEL:
.PHONY: help setup demo demo-data test lint types test-sqlite test-postgres test-browser bench bench-stats \
	oracles harnesses labelstudio demo-labelstudio formats bench-exports bench-authoring bench-checks bench-grading bench-imports \
	bench-labelstudio system-packages lock openapi messages translations screenshots format

PORT ?= 8000
# Processes of pytest; 0 runs the tests one after the other in a single process.
WORKERS ?= 2
PYTHONS = $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed-requirements
# Named isn't enough: a version manager leaves names that don't run, and Debian splits venv off.
PYTHON_FITS := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
FIND_PYTHON = found=""; for candidate in $(PYTHONS); do \
	if $$candidate -c '$(PYTHON_FITS)' >/dev/null 2>&1; then found=$$candidate; break; fi; done
MANAGE := $(BIN)/python manage.py
DEBIAN_PACKAGES := chromium fonts-noto-cjk gettext postgresql
UV_VENV := build/uv
# What the statistics are compared with: two environments of their own, because irrCAC needs an old numpy.
ORACLES := .oracles
IRRCAC := .oracles-irrcac
ORACLE_PINS := tests/annotations/stats/oracles
# What runs the exported bundles for real: an environment of its own for each, because their needs contradict.
HARNESSES := .harnesses
HARNESS_PINS := tests/conformance/harnesses/pins
NODE_FITS := const [a, b] = process.versions.node.split(".").map(Number); process.exit((a == 20 && b >= 20) || (a == 22 && b >= 22) || a > 22 ? 0 : 1)
PYTHON_HARNESSES := inspect inspect-evals lm-eval hf
HARNESS_STAMPS := $(PYTHON_HARNESSES:%=$(HARNESSES)/%/installed-requirements) $(HARNESSES)/promptfoo/installed-requirements
# A real Label Studio for the tests, the benchmark and the demonstration: its pins contradict ours.
LABELSTUDIO := .labelstudio
LABELSTUDIO_PINS := tests/conformance/labelstudio/pins
export PYTHONUNBUFFERED := 1

help: ## List these targets
	@echo "Clinwright: the targets of this Makefile"
	@echo
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  make %-17s %s\n", $$1, $$2 }'
	@echo
	@echo "Settings: PORT=8000 (demo), PYTHON=/path/to/python3 (setup), WORKERS=2 (tests), ARGS='…' (passed to pytest)"

setup: $(STAMP) ## Make the environment .venv and install the pinned packages (once; again when they change)
	@echo "The environment $(VENV) is ready."

$(STAMP): requirements-dev.txt
	@if ! { $(BIN)/python -c '$(PYTHON_FITS)' && $(BIN)/python -m pip --version; } >/dev/null 2>&1; then \
		$(FIND_PYTHON); \
		if [ -z "$$found" ]; then \
			echo "No Python 3.11, 3.12 or 3.13 with its venv module was found (looked for: $(PYTHONS))." >&2; \
			echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.13)" >&2; \
			echo "or name it: make setup PYTHON=/path/to/python3.12" >&2; \
			exit 1; \
		fi; \
		echo "Making the environment $(VENV) with $$($$found --version) …"; \
		rm -rf $(VENV); \
		$$found -m venv $(VENV) || { \
			rm -rf $(VENV); \
			echo "The environment could not be made; the lines above say why. Mend it and run make setup again." >&2; \
			exit 1; }; \
	fi
	@echo "Installing the pinned packages into $(VENV) (a few minutes the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt || { \
		echo "The packages could not be installed; the lines above say why." >&2; \
		echo "Check the network connection or pip's index settings and run make setup again." >&2; \
		exit 1; }
	@touch $(STAMP)

demo: demo-data ## Load the demonstration and serve it until Ctrl-C
	@$(MANAGE) serve --port $(PORT)

demo-labelstudio: demo-data labelstudio ## Serve the demonstration beside a real Label Studio, with a session graded there
	@$(MANAGE) demo_labelstudio --port $(PORT)

demo-data: $(STAMP) ## Load the demonstration without serving it
	@echo "Bringing the database up to date …"
	@$(MANAGE) migrate --verbosity 0
	@echo "Loading the demonstration …"
	@$(MANAGE) demo

test: $(STAMP) lint types test-postgres test-sqlite ## Run every check and test: style, types, and the suite on PostgreSQL and SQLite

lint: $(STAMP) ## Check style and formatting of code and templates
	@echo "Checking the style of the code …"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo "Run make format." >&2; exit 1; }
	@echo "Checking the style of the templates …"
	@$(BIN)/djlint --lint --quiet builder exports annotations

types: $(STAMP) ## Check the types
	@echo "Checking the types …"
	@$(BIN)/mypy

test-sqlite: $(STAMP) ## Run all tests, the browser's too, on SQLite
	@echo "Running all tests on SQLite …"
	@DATABASE_URL=sqlite://:memory: $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

test-postgres: $(STAMP) ## Run the tests that touch the database on a PostgreSQL server of their own
	@$(BIN)/python tests/postgres.py -n $(WORKERS) --dist loadfile -m "database and not browser and not harnesses and not labelstudio" $(ARGS)

test-browser: $(STAMP) ## Run only the journeys in Chromium
	@echo "Running the journeys in Chromium …"
	@DATABASE_URL=sqlite://:memory: $(BIN)/python -m pytest -m browser $(ARGS)

bench: $(STAMP) ## Print ratios of speed against a named peer (not part of the tests)
	@echo "Measuring; a few seconds on a quiet machine …"
	@$(BIN)/python -m tests.benchmarks.bench_agreement

bench-stats: $(STAMP) $(ORACLES)/installed-requirements ## Time the statistics against targets and peers; saves docs/benchmarks.md
	@echo "Measuring; about a minute on a quiet machine …"
	@mkdir -p build
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.bench_product --out build/bench-product.json
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(ORACLES)/bin/python -m tests.benchmarks.bench_stats \
		--also build/bench-product.json --out docs/benchmarks.md

bench-authoring: $(STAMP) ## Time search over 5,000 cases and the import of exam questions (not part of the tests)
	@echo "Measuring; about half a minute on a quiet machine …"
	@$(BIN)/python -m tests.benchmarks.bench_authoring

bench-checks: $(STAMP) ## Time every check of a case against a department of 5,000 cases (not part of the tests)
	@echo "Measuring; about a quarter of a minute on a quiet machine …"
	@$(BIN)/python -m tests.benchmarks.bench_checks

oracles: $(ORACLES)/installed-requirements $(IRRCAC)/installed-requirements ## Make the environments the statistics are compared with
	@echo "The statistics can be compared with: krippendorff, statsmodels, pingouin, scikit-learn ($(ORACLES))."
	@if [ -x $(IRRCAC)/bin/python ]; then echo "And with irrCAC ($(IRRCAC))."; fi

$(ORACLES)/installed-requirements: $(ORACLE_PINS)/requirements.txt
	@$(FIND_PYTHON); \
	if [ -z "$$found" ]; then \
		echo "No Python 3.11, 3.12 or 3.13 with its venv module was found (looked for: $(PYTHONS))." >&2; exit 1; \
	fi; \
	echo "Making the environment $(ORACLES) …"; \
	rm -rf $(ORACLES); \
	$$found -m venv $(ORACLES) && \
	$(ORACLES)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< || { \
		rm -rf $(ORACLES); \
		echo "The oracles could not be installed; the lines above say why. Mend it and run make oracles again." >&2; \
		exit 1; }
	@touch $@

# Without Python 3.11 this environment is left out and the rest goes on.
$(IRRCAC)/installed-requirements: $(ORACLE_PINS)/requirements-irrcac.txt
	@if ! python3.11 -c '$(PYTHON_FITS)' >/dev/null 2>&1; then \
		echo "No python3.11 with its venv module was found: the comparison with irrCAC is left out." >&2; exit 0; \
	fi; \
	echo "Making the environment $(IRRCAC) …"; \
	rm -rf $(IRRCAC); \
	python3.11 -m venv $(IRRCAC) && \
	$(IRRCAC)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< && \
	touch $@ || { \
		rm -rf $(IRRCAC); \
		echo "irrCAC could not be installed; the lines above say why. Mend it and run make oracles again." >&2; \
		exit 1; }

harnesses: $(STAMP) ## Make the environments of the harnesses that run the exported bundles (1.2 GB, about a minute)
	@$(MAKE) --keep-going --no-print-directory $(HARNESS_STAMPS) || { \
		echo "Some harness could not be installed; the lines above say why. The others are ready." >&2; exit 1; }
	@echo "The harnesses are ready in $(HARNESSES): $(PYTHON_HARNESSES) promptfoo."

$(PYTHON_HARNESSES:%=$(HARNESSES)/%/installed-requirements): $(HARNESSES)/%/installed-requirements: $(HARNESS_PINS)/%.txt | $(UV_VENV)/bin/uv
	@echo "Making the environment $(HARNESSES)/$* …"
	@rm -rf $(HARNESSES)/$*
	@$(UV_VENV)/bin/uv venv --quiet --python $(BIN)/python $(HARNESSES)/$* && \
	$(UV_VENV)/bin/uv pip install --quiet --require-hashes --python $(HARNESSES)/$*/bin/python -r $< || { \
		rm -rf $(HARNESSES)/$*; \
		echo "$* could not be installed; the lines above say why. Mend it and run make harnesses again." >&2; \
		exit 1; }
	@touch $@

# Without its optional packages promptfoo is a fifth of the size; the one it can't start without is put back.
$(HARNESSES)/promptfoo/installed-requirements: $(HARNESS_PINS)/promptfoo/package-lock.json $(HARNESS_PINS)/promptfoo/package.json
	@if ! command -v npm >/dev/null 2>&1 || ! node -e '$(NODE_FITS)' >/dev/null 2>&1; then \
		echo "promptfoo needs Node.js 20.20 or newer in 20, or 22.22 or newer, with npm; found: $$(node --version 2>/dev/null || echo none)." >&2; \
		echo "Run make system-packages, or install it from nodejs.org, and run make harnesses again." >&2; exit 1; fi
	@echo "Making the environment $(HARNESSES)/promptfoo …"
	@rm -rf $(HARNESSES)/promptfoo
	@mkdir -p $(HARNESSES)/promptfoo
	@cp $^ $(HARNESSES)/promptfoo/
	@cd $(HARNESSES)/promptfoo && \
	npm ci --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log && \
	npm install --no-save --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error \
		"$$(node -p 'const t = require("@neon-rs/load").currentTarget(); "@libsql/" + t + "@" + require("./node_modules/libsql/package.json").optionalDependencies["@libsql/" + t]')" >>npm.log || { \
		cd ../..; rm -rf $(HARNESSES)/promptfoo; \
		echo "promptfoo could not be installed; the lines above say why. Mend it and run make harnesses again." >&2; \
		exit 1; }
	@touch $@

labelstudio: $(STAMP) $(LABELSTUDIO)/installed-requirements ## Install a real Label Studio for tests and demonstration (1 GB, some minutes)
	@echo "Preparing an empty Label Studio (about a minute the first time) …"
	@$(MANAGE) demo_labelstudio --prepare

$(LABELSTUDIO)/installed-requirements: $(LABELSTUDIO_PINS)/label-studio.txt | $(UV_VENV)/bin/uv
	@echo "Making the environment $(LABELSTUDIO) …"
	@rm -rf $(LABELSTUDIO)
	@$(UV_VENV)/bin/uv venv --quiet --python $(BIN)/python $(LABELSTUDIO) && \
	$(UV_VENV)/bin/uv pip install --quiet --require-hashes --python $(LABELSTUDIO)/bin/python -r $< || { \
		rm -rf $(LABELSTUDIO); \
		echo "Label Studio could not be installed; the lines above say why. Mend it and run make labelstudio again." >&2; \
		exit 1; }
	@touch $@

screenshots: $(STAMP) ## Take the documents’ pictures from a fresh demonstration
	@$(MANAGE) shell --no-imports -c "from tests.journeys.screenshots import main; main()"

format: $(STAMP) ## Format the code and mend what the linter can mend
	@echo "Formatting the code …"
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

system-packages: ## Install what the browser and PostgreSQL tests need from Debian or Ubuntu
	@if ! command -v dpkg-query >/dev/null 2>&1; then \
		echo "This is not Debian or Ubuntu. Install these with your own package manager:" >&2; \
		echo "Chromium, a font with Korean characters, gettext, the PostgreSQL server, and Node.js with npm." >&2; \
		exit 1; \
	fi; \
	missing=""; \
	for package in $(DEBIAN_PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q '^install ok installed' || missing="$$missing $$package"; \
	done; \
	command -v npm >/dev/null 2>&1 || missing="$$missing nodejs npm"; \
	$(FIND_PYTHON); \
	test -n "$$found" || missing="$$missing python3-venv"; \
	if [ -z "$$missing" ]; then \
		echo "The system packages are there: $(DEBIAN_PACKAGES)."; \
	elif [ "$$(id -u)" -ne 0 ]; then \
		echo "These system packages are missing:$$missing. Install them with:" >&2; \
		echo "  sudo apt-get install --yes --no-install-recommends$$missing" >&2; \
		exit 1; \
	else \
		echo "Installing the system packages:$$missing …"; \
		apt-get update --quiet --quiet && \
		DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends $$missing || { \
			echo "The system packages could not be installed; the lines above say why." >&2; exit 1; }; \
	fi

lock: $(UV_VENV)/bin/uv ## Pin the newest allowed packages, with hashes, in the requirements files
	@echo "Resolving the packages …"
	@for name in requirements requirements-dev $(ORACLE_PINS)/requirements $(ORACLE_PINS)/requirements-irrcac \
		$(PYTHON_HARNESSES:%=$(HARNESS_PINS)/%) $(LABELSTUDIO_PINS)/label-studio; do \
		$(UV_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-find-links \
			--custom-compile-command 'make lock' $$name.in -o $$name.txt || exit 1; \
		echo "Written: $$name.txt"; \
	done
	@cd $(HARNESS_PINS)/promptfoo && npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts \
		--no-audit --no-fund --loglevel=error
	@echo "Written: $(HARNESS_PINS)/promptfoo/package-lock.json"

$(UV_VENV)/bin/uv: | $(STAMP)
	@$(BIN)/python -m venv $(UV_VENV)
	@$(UV_VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv

openapi: $(STAMP) ## Write the snapshot of the API's description (tests/golden/openapi.yaml)
	@mkdir -p tests/golden
	@$(MANAGE) spectacular --validate --fail-on-warn --file tests/golden/openapi.yaml
	@echo "Written: tests/golden/openapi.yaml"

formats: $(STAMP) ## Write what the documents say of the export formats (docs/formats.md, docs/schema)
	@$(BIN)/python -m exports.documentation

bench-exports: $(STAMP) ## Time exports of releases and of verdicts against a plain dump of the same rows (not part of the tests)
	@echo "Measuring; some minutes on a quiet machine …"
	@$(BIN)/python -m tests.benchmarks.bench_exports
	@$(BIN)/python -m tests.benchmarks.bench_graded_dataset

bench-grading: $(STAMP) ## Time 64 graders at once, the desk, and saving beside Label Studio (not part of the tests)
	@echo "Measuring; about three minutes on a quiet machine …"
	@$(BIN)/python -m tests.benchmarks.bench_grading

bench-imports: $(STAMP) ## Time the import of a harness's log into SQLite (not part of the tests)
	@echo "Measuring; a few minutes …"
	@$(BIN)/python -m tests.benchmarks.bench_results_import

bench-labelstudio: $(STAMP) labelstudio ## Time the synchronisation against a bare SDK on a real Label Studio (not part of the tests)
	@echo "Measuring; some minutes …"
	@$(BIN)/python -m tests.benchmarks.bench_labelstudio

messages: $(STAMP) ## Collect the texts to translate into the Korean catalogue (needs gettext)
	@command -v xgettext >/dev/null 2>&1 || { \
		echo "gettext is missing: run make system-packages, or install gettext." >&2; exit 1; }
	@echo "Collecting the texts to translate …"
	@mkdir -p builder/locale
	@$(MANAGE) makemessages --locale ko --no-wrap --no-obsolete --add-location file \
		--ignore '$(VENV)' --ignore build --ignore tests --ignore staticfiles

translations: $(STAMP) ## Compile the Korean catalogue after translating it (needs gettext)
	@command -v msgfmt >/dev/null 2>&1 || { \
		echo "gettext is missing: run make system-packages, or install gettext." >&2; exit 1; }
	@echo "Compiling the Korean catalogue …"
	@cd builder && ../$(MANAGE:manage.py=../manage.py) compilemessages --locale ko
