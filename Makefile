SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CONFIGURATION ?= Release
DOTNET := dotnet
export DOTNET_NOLOGO := true
export DOTNET_CLI_TELEMETRY_OPTOUT := true
# Build servers outlive the build, and a script must leave no process running.
export MSBUILDDISABLENODEREUSE := 1
export DOTNET_CLI_USE_MSBUILD_SERVER := 0

.PHONY: help
help: ## Explain every target.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: publish ## Run the demo on a temporary real control plane. KEEP=1 leaves it running.
	$(DOTNET) run --project tests/DeployGuard.Rig -c $(CONFIGURATION) -- demo $(if $(KEEP),--keep)

.PHONY: test
test: build publish rig ## Run all tests, the end-to-end ones against a real API server.
	tests/run.sh $(CONFIGURATION)

.PHONY: test-unit
test-unit: build ## Run the tests that need no installed programs.
	tests/run.sh $(CONFIGURATION) --without-end-to-end

.PHONY: build
build: ## Build everything, warnings as errors.
	$(DOTNET) build DeployGuard.sln -c $(CONFIGURATION)

.PHONY: publish
publish: ## Publish the programs to artifacts/webhook and artifacts/cli.
	@echo "==> publishing the webhook and the command line (compiled ahead: about half a minute)"
	$(DOTNET) publish src/DeployGuard.Webhook -c Release -r linux-x64 -o artifacts/webhook -v quiet
	$(DOTNET) publish src/DeployGuard.Cli -c Release -r linux-x64 -o artifacts/cli -v quiet
	ln -sf deployguard artifacts/cli/kubectl-deployguard

.PHONY: rig
rig: ## Install the programs that the tests run: etcd, kube-apiserver, kubectl, helm, haproxy, Prometheus, docker-registry, tinyproxy, jq, cosign.
	@tests/DeployGuard.Rig/install.sh >/dev/null
	@tests/DeployGuard.Rig/signing-tools.sh >/dev/null

.PHONY: lint
lint: ## Check the format of the code, and that no comment is longer than 140 characters.
	$(DOTNET) tool restore
	$(DOTNET) csharpier check src tests
	@! git ls-files -z '*.cs' | xargs -0 awk 'length > 140 && /^ *\/\// {print FILENAME ":" FNR; found = 1} END {exit !found}' \
		|| { echo "lint: wrap these comments at 140 characters"; exit 1; }

.PHONY: format
format: ## Format the code.
	$(DOTNET) tool restore
	$(DOTNET) csharpier format src tests

.PHONY: lint-chart
lint-chart: rig ## Lint the chart, with its defaults and with every file of charts/deployguard/ci.
	@bin="$$(tests/DeployGuard.Rig/install.sh)" && for values in charts/deployguard/ci/*-values.yaml; do \
		"$$bin/helm" lint --strict --quiet charts/deployguard -f "$$values" || exit 1; done

.PHONY: bench
bench: publish rig ## Measure everything, to artifacts/bench.json. BASELINE=FILE of another run: fail if a ratio is worse beyond noise.
	$(DOTNET) run --project tests/DeployGuard.Benchmarks -c Release -- all $(if $(BASELINE),--baseline "$(abspath $(BASELINE))")

.PHONY: bench-report
bench-report: ## Write the tables of docs/performance.md from artifacts/bench.json.
	$(DOTNET) run --project tests/DeployGuard.Benchmarks -c Release -- report

.PHONY: docs
docs: build ## Generate docs from the code: docs/reasons.md, the chart's table of values.
	$(DOTNET) run --project src/DeployGuard.Cli -c $(CONFIGURATION) --no-build -- explain --markdown > docs/reasons.md
	tests/generated.sh readme > charts/deployguard/.README.new && mv charts/deployguard/.README.new charts/deployguard/README.md

.PHONY: manifests
manifests: rig ## Render manifests/install.yaml and manifests/flow-control.yaml from the chart.
	tests/generated.sh install > manifests/.install.new && mv manifests/.install.new manifests/install.yaml
	tests/generated.sh flow-control > manifests/.flow-control.new && mv manifests/.flow-control.new manifests/flow-control.yaml

.PHONY: check-made
check-made: build rig check-made-as-built ## Check that the files generated from the chart are current.

.PHONY: check-image
check-image: ## Run the commands of the Dockerfile for both architectures, without Docker.
	tests/image.sh $(ARCH)

.PHONY: audit
audit: ## List known vulnerabilities of the packages (needs a feed that provides them).
	$(DOTNET) list DeployGuard.sln package --vulnerable --include-transitive

.PHONY: release-cli
release-cli: ## Publish the command line for Linux, macOS and Windows, without .NET on the user's machine, to artifacts/release.
	.ci/release-cli.sh $(PLATFORMS)

.PHONY: release-dry-run
release-dry-run: rig ## Build the files of a release in artifacts/release, sign them with a temporary key, and verify them: docs/release.md.
	.ci/release-dry-run.sh

.PHONY: ci
ci: build ## Run the checks of CI. The tests come last, and their count is the last line.
	@$(MAKE) rig
	@$(MAKE) --jobs=$(SIDE_BY_SIDE) --output-sync=target lint lint-chart check-made-as-built check-arm64 publish
	CI=true tests/run.sh $(CONFIGURATION)

# The checks without tests mostly use one core each, so as many run at a time as there are cores.
SIDE_BY_SIDE := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)

.PHONY: check-arm64
check-arm64:
	@$(MAKE) check-image ARCH=arm64

.PHONY: check-made-as-built
check-made-as-built:
	tests/generated.sh check

.PHONY: clean
clean: ## Delete build outputs; programs installed for the tests stay.
	rm -rf artifacts
	find src tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
