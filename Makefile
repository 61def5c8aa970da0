.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# node comes with requirements/dev.txt; it shall trust what this machine trusts, not its own list alone
NPM := NODE_USE_SYSTEM_CA=1 $(CURDIR)/$(BIN)/npm --loglevel=error
# the tests start hundreds of processes, and each would compile all modules anew, for a third of a second
unexport PYTHONDONTWRITEBYTECODE
GRPC_JS := tests/foreign/grpc-js/node_modules/.package-lock.json

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

demo: .venv/service ## Import the samples of examples/ into an embedded service, watch them, look at the result
	@$(BIN)/python examples/demo.py

serve: .venv/service ## Run the embedded service on 127.0.0.1:50051 until Ctrl-C; data stays in .data
	@exec $(BIN)/imports-service serve --embedded

test: .venv/dev $(GRPC_JS) ## Run all tests against the real embedded PostgreSQL and S3 store (ONLY=path or -k words)
ifdef ONLY
	@$(BIN)/python -m pytest $(ONLY)
else
	@# both parts run, whatever the first one finds
	@$(BIN)/python -m pytest -n $(or $(PROCESSES),3) --dist loadfile --no-loadscope-reorder -m "not alone"; first=$$?; \
	  $(BIN)/python -m pytest -m alone; second=$$?; exit $$((first ? first : second))
endif

fuzz: .venv/dev ## Run the properties of whole documents and of watches with many examples (EXAMPLES=2000)
	@IMPORTS_FUZZ_EXAMPLES=$(or $(EXAMPLES),2000) $(BIN)/python -m pytest $(or $(ONLY),tests/model tests/watch_properties)

chaos: .venv/dev ## Kill, freeze and cut off whatever runs, under load, and judge what comes of it (SECONDS=600, SEED=, JSON=path)
	@$(BIN)/python -m tests.chaos --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json $(JSON))

test-citus: .venv/dev ## Distribute DATABASE_URL, an empty database on a Citus coordinator, and run the store's tests there
	@[ -n "$(DATABASE_URL)" ] || { echo "make test-citus DATABASE_URL=postgresql://..: an EMPTY database on a Citus" \
	  "coordinator (13 or newer; CREATE EXTENSION citus and the nodes are there, max_prepared_transactions > 0)," \
	  "as a role that may create databases. The tests empty it again and again. See docs/scaling.md."; exit 2; }
	@IMPORTS_DATABASE_URL="$(DATABASE_URL)" $(BIN)/imports-service migrate
	@IMPORTS_DATABASE_URL="$(DATABASE_URL)" $(BIN)/imports-service distribute
	@IMPORTS_TEST_DATABASE_URL="$(DATABASE_URL)" $(BIN)/python -m pytest --ignore=tests/store/test_never_analysed.py \
	  $(or $(ONLY),tests/store tests/end_to_end)

check: .venv/dev ## Format, lint, types, layers, contract, fresh pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/buf lint
	$(BIN)/python -m docs.generate --check

verify: .venv/dev .venv-proto/done ## Prove that the generated stubs are fresh and that the contract breaks nobody
	.venv-proto/bin/python protos/generate.py --check
	@if git cat-file -e HEAD~1:buf.yaml 2>/dev/null; then \
	  echo "buf breaking against the previous commit"; $(BIN)/buf breaking --against '.git#ref=HEAD~1'; \
	else echo "no previous contract to compare with"; fi

proto: .venv-proto/done ## Generate the stubs in client/ from protos/
	.venv-proto/bin/python protos/generate.py

docs: .venv/service ## Write docs/types from the registry and docs/types/samples.toml
	$(BIN)/python -m docs.generate

bench: .venv/dev $(if $(ONLY),$(if $(filter peers,$(ONLY)),.venv-peers/done),.venv-peers/done) ## Measure beside floors and peers (ONLY=part, ROWS=, PAIRS=, WATCHERS=, BESIDE=checkout, CHAOS=, JSON=)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(ROWS),--rows $(ROWS)) $(if $(PAIRS),--pairs $(PAIRS)) \
	  $(if $(WATCHERS),--watchers $(WATCHERS)) $(if $(BESIDE),--beside $(BESIDE)) $(if $(CHAOS),--chaos $(CHAOS)) \
	  $(if $(JSON),--json $(JSON))

fix: .venv/dev ## Format and mend what the linter can mend
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format -q .

lock: .venv/dev ## Resolve requirements/*.in anew (hashes, no hosts); installs uv beside the rest
	$(BIN)/pip install -q uv
	for set in dev service proto peers; do \
	  constraint=$$([ $$set = service ] && echo "-c requirements/dev.txt"); \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	    $$constraint requirements/$$set.in -o requirements/$$set.txt || exit 1; done
	cd tests/foreign/grpc-js && $(NPM) update --package-lock-only
	@# who asks for money where is nothing to lock, and nothing with an address stays
	$(BIN)/python -c 'import json, pathlib; file = pathlib.Path("tests/foreign/grpc-js/package-lock.json"); \
	  lock = json.loads(file.read_text()); [each.pop("funding", None) for each in lock["packages"].values()]; \
	  file.write_text(json.dumps(lock, indent=2) + "\n")'

clean: ## Remove the environments, the embedded data and all caches
	@# as root, in a directory closed to others, the embedded cluster lives elsewhere behind a link
	@[ ! -d .data ] || find .data -maxdepth 2 -name postgres -type l -exec sh -c 'rm -rf "$$(readlink -f "$$1")"' _ {} \;
	rm -rf .venv .venv-proto .venv-peers .data tests/foreign/grpc-js/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Environments. pip rather than anything newer: it is what every machine with Python has configured.
PIP_INSTALL = install --quiet --no-input --disable-pip-version-check --require-hashes

.venv/service: requirements/service.txt client/pyproject.toml service/pyproject.toml
	@echo "making the environment (half a minute, the first time only)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/pip $(PIP_INSTALL) -r requirements/service.txt
	@$(BIN)/pip install --quiet --no-input --disable-pip-version-check --no-build-isolation --no-deps -e client -e service
	@touch $@

.venv/dev: .venv/service requirements/dev.txt
	@echo "adding the tools of the tests"
	@$(BIN)/pip $(PIP_INSTALL) -r requirements/dev.txt
	@touch $@

$(GRPC_JS): tests/foreign/grpc-js/package-lock.json | .venv/dev
	@echo "adding grpc-js for the tests of foreign clients"
	@cd tests/foreign/grpc-js && $(NPM) ci >/dev/null
	@touch $@

.venv-proto/done: requirements/proto.txt
	@[ -x .venv-proto/bin/python ] || $(PYTHON) -m venv .venv-proto
	@.venv-proto/bin/pip $(PIP_INSTALL) -r requirements/proto.txt
	@touch $@

.venv-peers/done: requirements/peers.txt
	@echo "making the environment of the peers"
	@[ -x .venv-peers/bin/python ] || $(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/pip $(PIP_INSTALL) -r requirements/peers.txt
	@touch $@

.PHONY: help demo serve test test-citus fuzz chaos check verify proto docs bench fix lock clean
