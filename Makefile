# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# What developers and CI run. `make help` lists the targets.

BUILD ?= build
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=
GOMAPD := $(BUILD)/gomapd

.DEFAULT_GOAL := all
.PHONY: all arm64 demo test test-unit test-live test-faults test-targets test-deploy test-page test-package test-kernels support asan tsan \
        fuzz bench bench-peers performance-page lint format tidy install package reproducible sbom soak valgrind clean help deps toolchains

all: deps ## Install what is missing and build gomapd
	@cmake -S . -B $(BUILD) -G Ninja $(CMAKE_FLAGS) >$(BUILD).configure.log || { cat $(BUILD).configure.log; exit 1; }
	@rm -f $(BUILD).configure.log
	@cmake --build $(BUILD) -j $(JOBS) --target gomapd

demo: all ## Trace a bundled Go workload live for a few seconds and print the report (root)
	@scripts/demo.sh $(GOMAPD)

test: tests-built toolchains ## Run every test that this machine can run
	@scripts/deps.sh --test
	@scripts/test.sh $(BUILD)

test-unit: tests-built ## Run the tests that need no kernel and no root
	@scripts/test.sh $(BUILD) -LE 'live|targets|kernel'

test-live: tests-built toolchains ## Run the tests that trace our own Go programs (root)
	@scripts/test.sh $(BUILD) -L live

test-faults: tests-built toolchains ## Repeat what hosts do to programs and tracers as often as in a day (root, 15 minutes)
	@GOMAPD_FAULTS=full scripts/test.sh $(BUILD) -R Faults

test-targets: tests-built ## Run the tests that trace Go programs of others (root)
	@scripts/test.sh $(BUILD) -L targets

test-deploy: tests-built ## Run the tests of deploy/: unit, package, rules, dashboard, examples (root)
	@scripts/deps.sh --test
	@scripts/test.sh $(BUILD) -L deploy

test-page: tests-built toolchains ## Run the tests of the page in a headless Chromium (root for the real daemon)
	@scripts/deps.sh --test
	@scripts/test.sh $(BUILD) -L page

arm64: deps ## Build gomapd for arm64 with Debian's cross compiler: BUILD-arm64/gomapd
	@scripts/deps.sh --arm64
	@scripts/arm64-root.sh >/dev/null
	@cmake -S . -B $(BUILD)-arm64 -G Ninja -DGOMAPD_TESTS=OFF $(CMAKE_FLAGS) \
		-DCMAKE_TOOLCHAIN_FILE=cmake/arm64.cmake -DGOMAPD_ARM64_ROOT=$$(scripts/arm64-root.sh) \
		>$(BUILD)-arm64.configure.log || { cat $(BUILD)-arm64.configure.log; exit 1; }
	@rm -f $(BUILD)-arm64.configure.log
	@cmake --build $(BUILD)-arm64 -j $(JOBS) --target gomapd

# Of KERNELS, those for arm64 need a gomapd for it.
test-kernels: all $(if $(KERNELS),$(if $(filter %-arm64,$(KERNELS)),arm64),arm64) ## Count growths under Debian's kernels, 5.10 to 7 and arm64's, in QEMU; write docs/SUPPORT.md
	@scripts/deps.sh --kernels
	@cmake --build $(BUILD) -j $(JOBS) --target gomapd_program_budget_test
	@scripts/kernels_test.sh $(BUILD)

test-package: package ## Install, upgrade and purge the package in a clean Debian 12 (root)
	@scripts/package_test.sh $(BUILD)/gomapd_*.deb

support: tests-built toolchains ## Run every toolchain and build SUPPORT_RUNS times (20); write docs/SUPPORT.md (root)
	@scripts/deps.sh --support
	@scripts/support.sh $(BUILD)

asan: deps ## Unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory test-unit BUILD=$(BUILD)-asan CMAKE_FLAGS="--preset asan"

