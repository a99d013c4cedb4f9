# Every command for people. `make help` lists them.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

TARGET := $(or $(CARGO_TARGET_DIR),target)
HOLDFAST := $(TARGET)/local/holdfast
STATE_DIR := $(or $(HOLDFAST_STATE_DIR),.holdfast)
SERVICES := flight booking payment
# `make generate` writes here.
API_DIR ?= api
SETTINGS_DOC ?= docs/settings.md
# Options of `make stress-test` and `make bench-*`, as ARGS="--scenario hot-sale --rate 5000 --seconds 30".
ARGS ?=
# The service whose database `make db-shell` opens.
DB ?= flights

.PHONY: help
help: ## List the commands
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
		while IFS="$$(printf '\t')" read -r name text; do printf '  %-16s %s\n' "$$name" "$$text"; done

# --- the local stack ---

.PHONY: run
run: servers binaries ## Run everything on this machine until Ctrl-C (installs and builds what is missing)
	@$(HOLDFAST) run

.PHONY: start
start: servers binaries ## The same in the background
	@$(HOLDFAST) start

.PHONY: stop
stop: $(HOLDFAST) ## Stop the stack
	@$(HOLDFAST) stop

.PHONY: status
status: $(HOLDFAST) ## Show the stack's processes and whether they are ready
	@$(HOLDFAST) status

.PHONY: db-reset
db-reset: servers binaries ## Delete all data and import the schedules again
	@$(HOLDFAST) reset

.PHONY: db-shell
db-shell: $(HOLDFAST) ## Open a database in psql: DB=flights, bookings or payments
	@$(HOLDFAST) psql $(DB)

.PHONY: audit
audit: ## Check the invariants across the running stack's three databases
	@cargo build --profile local -q -p holdfast
	@$(HOLDFAST) audit

.PHONY: logs
logs: $(HOLDFAST) ## Follow all logs
	@$(HOLDFAST) logs

# --- build and check ---

.PHONY: build
build: ## Build everything, optimized
	cargo build --release --workspace

.PHONY: test
test: ## Run all tests against a PostgreSQL and a Redis of their own
	@HOLDFAST_POSTGRES_URL= HOLDFAST_REDIS_URL= scripts/install-servers curl
	cargo build -p test-stack --bin with-test-servers
	$(TARGET)/debug/with-test-servers -- cargo test --workspace

.PHONY: fuzz
fuzz: ## Send the services random requests: at most 100,000 in at most a minute (HOLDFAST_FUZZ_* change that)
	@HOLDFAST_POSTGRES_URL= HOLDFAST_REDIS_URL= scripts/install-servers
	cargo build -p test-stack --bin with-test-servers
	HOLDFAST_FUZZ_REQUESTS=$(or $(HOLDFAST_FUZZ_REQUESTS),100000) \
	HOLDFAST_FUZZ_SECONDS=$(or $(HOLDFAST_FUZZ_SECONDS),60) \
	$(TARGET)/debug/with-test-servers -- \
		cargo test --workspace --test end_to_end fuzz::random_requests_get_documented_answers -- --exact --nocapture

.PHONY: test-browser
test-browser: ## Test the web pages in headless Chromium, on a stack of its own
	@HOLDFAST_POSTGRES_URL= HOLDFAST_REDIS_URL= scripts/install-servers
	@scripts/install-browser
	cargo build -p holdfast -p flight-service -p booking-service -p payment-service --bins
	cd tests/browser && npm ci --no-audit --no-fund
	node tests/browser/run.js $(TARGET)/debug

.PHONY: check
check: ## Check format, layers, lints, docs and generated files, as CI does
	cargo fmt --all --check
	scripts/check-layers --self-test
	scripts/check-layers
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
	scripts/check-generated

.PHONY: fmt
fmt: ## Format the code
	cargo fmt --all

.PHONY: lint
lint: ## Run clippy on all targets, warnings denied
	cargo clippy --workspace --all-targets -- -D warnings

.PHONY: deny
deny: cargo-deny ## Check dependencies: licences, bans, sources, and advisories if they can be fetched
	cargo deny --locked check licenses bans sources
	@if cargo deny fetch db; then \
		cargo deny check advisories; \
	else \
		echo "The advisory database can't be fetched here: advisories were not checked."; \
	fi

.PHONY: test-api
test-api: ## Lint the OpenAPI documents, and test the services against them (some minutes; installs tools)
	@HOLDFAST_POSTGRES_URL= HOLDFAST_REDIS_URL= scripts/install-servers
	@scripts/test-api

