# Everything a developer does here. All targets install what they need by themselves;
# taken for granted are Debian, Go, Node.js, make and git.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
LDFLAGS  = -s -w -X main.version=$(VERSION) -X main.date=$(DATE)

# How long `make fuzz` and `make test` stay with each fuzz target, and which ones (part of a name).
FUZZTIME ?= 2s
FUZZ     ?=
export FUZZTIME

# How often `make crash` kills the server on each database, and the seed of a run to repeat.
KILLS ?= 500
SEED  ?=

.DEFAULT_GOAL := build
.PHONY: build run test race crash check fmt generate fuzz bench bench-full tools clean help

build: ## build bin/ramier
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ramier ./cmd/ramier

run: build ## build, and start a sandbox with demonstration data
	bin/ramier sandbox --demo

test: ## all checks and tests, as CI runs them (10 to 15 minutes the first time)
	@scripts/test

race: tools ## all tests with the race detector (20 minutes)
	@scripts/with-postgres go test -race -timeout=30m ./...

crash: ## kill the server under load and count: make crash KILLS=500 SEED=7
	@scripts/with-postgres env RAMIER_CRASH_KILLS='$(KILLS)' RAMIER_CRASH_SEED='$(SEED)' \
		go test -count=1 -timeout=3h -v -run '^TestKills' ./internal/app

check: tools ## format, vet, lint, dead code, generated files, import rules
	@scripts/check

fmt: tools ## format the Go source
	@.tools/bin/golangci-lint fmt ./...

generate: tools ## write all generated files anew
	@scripts/generate

fuzz: ## run the fuzz targets: make fuzz FUZZTIME=5m FUZZ=smpp
	@scripts/with-postgres scripts/fuzz '$(FUZZTIME)' '$(FUZZ)'

bench: build ## measure speed on both databases, about 2 minutes: make bench ARGS='--profile bin/profiles'
	@scripts/bench $(ARGS)

bench-full: build ## everything: full stores, long queues, Kannel beside it, soaks of 10 minutes; about an hour
	@scripts/bench --scenario all $(ARGS)

tools: # install what checks and generators need
	@scripts/install-system
	@scripts/install-tools

clean: ## remove what was built or installed here
	rm -rf bin .tools e2e/node_modules

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