tsan: deps ## Unit tests under ThreadSanitizer
	@$(MAKE) --no-print-directory test-unit BUILD=$(BUILD)-tsan CMAKE_FLAGS="--preset tsan"

valgrind: all toolchains ## Run the short commands under valgrind (root for `report`)
	@scripts/deps.sh --test
	@scripts/valgrind.sh $(BUILD)

fuzz: ## Fuzz each parser for FUZZ_SECONDS (60), FUZZ_JOBS (1) at a time
	@scripts/deps.sh --fuzz
	@scripts/fuzz.sh $(BUILD)-fuzz

bench: bench-ready ## Time the pure parts by Google Benchmark (BENCH_FLAGS: its options)
	@cmake --build $(BUILD) -j $(JOBS) --target gomapd_bench
	@scripts/targets.sh kubectl >/dev/null || true
	@$(BUILD)/tests/bench/gomapd_bench $(BENCH_FLAGS)

PEERS = cmake --build $(BUILD) -j $(JOBS) --target gomapd_floor && \
	python3 -B tests/bench/peers/main.py $(BUILD) --rounds $(or $(ROUNDS),5)

bench-peers: bench-ready ## Time gomapd beside bpftrace, perf and empty programs, by turns: ROUNDS (5) (root)
	@$(PEERS)

performance-page: bench-ready ## The same, and write docs/PERFORMANCE.md from it (root)
	@$(PEERS) --page docs/PERFORMANCE.md

lint: ## Check formatting, clang-tidy's findings and the shell scripts
	@scripts/deps.sh --lint
	@scripts/lint.sh $(BUILD)

metrics-page: all ## Write METRICS.md from the table of metrics
	@cmake --build $(BUILD) --target gomapd_metrics_page
	@$(BUILD)/tests/metrics_page/gomapd_metrics_page >METRICS.md

page-vendor: ## Fetch the page's chart library again: the pinned version, its hash checked (npm)
	@scripts/page-vendor.sh

format: ## Format all C and C++ sources
	@scripts/deps.sh --lint
	@scripts/lint.sh --format

reproducible: deps ## Build gomapd twice, in two folders and with no network, and compare the bits
	@JOBS=$(JOBS) scripts/reproducible.sh

sbom: all ## Write the bill of materials, in SPDX's JSON: BUILD/gomapd.spdx.json
	@scripts/deps.sh --package
	@scripts/sbom.py $(BUILD) $(BUILD)/gomapd.spdx.json
	@echo $(BUILD)/gomapd.spdx.json

soak: all toolchains ## Run a busy host for SOAK_MINUTES (30); add a row to docs/SOAK.md (root)
	@python3 -B tests/soak/soak.py $(GOMAPD) --minutes $(or $(SOAK_MINUTES),30) --page docs/SOAK.md

install: all ## Install to DESTDIR/PREFIX (default /usr/local)
	@cmake --install $(BUILD) --component program --prefix $(DESTDIR)$(or $(PREFIX),/usr/local)

package: sbom ## Make the Debian package: BUILD/gomapd_VERSION_ARCHITECTURE.deb
	@scripts/deps.sh --package
	@rm -f $(BUILD)/gomapd_*.deb
	@cd $(BUILD) && cpack >package.log 2>&1 || { cat package.log; exit 1; }
	@ls $(BUILD)/gomapd_*.deb

clean: ## Remove what was built
	@rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz $(BUILD)-arm64

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: tests-built bench-ready
deps:
	@scripts/deps.sh

bench-ready: all
	@scripts/deps.sh --bench
	@cmake -S . -B $(BUILD) >/dev/null

tests-built: all
	@cmake --build $(BUILD) -j $(JOBS)

# Missing ones are named; their tests are then skipped, by name.
toolchains:
	@scripts/go-toolchains.sh 1.15 1.19 1.21 1.22 1.23 1.24 1.25 1.26 1.27 >/dev/null || true
