# Drover's verbs. Each says what it does before it does it; Ctrl-C ends it and all that it started.
# CONTRIBUTING.md says more.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Programs are started where Cargo puts them: `cargo run` with fewer packages would build them again,
# with fewer features.
built := $(or $(CARGO_TARGET_DIR),target)
.PHONY: help demo test check bench clean toolchain

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

# Built in the dev profile, which the tests share: release takes 1.5 times the CPU time (423 s against
# 280 s for the libraries, measured), and a demo of two machines does not notice.
demo: toolchain ## two virtual machines, from power-on to a cluster (KEEP=1 leaves them running)
	@scripts/install-packages demo
	@echo "demo: building"
	@cargo build --locked --bins --package drover --package testbed --package e2e
	@tests/node/image/build
	@"$(built)/debug/demo"

test: toolchain ## install what tests need, then check, then every test
	@scripts/install-packages test
	@scripts/run-tests

check: toolchain ## formatting, lints, documentation
	@scripts/run-tests check

bench: toolchain ## the measurements of docs/benchmarks.md
	@scripts/install-packages bench
	@cargo build --locked --release --bins --package drover --package testbed --package bench
	@"$(built)/release/bench"

clean: ## remove what the others built and kept
	cargo clean
	rm -rf .cache tests/artefacts

toolchain:
	@command -v cargo >/dev/null || { \
	  echo "cargo is missing; get Rust from https://rustup.rs" >&2; exit 1; }
