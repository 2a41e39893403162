# avsite: `make run` starts it, `make test` checks it. `make help` lists the rest.

PYTHON := .venv/bin/python
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q
.DEFAULT_GOAL := help
.PHONY: run test check e2e demo bench fmt lock clean help
export HOST PORT WITH

run: ## start everything and print a link that signs you in (HOST=127.0.0.1 PORT=8000 WITH=torch,asr,fake-heygen)
	@exec scripts/run

test: ## lint, types, unit, integration and browser tests; installs what they need
	@exec scripts/test

check: ## lint and types only
	@exec scripts/test lint types pages

e2e: ## only the tests in a real browser, against the whole running product
	@exec scripts/test e2e

demo: ## render a clip with no server and print where it is
	@exec scripts/demo

bench: ## print tables: renders against plain encoding, memory, mouth tracks, live avatars at the viewer
	@scripts/setup test && exec $(PYTHON) -m tests.bench

fmt: ## format the Python code
	@scripts/setup test && $(PYTHON) -m ruff check -q --fix-only . && $(PYTHON) -m ruff format .

lock: ## make the lock files anew from requirements/*.in
	$(COMPILE) --override requirements/overrides.txt requirements/base.in -o requirements/base.txt
	$(COMPILE) --override requirements/overrides.txt -c requirements/base.txt requirements/torch.in -o requirements/torch.txt
	$(COMPILE) --override requirements/overrides.txt -c requirements/torch.txt requirements/server.in -o requirements/server.txt
	$(COMPILE) --override requirements/overrides.txt -c requirements/torch.txt requirements/asr.in -o requirements/asr.txt
	$(COMPILE) --override requirements/overrides.txt -c requirements/torch.txt -c requirements/server.txt -c requirements/asr.txt requirements/dev.in -o requirements/dev.txt
	for tool in uv node redis go; do \
		$(COMPILE) --no-deps requirements/tools/$$tool.in -o requirements/tools/$$tool.txt || exit 1; done

clean: ## remove everything that was built or fetched; keeps var/, which holds your data
	rm -rf .venv .tools frontend/node_modules frontend/dist .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-7s %s\n' "$$name" "$$text"; done
