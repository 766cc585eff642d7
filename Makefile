# martlet: what there is to do with it. Each target installs what it needs (scripts/bootstrap) and says so.

SWIFT_BUILD = swift build --explicit-target-dependency-import-check error
RELEASE = $(SWIFT_BUILD) -c release --static-swift-stdlib
# What tests need: lines in a crash's trace, no variables for a debugger, no index of what is not ours; they would cost a sixth of the time.
DEBUG = $(SWIFT_BUILD) -debug-info-format none -Xswiftc -gline-tables-only -Xswiftc -index-ignore-system-modules -Xswiftc -use-ld=lld
MARTLET = $(CURDIR)/.build/release/martlet
MANAGER = $(CURDIR)/.build/release/martlet-manager
PYTHON = .build/venv/bin/python
# What Python compiles is kept, whatever the environment says: each of the processes below would compile all of the tests for ten seconds.
PYTEST = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.build/compiled $(PYTHON) -m pytest -q
# Most of these tests wait; the tests of a file share what they start, and the longest files come first.
SIDE_BY_SIDE = -n 7 --dist loadfile --no-loadscope-reorder

.PHONY: run build monitor test e2e soak fuzz bench check docs dist clean

## run: the whole stack on this machine; your Proxmox clusters if martlet.yml names some, simulated ones if not
run: $(if $(findstring --with-manager,$(ARGS)),build,monitor)
	@exec $(MARTLET) up $(ARGS)

## build: .build/release/martlet and martlet-manager, and the library of simulated cards in .build/release/simulated
build: monitor
	$(RELEASE) --product martlet-manager

monitor:
	@scripts/bootstrap build run
	$(RELEASE) --product martlet
	@scripts/build-simulated-nvml .build/release/simulated

## test: everything that a change must pass; at most 25 minutes on two cores
# The manager is run as it is built for its tests.
test: monitor
	@scripts/bootstrap test
	@scripts/check
	$(DEBUG) --build-tests
	@scripts/check-fuzz-targets
	@scripts/unit-tests
	$(PYTEST) -m "alone and not e2e and not soak" Tests/EndToEnd
	$(PYTEST) $(SIDE_BY_SIDE) -m "not alone and not e2e and not soak" Tests/EndToEnd

## e2e: everything else that talks to real programs, with the shipped files' own times
e2e: build
	@scripts/bootstrap test e2e dist
	$(DEBUG) --product rpc-peer
	$(DEBUG) --product martlet-manager
	$(PYTEST) $(SIDE_BY_SIDE) -m "e2e and not alone" Tests/EndToEnd
	$(PYTEST) -m "e2e and alone" Tests/EndToEnd

## soak: long runs and crashes, fuzzing, and all unit tests under the address and the thread sanitizer
soak: build
	@scripts/bootstrap test e2e
	$(DEBUG) --product rpc-peer
	$(DEBUG) --product martlet-manager
	@scripts/check-sanitizers
	@scripts/fuzz
	EVERY_CASE=1 TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Support/thread-sanitizer.suppressions \
	    swift test --no-parallel --scratch-path .build/thread --sanitize=thread
	EVERY_CASE=1 ASAN_OPTIONS=detect_leaks=0 swift test --no-parallel --scratch-path .build/address --sanitize=address
	$(PYTEST) -s -m soak Tests/EndToEnd

## fuzz: a million inputs for each target of Fuzz/; ARGS="json --runs 5000000" for one of them and more
fuzz:
	@scripts/bootstrap build
	@scripts/fuzz $(ARGS)

## bench: tables beside peers from the same run
bench: build
	@scripts/bootstrap test bench e2e
	$(RELEASE) --product encoder-benchmark
	$(RELEASE) --product rpc-peer
	$(RELEASE) --product protobuf-echo
	$(RELEASE) --product manager-benchmark
	$(PYTHON) benchmarks/run.py

## check: format, layers, linkage, documentation
check: build
	@scripts/check

## docs: writes the pages that are made from the program
docs: build
	$(MARTLET) metrics --format markdown > docs/metrics.md
	$(MARTLET) metrics --llm-tables --format markdown > docs/llm-servers.md
	$(MARTLET) settings > docs/settings.md
	$(MARTLET) settings --format env > .env.example
	$(MANAGER) metrics --format markdown > docs/manager-metrics.md
	$(MANAGER) settings > docs/manager-settings.md
	$(MANAGER) objects > docs/objects.md
	$(MANAGER) crds --directory deploy/kubernetes/crds > /dev/null
	scripts/make-prometheus-rule

## dist: what is released, in dist/: tar.gz and Debian package of this machine's architecture, bill of materials, sums
dist: build
	@scripts/bootstrap dist
	@scripts/dist

clean:
	rm -rf .build dist
