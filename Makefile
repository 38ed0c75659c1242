# Targets for working on orchestrate. `make` lists them.

.DEFAULT_GOAL := help
.PHONY: help build check test race vet staticcheck sim crash fuzz bench ci

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build bin/orchestrate
	go build -o bin/orchestrate ./cmd/orchestrate

check: vet staticcheck test ## vet, staticcheck and tests

vet: ## go vet, formatting and a tidy go.mod
	go vet ./...
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go mod tidy -diff
	cd planner/policytest && go vet ./... && go mod tidy -diff

staticcheck: ## staticcheck, as pinned in go.mod
	go tool staticcheck ./...

test: ## all tests
	go test ./...
	cd planner/policytest && go test ./...

race: ## all tests under the race detector
	go test -race ./...

SEEDS ?= 100000
FIRST ?= 1
sim: ## the simulation of the executor over SEEDS (default 100000) from FIRST
	GOGC=400 go test ./executor/simtest -run TestSim -seeds $(SEEDS) -first $(FIRST) -v -timeout 2h

CRASH ?=
crash: ## the program killed at each sync, around each request and 200 times at random (CRASH='-kills 0')
	go run ./scripts/crash $(CRASH)

FUZZTIME ?= 1m
fuzz: ## every fuzz target for FUZZTIME (default 1m)
	@set -e; for pkg in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

BENCH ?=
bench: ## whole commands on graphs of up to 100,000 nodes (BENCH='-sizes 1000'), then every benchmark
	go run ./scripts/bench $(BENCH)
	go test -run '^$$' -bench . -benchmem ./...

ci: ## what decides whether a change lands
	.ci/run
