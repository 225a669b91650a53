# Everything that people and CI call. Each target installs what it needs through scripts/setup.
.DEFAULT_GOAL := help
.PHONY: help run build test check fmt e2e bench fuzz release setup web deny webrtc-direct

help:
	@echo 'make run      build and serve http://localhost:8080, data in ./data'
	@echo 'make build    target/release/kinora and target/release/kinora-transcoder'
	@echo 'make test     everything a release must pass'
	@echo 'make check    formatting, clippy, licences, svelte-check, eslint'
	@echo 'make fmt      format Rust and web'
	@echo 'make e2e      browser tests alone'
	@echo 'make bench    figures, as ratios beside nginx and the ffmpeg command line'
	@echo 'make fuzz     hostile input for the readers of what other servers and peers send, FUZZ_SECONDS (60) each'
	@echo 'make webrtc-direct  test what only programs with that feature have'
	@echo 'make release  an archive of the programs with their deployment files'

run: build
	target/release/kinora serve --data data --listen 127.0.0.1:8080 --public-url http://localhost:8080

build:
	scripts/setup build
	cd web && npm run build
	cargo build --release --locked -p kinora -p kinora-transcoder

# The pages are built first, since the program carries them; then everything Rust, then the clients and the browser
# against the program just built.
test:
	scripts/setup test
	cd web && npm run build && npm run check && npm run test && npm run budget
	cargo build --locked --workspace
	cargo test --locked --workspace
	target/clients/bin/python -m pytest -q -p no:cacheprovider tests/clients
	cd web && npm run e2e

check:
	scripts/setup test
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(MAKE) deny
	cd web && npm run check && npm run lint

deny:
	cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
	cargo deny check bans licenses sources

fmt:
	cargo fmt --all
	cd web && npm run fmt

e2e:
	scripts/setup test
	cd web && npm run build
	cargo build --locked --workspace
	cd web && npm run e2e

bench: build
	scripts/setup bench
	scripts/bench

fuzz:
	scripts/setup build
	scripts/fuzz

webrtc-direct:
	scripts/webrtc-direct

release: build
	scripts/release
