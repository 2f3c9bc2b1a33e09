# Everything a developer or CI runs. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV := .venv
CARGO := cargo

.PHONY: help setup build demo lab test check fmt lint deny schema update-model clean

help: ## Shows this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: $(VENV)/.installed ## Installs what the lab needs besides Rust, into .venv

$(VENV)/.installed: tests/lab/requirements.txt
	@command -v cargo >/dev/null || { echo "towpath needs Rust: https://rustup.rs" >&2; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "towpath's lab needs Python 3.11 or newer" >&2; exit 1; }
	python3 -m venv $(VENV) || { echo "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/lab/requirements.txt
	touch $@

build: ## Builds every binary, as the demo and the tests use them
	$(CARGO) build --workspace --bins

demo: setup build ## Tells the main story on this machine, in a minute
	target/debug/towpath-demo

lab: setup build ## The lab with the demo's services, kept running to try things out
	target/debug/towpath-demo --keep

test: setup build ## Every test: units and properties first, then stories through the lab
	$(CARGO) test --workspace

check: fmt lint deny test ## Format, lints, dependency policy and every test

fmt: ## Checks the format
	$(CARGO) fmt --all --check

lint: ## Lints
	$(CARGO) clippy --workspace --all-targets -- -D warnings

deny: ## Checks licences and sources of dependencies
	@if command -v cargo-deny >/dev/null; then cargo deny --offline check bans licenses sources; \
	else echo "deny: skipped, cargo-deny is not installed (cargo install cargo-deny)"; fi

clean: ## Removes everything that was built or installed here
	$(CARGO) clean
	rm -rf $(VENV) .lab
