# The two commands of the README, and what they stand on.

.PHONY: test fmt lint
test:
	cargo test --workspace

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
