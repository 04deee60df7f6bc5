# The commands of the README. Everything that is missing on a Debian 12 machine with a Swift toolchain is installed.
#   make demo ARGS="--once --auto"     the main job on real virtual machines
#   make test                          the whole test suite          make test FILTER=PromQL   one room of it
#   make lint | release | bench | clean
.PHONY: demo test bench lint build release setup-build clean
SWIFT ?= swift
ARGS ?=
SECONDS ?= 60
# With Swift's libraries inside: a host needs this one file and Debian's C libraries, no toolchain.
RELEASE = -c release --scratch-path .build-release --static-swift-stdlib -Xswiftc -cross-module-optimization

demo: setup-build
	@.ci/setup demo
	@$(SWIFT) build --product evenkeel >&2
	@exec .build/debug/evenkeel demo $(ARGS)

build: setup-build
	$(SWIFT) build

release: setup-build
	$(SWIFT) build $(RELEASE) --product evenkeel

test: setup-build
	@.ci/setup test
	@SWIFT=$(SWIFT) .ci/test $(if $(FILTER),--filter $(FILTER))

bench: release
	.build-release/release/evenkeel bench ingest
	.build-release/release/evenkeel bench ingest --growth
	.build-release/release/evenkeel bench query
	@.ci/setup bench
	.build-release/release/evenkeel bench sample

lint:
	@.ci/setup
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Fuzz

# libFuzzer and AddressSanitizer come with the toolchain.
fuzz: setup-build
	EVENKEEL_FUZZ=1 $(SWIFT) build -c release --scratch-path .build-fuzz --product Fuzz \
		--sanitize fuzzer --sanitize address -Xswiftc -enable-testing
	@Fuzz/run $(SECONDS) $(TARGET)

# Each for SECONDS: whole days of fleets under faults, then the stores' faults and kills; ever new seeds.
soak: release
	@.ci/setup test
	.build-release/release/evenkeel simulate soak --seed $$(date +%s) --minutes $$(awk 'BEGIN { print $(SECONDS) / 60 }')
	EVENKEEL_SOAK_SECONDS=$(SECONDS) SWIFT=$(SWIFT) .ci/test --filter '/soak'

setup-build:
	@.ci/setup build

clean:
	rm -rf .build .build-release
