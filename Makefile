# `make` alone shows what there is. Everything runs on the Node of node_modules, whatever the system has.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# Arguments of `make demo`, for example DEMO_ARGS="--report report.json --keep"; of `make bench`, `make sim`, likewise.
DEMO_ARGS ?=
BENCH_ARGS ?=
SIM_ARGS ?=
SOAK_ARGS ?=

RUN := PATH="$(CURDIR)/node_modules/.bin:$$PATH"
# A copy of the lock file that node_modules was made from.
INSTALLED := node_modules/.installed-lock.json
# What the lock file says, and nothing else. Not `npm ci`: that refuses a lock file without the optional packages of every
# other platform, which not every registry has.
# Scripts of packages do not run, whatever this npm knows of allowScripts; that of `node` puts its binary in place.
INSTALL := npm install --no-save --no-audit --no-fund --ignore-scripts && npm rebuild node

.PHONY: help
help: ## show this help
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'

.PHONY: setup
setup: ## check the tools of this machine, install the dependencies if the lock file has changed
	@./hack/preflight.sh
	@cmp -s package-lock.json $(INSTALLED) || { $(INSTALL) && cp package-lock.json $(INSTALLED); }
	@node_modules/.bin/node -e 'process.exit(process.versions.node.split(".")[0] >= 24 ? 0 : 1)' || { \
	  echo "node_modules has no Node 24: its install script did not run. Remove node_modules and try again." >&2; exit 1; }

.PHONY: control-planes
control-planes: setup ## build the Kubernetes control planes into the cache, once (about 9 minutes)
	@$(RUN) node hack/regions/cli.ts build

.PHONY: demo
demo: control-planes ## lose a zone and a region, and watch services fail over and come home (DEMO_ARGS="--help")
	@$(RUN) node hack/demo/demo.ts $(DEMO_ARGS)

.PHONY: check
check: setup ## types, format, lint, unit tests, generated files, import rules: under a minute
	@$(RUN) node hack/check.ts

.PHONY: test
test: setup ## everything that is tested: check, scenarios, simulation, integration on real API servers, real nodes
	@$(RUN) node hack/test.ts

.PHONY: e2e
e2e: setup ## real nodes, real pods and callers outside: regions are cut off, stopped and lost (needs Docker and root)
	@$(RUN) npm run --silent e2e

.PHONY: quick-start
quick-start: setup ## three clusters with real nodes, and a shell for docs/quick-start.md (needs Docker and root)
	@$(RUN) node hack/nodes/enclose.ts node hack/nodes/shell.ts --bare

.PHONY: sim
sim: setup ## histories with faults on virtual time (SIM_ARGS="--seed 7" replays one)
	@$(RUN) npm run --silent sim -- $(SIM_ARGS)

.PHONY: soak
soak: control-planes ## 100 failovers and switchbacks in a row, and what they leave behind (SOAK_ARGS="--cycles 12")
	@$(RUN) npm run --silent soak -- $(SOAK_ARGS)

.PHONY: bench
bench: control-planes ## measure what docs/performance.md shows
	@$(RUN) npm run --silent bench -- $(BENCH_ARGS)

.PHONY: generate
generate: setup ## write what is generated: CRDs, API reference
	@$(RUN) node hack/gen/main.ts

.PHONY: sbom
sbom: setup ## write the bill of materials of what runs, and tell what has changed in it
	@$(RUN) node hack/sbom.ts

.PHONY: image
image: setup ## make the image of the operator from local files, without Docker: switchback-image.tar
	@$(RUN) node hack/image/build.ts

.PHONY: chart-tools
chart-tools: setup ## build Helm, kubeconform and kube-score into the cache, once (a minute after the control planes)
	@$(RUN) node hack/tools/chart-tools.ts

.PHONY: regions-up
regions-up: control-planes ## boot a hub and two regions, and leave them running
	@$(RUN) node hack/regions/cli.ts up

.PHONY: regions-down
regions-down: setup ## end what regions-up booted
	@$(RUN) node hack/regions/cli.ts down

.PHONY: clean
clean: ## remove node_modules and what was written by tools; the cache of built control planes stays
	rm -rf node_modules dist coverage
