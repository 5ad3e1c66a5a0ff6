# `make run` serves; `make test` shows that it works. The other targets are for those who change it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
ARGS     ?=
FUZZTIME ?= 30s
COUNT    ?= 10
STEERED  := $(if $(filter 0,$(shell id -u)),SIDETONE_STEERED=required)

.PHONY: build run test deps lint unit fuzz bench soak listen clean

build: ## the static binary, bin/sidetone
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/sidetone ./cmd/sidetone

run: build ## build and serve; ARGS="-c FILE" names a configuration
	./bin/sidetone serve $(ARGS)

test: deps lint unit ## everything: linters, all tests with the race detector, real peers, each fuzz target shortly
	cmd/test/fuzz.sh 3s

deps: ## the programs that the tests drive; installed when we are root, named when not
	cmd/test/deps.sh

lint: ## gofmt, go vet, staticcheck
	@bad=$$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l); \
	if [ -n "$$bad" ]; then echo "gofmt would change:"; echo "$$bad"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# Phones that speak and listen in real time are judged by what they heard, so their packages get the machine to
# themselves, one after the other.
unit: ## all tests with the race detector; real peers must be there, and for root steered sockets
	SIDETONE_PEERS=required $(STEERED) $(GO) test -race -shuffle=on -timeout 15m $$($(GO) list ./... | grep -vE '^sidetone/(cmd|bench|relay/srtp)(/|$$)')
	SIDETONE_PEERS=required $(GO) test -race -shuffle=on -p 1 -timeout 20m ./relay/srtp ./bench/... ./cmd/...

fuzz: ## each fuzz target for FUZZTIME
	cmd/test/fuzz.sh $(FUZZTIME)

bench: ## all benchmarks, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

soak: build ## 5,000 calls of mixed features in ten minutes, all tests COUNT times in other orders, each fuzz target for two minutes, a burst and a long run over both kinds of sockets
	SIDETONE_SOAK=1 $(GO) test -race -run 'TestMixedFeaturesLeaveNothing|TestDripping' -timeout 1h -p 1 ./cmd/sidetone ./control/sip
	SIDETONE_PEERS=required SIDETONE_SOAK_PACKETS=5000000 SIDETONE_SOAK_ATTACK=10s $(GO) test -race -shuffle=on -p 1 -count=$(COUNT) -timeout 6h ./...
	cmd/test/fuzz.sh 2m
	for sockets in auto ports; do \
		bin/sidetone bench relay --peer none --sockets $$sockets --max sidetone.burst_silent_streams=0 \
			--max sidetone.lost_percent@60%=0 --max sidetone.p999_us@60%=5000 || exit 1; \
	done

listen: ## what the program makes heard, as WAV and spectrograms, into DIR (./listen): a conference, losses, music, tones, prompts
	cmd/test/listen.sh $(DIR)

clean:
	rm -rf bin
