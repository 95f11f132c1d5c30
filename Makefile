# The two commands of the README and what they stand on.
#
#   make demo    sets everything up and plays a whole call
#   make test    sets everything up and passes the tests

SHELL := /bin/bash
PACKAGES := gcc libc6-dev pkg-config libopus-dev libpocketsphinx-dev pocketsphinx-en-us flite espeak-ng ca-certificates
RUST := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
SCENARIO ?= refund-yes

.PHONY: demo test agents bench scenarios independent setup fmt lint

demo: setup
	cargo build --release
	./target/release/centralita demo $(SCENARIO)

# The tests over the wire wait in real time and hardly compute: many at once, whatever the number of cores.
test: setup
	cargo test --workspace --lib --bins
	cargo test -p centralita-core --test it
	RUST_TEST_THREADS=8 cargo test -p centralita --test it
	cargo test --workspace --doc

# The calls under `tests:` in the agents' files, played without a phone; seconds.
agents: setup
	cargo build
	./target/debug/centralita test

# The figures of docs/benchmarks.md, beside their targets; about twelve minutes. Let the machine be idle.
bench: setup
	cargo build --release
	cargo bench --bench handle
	@for name in handle audio sim replay turn barge-in load recording registry; do ./target/release/centralita bench $$name || exit; echo; done

# Every scenario once over the wire, four at a time (a debug build is slow), and three drawn calls, with stand-in speech.
scenarios: setup
	cargo build
	./target/debug/centralita demo all --speech stand-in --at-once 4
	./target/debug/centralita demo --seeds 3 --speech stand-in

# HTTP tools, OAuth 2 and MCP against services that others wrote, installed under target/; Python and node are needed.
independent: setup
	cargo build
	tests/independent/run

# Says what it will install, and asks before it becomes root. Where cargo is missing or too old, one line says what to do.
setup:
	@missing=(); for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing+=($$p); done; \
	if [ $${#missing[@]} -gt 0 ]; then \
	  echo "These Debian packages are missing and will be installed: $${missing[*]}"; \
	  if [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$${missing[@]}" >/dev/null; \
	  else \
	    read -r -p "Run sudo apt-get install for them? [y/N] " answer; \
	    [ "$$answer" = y ] && sudo apt-get update -qq && sudo apt-get install -y "$${missing[@]}"; \
	  fi; \
	fi
	@have=$$(cargo --version 2>/dev/null | cut -d' ' -f2); \
	if [ -z "$$have" ] || [ "$$(printf '%s\n' "$(RUST)" "$$have" | sort -V | head -n 1)" != "$(RUST)" ]; then \
	  echo "cargo $(RUST) or newer is needed (found: $${have:-none}). One line installs it:"; \
	  echo "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y"; \
	  exit 1; \
	fi

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
