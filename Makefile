# wormhole: the front door. `make help` lists what it can do.
#
# Everything is incremental: dependencies are installed again only when the content of package-lock.json
# changed, sources are compiled again only when one of them is newer than dist/.

NODE    ?= node
NPM     ?= npm
PREFIX  ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
# systemd reads units, sysusers and tmpfiles under /usr/local/lib as well as under /usr/lib.
SYSTEMDDIR ?= $(PREFIX)/lib
# Extra compiler flags, e.g. TSCFLAGS=--noCheck for a build in the middle of a change.
TSCFLAGS ?=

BIN := node_modules/.bin
# A copy of the lock file that node_modules was installed from: compared by content, because a checkout
# changes times without changing anything else.
LOCK := node_modules/.wormhole-lock
BUILT := dist/.built
SOURCES := $(shell find src -type f ! -name '*.test.ts' 2>/dev/null)

# They only read the tree, so they may share a thread and its modules; that is half of their time.
RULES := --project unit --no-isolate --pool=threads --cache=false --reporter=minimal --no-color test/rules

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.PHONY: help build demo test test-unit test-functional test-kernel examples-kernel check format bench bench-peers bench-tunnel man install uninstall clean distclean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  Variables: PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) SYSCONFDIR=$(SYSCONFDIR) NODE=$(NODE) NPM=$(NPM)"

build: $(BUILT) ## Install dependencies if needed, compile, leave ./wormhole and ./wormholed runnable (default)

demo: build ## Connect a service that listens only inside its own namespace, in a private sandbox, in a minute
	@NODE='$(NODE)' scripts/demo.sh

test: ## Install what the tests need, run unit, conformance and functional tests, print the totals
	@scripts/test-deps.sh
	@$(MAKE) --no-print-directory build
	@NODE='$(NODE)' scripts/test.sh unit conformance functional kernel

test-unit: $(LOCK) ## Run the unit and rule tests only
	@NODE='$(NODE)' scripts/test.sh unit

test-functional: build ## Run the conformance and functional tests only (root; in a private network namespace)
	@NODE='$(NODE)' scripts/test.sh conformance functional

test-kernel: build ## Run the tests of kernel tunnels only, in virtual machines (root; WORMHOLE_MACHINE=qemu for one by QEMU)
	@scripts/test-deps.sh
	@NODE='$(NODE)' scripts/test.sh kernel

examples-kernel: build ## Run the examples with tunnels on a kernel with IPsec, in that virtual machine; takes five minutes (root)
	@scripts/test-deps.sh
	@scripts/build-mariadb-image.sh && scripts/build-image.sh dnsmasq wordpress && scripts/vm-deps.sh
	@WORMHOLE_EXAMPLES=all scripts/in-netns.sh '$(NODE)' node_modules/vitest/vitest.mjs run --project kernel --cache=false \
		--reporter=verbose test/kernel/examples </dev/null

check: build ## Check format, lint, types, the rules of test/rules, unused code and the package itself
	@echo "check: format"   && $(BIN)/biome check .
	@echo "check: lint"     && $(BIN)/oxlint
	@echo "check: types"    && $(BIN)/tsc -p tsconfig.json
	@echo "check: rules"    && $(NODE) node_modules/vitest/vitest.mjs run $(RULES)
	@echo "check: shell"    && for f in scripts/*.sh examples/run examples/*.sh test/systemd/*.sh .ci/run; do bash -n $$f || exit 1; done
	@echo "check: unused"   && $(BIN)/knip
	@echo "check: package"  && $(BIN)/publint --strict
	@echo "check: ok"

format: $(LOCK) ## Format everything and sort imports
	@$(BIN)/biome check --write .

bench: build ## Compare with haproxy, nginx, socat and others; writes bench/RESULTS.md (ARGS='--quick' for less)
	@$(NODE) bench/run.mjs $(ARGS)

bench-peers: build ## Compare between two hosts with stunnel, haproxy, ssh and socat; writes bench/peers/RESULTS.md (ARGS='--quick' for less)
	@$(NODE) bench/peers/run.mjs $(ARGS)

bench-tunnel: build ## Compare tunnels with ones made by hand, and count their cost; writes bench/tunnel/RESULTS.md (ARGS='--quick' for less)
	@$(NODE) bench/tunnel/run.mjs $(ARGS)

# The reverse tunnel of docs/quic.md, for trying it: certificates in dev/certs, everything on this machine.
.PHONY: start-server start-client start-client-tcp
CERTS := dev/certs
UPSTREAM ?= www.example.com:80
AS_AGENT := --server localhost:8888 --ca-file $(CERTS)/ca.crt --cert-file $(CERTS)/client.crt --cert-key $(CERTS)/client.key

start-server: build $(CERTS)/tls.key ## Run the server of a reverse tunnel (docs/quic.md): clients at 127.0.0.1:10443, agents at :8888
	@exec ./wormhole quic-server --verbose --listen-tcp 127.0.0.1:10443 --listen-quic 0.0.0.0:8888 \
		--cert-file $(CERTS)/tls.crt --cert-key $(CERTS)/tls.key --client-ca-file $(CERTS)/ca.crt

start-client: build $(CERTS)/tls.key ## Run an agent that serves HTTP CONNECT to that server's clients
	@exec ./wormhole quic-agent --verbose $(AS_AGENT)

start-client-tcp: build $(CERTS)/tls.key ## Run an agent that leads that server's clients to UPSTREAM=HOST:PORT
	@exec ./wormhole quic-agent --verbose $(AS_AGENT) --upstream $(UPSTREAM)

# Two of these may be called at the same moment, in two terminals.
$(CERTS)/tls.key: | build
	@flock .cache/certs.lock sh -c '[ -e $@ ] || ./wormhole certs $(CERTS)'

man: build ## Write the manual pages wormhole(1) and wormholed(8) into .cache/man; man .cache/man/man1/wormhole.1 shows one
	@'$(NODE)' scripts/man.mjs .cache/man

install: build ## Install programs, unit, completions, manual pages and an example configuration (honours DESTDIR and PREFIX)
	@NODE='$(NODE)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' SYSTEMDDIR='$(SYSTEMDDIR)' \
		scripts/install.sh

uninstall: ## Remove what install put there; keeps configuration, key and state
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSTEMDDIR='$(SYSTEMDDIR)' scripts/uninstall.sh

clean: ## Remove everything that a build made
	@rm -rf dist wormhole wormholed .cache bench/.build coverage

distclean: clean ## Remove the dependencies, too
	@rm -rf node_modules

# Nothing but the packages of the lock file is downloaded: install scripts stay off, the native part (koffi)
# comes prebuilt as a package of its own, and is loaded once here so that a missing one is noticed now.
$(LOCK): package-lock.json
	@if cmp -s package-lock.json $@; then touch $@; else scripts/install-deps.sh '$(NODE)' '$(NPM)' $@; fi

$(BUILT): $(LOCK) $(SOURCES) tsconfig.json tsconfig.build.json package.json scripts/build.sh scripts/plain-types.mjs scripts/pack.mjs
	@NODE='$(NODE)' TSCFLAGS='$(TSCFLAGS)' scripts/build.sh