.PHONY: generate
generate: ## Generate api/*.yaml from the code, docs/settings.md from the defaults
	@mkdir -p $(API_DIR)
	@for service in $(SERVICES); do \
		cargo run -q -p $$service-service -- openapi > $(API_DIR)/$$service-service.yaml.next && \
		mv $(API_DIR)/$$service-service.yaml.next $(API_DIR)/$$service-service.yaml || exit 1; \
	done
	@scripts/settings-doc > $(SETTINGS_DOC)

.PHONY: clean
clean: ## Delete build output and the local stack's data (refused while it runs)
	@if [ -d "$(STATE_DIR)" ]; then $(MAKE) $(HOLDFAST) && $(HOLDFAST) remove; fi
	cargo clean

# --- measure ---

.PHONY: stress-test
stress-test: servers ## Load all services, reconcile what was sold, write a report (3 minutes; ARGS="--help" has the options)
	cargo build --release -q -p flight-service -p booking-service -p payment-service -p stress-test \
		--bin flight-service --bin booking-service --bin payment-service --bin stress-test
	@HOLDFAST_COMMIT="$$(git rev-parse --short HEAD 2>/dev/null)" $(TARGET)/release/stress-test $(ARGS)

# All take ARGS too. `--bin-dir DIRECTORY`, given several times, measures several versions of the services in one run.
.PHONY: bench-inventory
bench-inventory: servers ## Measure the inventory against one transaction per request (4 minutes; let nothing else run)
	cargo build --release -p flight-service -p benches --bin flight-service --bin bench-inventory
	@$(TARGET)/release/bench-inventory $(ARGS)

.PHONY: bench-search
bench-search: servers ## Measure searches in memory, over HTTP and by SQL (4 minutes; let nothing else run)
	cargo build --release -p flight-service -p benches --bin flight-service --bin bench-search
	@$(TARGET)/release/bench-search $(ARGS)

.PHONY: bench-booking
bench-booking: servers ## Measure paid bookings through the three services (5 minutes; let nothing else run)
	cargo build --release -p flight-service -p booking-service -p payment-service -p benches \
		--bin flight-service --bin booking-service --bin payment-service --bin bench-booking
	@$(TARGET)/release/bench-booking $(ARGS)

.PHONY: bench-events
bench-events: servers ## Measure ticket sales over HTTP (4 minutes; let nothing else run)
	cargo build --release -p booking-service -p payment-service -p benches \
		--bin booking-service --bin payment-service --bin bench-events
	@$(TARGET)/release/bench-events $(ARGS)

.PHONY: bench-growth
bench-growth: servers ## Measure what a history of 10 million bookings costs (an hour, 75 GB of free disk; ARGS="--scale 0.01" is short)
	cargo build --release -p flight-service -p booking-service -p payment-service -p benches \
		--bin flight-service --bin booking-service --bin payment-service --bin bench-growth
	@$(TARGET)/release/bench-growth $(ARGS)

# --- set up ---

.PHONY: deps
deps: servers ## Install PostgreSQL and Redis if they are missing, and download the crates
	cargo fetch --locked

.PHONY: dev-setup
dev-setup: deps cargo-deny ## Also install the development tools
	rustup component add clippy rustfmt

# --- the deployment, with Docker ---

.PHONY: docker-up
docker-up: ## Build the images and start the deployment
	docker compose up -d --build

.PHONY: docker-down
docker-down: ## Stop the deployment; its volumes stay
	docker compose down

.PHONY: restart
restart: ## Restart the deployment's containers
	docker compose restart

# --- prerequisites of the commands above ---

.PHONY: servers
servers:
	@scripts/install-servers

.PHONY: binaries
binaries:
	@[ -x $(HOLDFAST) ] || echo "Building; the first time takes some minutes. The bar counts crates."
	@cargo build --profile local --bins -p holdfast $(SERVICES:%=-p %-service)

# Built only if missing: `make status` and `make stop` must not wait for a build.
$(HOLDFAST):
	@cargo build --profile local -p holdfast

# Unoptimized: it runs for a second, and builds in half the time.
.PHONY: cargo-deny
cargo-deny:
	@command -v cargo-deny >/dev/null 2>&1 || { \
		echo "Installing cargo-deny, which takes some minutes once."; \
		cargo install --locked --debug cargo-deny; }
