# Everything a developer or CI runs. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV := .venv
CARGO := cargo
# The modules' default too.
ARCHITECTURE ?= arm64

.PHONY: help setup build demo lab test simulation test-fast check fmt lint deny docs schema update-model check-models simulate bench fuzz package infra smoke deploy clean

help: ## Shows this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: $(VENV)/.installed ## Installs what the lab needs besides Rust, into .venv

$(VENV)/.installed: tests/lab/requirements.txt
	@command -v cargo >/dev/null || { echo "towpath needs Rust: https://rustup.rs" >&2; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "towpath's lab needs Python 3.11 or newer" >&2; exit 1; }
	@scripts/venv $(VENV)
	@echo "Installing what the lab needs into $(VENV) …"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/lab/requirements.txt
	@touch $@

build: ## Builds every binary, as the demo and the tests use them
	$(CARGO) build --locked --workspace --bins

demo: setup build ## Tells the main story on this machine, in a minute
	target/debug/towpath-demo

lab: setup build ## The lab with the demo's services, kept running to try things out
	target/debug/towpath-demo --keep

test: setup build ## Every test: units and properties, stories through the lab, Terraform modules where there are terraform and a mirror
	$(CARGO) test --locked --workspace --exclude towpath-simulation --no-fail-fast
	$(MAKE) simulation
	infra/tests/run --offline deployer target-account two-accounts

# Which random stories: the first ones where the seed is fixed, others each time where it is not.
FROM = $(if $(PROPTEST_RNG_SEED),0,$(shell od -An -N4 -tu4 /dev/urandom))
SIMULATE := target/simulation/examples/simulate 2>&1 >/dev/null

simulation: ## The deployer against a world in memory, in an optimised build: properties, planted bugs, every single fault, ten thousand random stories
	$(CARGO) test --locked --profile simulation --package towpath-simulation --features planted --no-fail-fast
	@SINGLES=all $(SIMULATE)
	@PAIRS=all EVERY=25 $(SIMULATE)
	@STORIES=10000 FROM=$(strip $(FROM)) $(SIMULATE)

test-fast: ## The units alone: no lab, no Python, half a minute once built
	$(CARGO) test --locked --workspace --lib --bins --no-fail-fast

check: fmt lint deny test ## Format, lints, dependency policy and every test

fmt: ## Checks the format
	$(CARGO) fmt --all --check

lint: ## Lints
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

deny: .tools/bin/cargo-deny ## Checks licences and sources of dependencies
	.tools/bin/cargo-deny --locked check bans licenses sources

.tools/bin/cargo-deny:
	$(CARGO) install --quiet --locked cargo-deny --version 0.20.2 --root .tools

docs: ## Writes the tables that documents repeat from infra/
	TOWPATH_WRITE_DOCS=1 $(CARGO) test -q --workspace --test documentation
	scripts/terraform-docs

schema: build ## Writes the schema and the reference of pipelines from the types
	target/debug/towpath schema > docs/schema/pipeline.schema.json
	target/debug/towpath schema --markdown > docs/pipelines.md

update-model: setup ## Takes AWS's models and what its actions need anew, and checks what we know of them
	scripts/update-model
	scripts/update-errors
	scripts/update-calls
	scripts/update-authorization
	$(CARGO) test --workspace model
	$(CARGO) test -p towpath-aws --lib call
	$(CARGO) test -p towpath-lab authorization

check-models: ## Says what AWS's newest models have that is not decided here, or have no more (asks PyPI)
	failed=0; for part in model errors calls authorization; do scripts/update-$$part --check || failed=1; done; exit $$failed

simulate: ## Tells a simulated run (SEED=n or CASE=scenario#call:fate, with BUG=name planted), or tries STORIES=n (FROM=n on), SINGLES=all or PAIRS=all of them (EVERY=nth)
	@$(CARGO) build -q --locked --profile simulation --package towpath-simulation --features planted --examples
	@SEED="$(SEED)" CASE="$(CASE)" STORIES="$(STORIES)" SINGLES="$(SINGLES)" PAIRS="$(PAIRS)" EVERY="$(EVERY)" BUG="$(BUG)" \
		$(SIMULATE)

bench: ## Rendering beside serde_json alone
	$(CARGO) bench -p towpath-taskdef --bench taskdef

fuzz: ## Five minutes of random task definitions (needs cargo-fuzz and a nightly toolchain)
	cd shared/taskdef && cargo +nightly fuzz run render -- -max_total_time=300

package: $(VENV)/.packaging ## One zip per function, ready for Lambda (ARCHITECTURE=arm64|x86_64)
	scripts/package --architecture $(ARCHITECTURE)

# cargo-lambda brings zig, which links for Lambda's processor and glibc wherever this runs.
$(VENV)/.packaging: $(VENV)/.installed
	$(VENV)/bin/pip install --quiet --disable-pip-version-check cargo-lambda==1.9.2
	touch $@

infra: setup ## Tests the Terraform modules, applies all of them to the lab, and tries releases there (ten minutes)
	$(CARGO) build --locked --workspace --bins
	infra/tests/run
	infra/smoke/run --lab

# PROFILE, REGION and TARGET_PROFILE lead to the accounts; the rest is asked.
SMOKE = --architecture $(ARCHITECTURE) $(if $(PROFILE),--profile $(PROFILE)) $(if $(REGION),--region $(REGION)) $(if $(TARGET_PROFILE),--target-profile $(TARGET_PROFILE))

smoke: setup ## One hour on AWS: installs, releases, asks AWS, destroys (docs/smoke.md; costs about half a dollar)
	infra/smoke/run --look $(SMOKE)
	$(MAKE) build package
	infra/smoke/run $(SMOKE)

deploy: ## Packages, then applies the Terraform configuration in DIR
	@test -n "$(DIR)" || { echo "name your configuration: make deploy DIR=infra/example" >&2; exit 1; }
	@command -v terraform >/dev/null || { echo "deploying needs Terraform 1.11 or newer" >&2; exit 1; }
	$(MAKE) package
	terraform -chdir=$(DIR) init
	terraform -chdir=$(DIR) apply

clean: ## Removes everything that was built or installed here
	$(CARGO) clean
	rm -rf $(VENV) .lab .tools  # .smoke stays: it may hold the state of what is in AWS
