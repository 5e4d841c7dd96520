# Everything a user needs: `make demo` and `make test` on a fresh Debian 12. Each target installs what it misses.

BUILD := build
PYTHON := .venv/bin/python
SPIKELOOM := $(BUILD)/spikeloom
TRACES := traces/smollm2-135m
# Of configs/experiments/compare_model.yaml.
MODEL_TRACES := results/traces
# The reference model needs PyTorch; this version has a CPU build that is known to work.
TORCH ?= torch==2.13.0
# The improved method at the salient share that serves it best.
BEST := spikequant-improved:salient-share=0.05,group=64

# Settings of configs/experiments/compare_settings.yaml: folder of the export, then method and options.
SETTINGS := results/settings
FRONT := fp16/fp16 spikellm/spikellm w4a4-4/w4a4-gptq:activation-bits=4 w4a4-5/w4a4-gptq:activation-bits=5 \
  w4a4-6/w4a4-gptq:activation-bits=6 w4a4-7/w4a4-gptq:activation-bits=7 w4a4-8/w4a4-gptq:activation-bits=8 \
  atom-0.0625/atom:wide-share=0.0625 atom-0.125/atom:wide-share=0.125 spikequant-0.1/spikequant:salient-share=0.1 \
  improved-0.01/spikequant-improved:salient-share=0.01 improved-0.025/spikequant-improved:salient-share=0.025 \
  improved-0.05/spikequant-improved:salient-share=0.05 improved-0.1/spikequant-improved:salient-share=0.1 \
  improved-0.05-g64/spikequant-improved:salient-share=0.05,group=64
FRONT_WINDOWS := --calibration-windows 2
comma := ,
# method:name=value,name=value of $(1) as options of `spikeloom export`.
export_options = --method $(subst =, ,$(subst $(comma), --,$(subst :, --,$(1))))

BUILD_PACKAGES := cmake ninja-build ccache g++ libsystemc-dev libyaml-cpp-dev libboost-dev \
  libboost-program-options-dev nlohmann-json3-dev libssl-dev libgtest-dev librapidcheck-dev python3-venv
# Beside the SystemVerilog twins of blocks, and for operators alone.
TEST_PACKAGES := verilator iverilog
SYNTHESIS_PACKAGES := yosys opensta qflow-tech-osu018 iverilog
LINT_PACKAGES := clang-format-14
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Installs the Debian packages in $(1) that are missing.
define install_packages
	@missing=""; for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  echo "== installing Debian packages:$$missing"; \
	  $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

.PHONY: help
help:
	@echo "make demo      simulate a real decoder layer and show the energy report"
	@echo "make test      build everything and run every test"
	@echo "make verdict   a spiking chip beside its multiply-accumulate rivals: both bills, results/compare_smollm2; of"
	@echo "               all layers too, results/compare_model, where results/traces holds them"
	@echo "make model-traces  all layers of the default model, for \`make verdict\`, to results/traces"
	@echo "make front     energy against perplexity: a layer by every method in several settings, results/compare_settings"
	@echo "make build     the program build/spikeloom alone"
	@echo "make exporter  what \`spikeloom export\` and \`perplexity\` need: PyTorch, the default model and texts"
	@echo "make bench     measure host speed and memory (ratios within one run)"
	@echo "make trace     recompute the committed traces from the model and compare"
	@echo "make validate  slow checks: lockstep with SystemVerilog, the network against BookSim 2, traces, real layers"
	@echo "make lockstep  a million random cycles of blocks beside their SystemVerilog twins"
	@echo "make slurm     a small study of \`spikeloom explore\` through Slurm on this machine (root)"
	@echo "make table     measure the perplexity of every method and write the README's table"
	@echo "make sram      regenerate the SRAM price tables with CACTI"
	@echo "make operators regenerate the prices of operators by synthesis"
	@echo "make lint      formatting and lint"
	@echo "make venv      the Python environment with the package"
	@echo "make clean     remove build products and results"

.PHONY: packages
packages:
	$(call install_packages,$(BUILD_PACKAGES))

.PHONY: build
build: packages
	@[ -f $(BUILD)/build.ninja ] || { echo "== configuring"; cmake -S . -B $(BUILD) -G Ninja >/dev/null; }
	@echo "== building"
	@ninja -C $(BUILD) --quiet spikeloom

.PHONY: venv
venv: packages .venv/ready

.venv/ready: pyproject.toml
	@echo "== Python environment in .venv"
	@[ -x $(PYTHON) ] || python3 -m venv .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

.PHONY: demo
demo: build venv
	@echo "== simulating layer 15 of SmolLM2-135M"
	@$(SPIKELOOM) run configs/experiments/demo.yaml

# About 1,250 runs of one layer, a quarter of an hour of processor time; a stopped one goes on. Where the traces of the whole
# model are, 1,440 more, 20 minutes of processor time.
.PHONY: verdict
verdict: build venv
	@$(PYTHON) -m spikeloom compare configs/experiments/compare_smollm2.yaml
	@if [ -f $(MODEL_TRACES)/layer29.prefill64.safetensors ] && [ -f $(MODEL_TRACES)/layer29.decode1024.safetensors ]; then \
	  $(PYTHON) -m spikeloom compare configs/experiments/compare_model.yaml; \
	else \
	  echo "the whole model too, where $(MODEL_TRACES) holds its layers: \`make model-traces\` writes them (7 minutes)"; \
	fi

# Calibrates every setting on two windows, minutes each where .cache does not hold it; a stopped one goes on.
.PHONY: front
front: exporter
	@$(foreach one,$(FRONT),$(PYTHON) -m spikeloom export $(call export_options,$(notdir $(one))) --layers 15 --tokens 32 \
	  --decode 128 $(FRONT_WINDOWS) -o $(SETTINGS)/$(patsubst %/,%,$(dir $(one))) &&) true
	@$(PYTHON) -m spikeloom compare configs/experiments/compare_settings.yaml

# The perplexities of those settings, to plots/example/settings.jsonl.
.PHONY: front-perplexity
front-perplexity: exporter
	@mkdir -p results
	@$(PYTHON) -m spikeloom perplexity --method $(notdir $(FRONT)) --text .cache/wikipedia.txt --windows 2 $(FRONT_WINDOWS) \
	  --json > $(SETTINGS).part && mv $(SETTINGS).part plots/example/settings.jsonl

.PHONY: test
test: build venv .venv/export test-build
	@echo "== C++ tests"
	@ctest --test-dir $(BUILD) --output-on-failure -j 2
	@echo "== Python tests"
	@$(PYTHON) -m pytest -q -n auto --maxprocesses 4 --dist loadfile tests/python

# Configured again where Verilator has just been installed.
.PHONY: test-build
test-build: build
	$(call install_packages,$(TEST_PACKAGES))
	@grep -q verilator_FOUND:INTERNAL=1 $(BUILD)/CMakeCache.txt || cmake -S . -B $(BUILD) -G Ninja >/dev/null
	@echo "== building the tests"
	@ninja -C $(BUILD) --quiet

# A million random cycles of every block beside its SystemVerilog twin.
.PHONY: lockstep
lockstep: test-build
	@cmake -S . -B $(BUILD) -DROUTER_ALL_SHAPES=ON >/dev/null && ninja -C $(BUILD) --quiet lockstep_router
	@for program in $(BUILD)/tests/lockstep/lockstep_*; do case $$program in *defect*) ;; *) $$program || exit;; esac; done

.PHONY: bench
bench: build venv test-build
	@$(PYTHON) tests/bench/bench.py --spikeloom $(SPIKELOOM) --kernel $(BUILD)/tests/int4_matvec --noc $(BUILD)/tests/noc_load --dram $(BUILD)/tests/dram_load

.venv/export: .venv/ready
	@echo "== PyTorch and transformers in .venv"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check '$(TORCH)'
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -e '.[export]'
	@touch $@

.PHONY: exporter
exporter: build venv .venv/export
	@$(PYTHON) -m spikeloom fetch

# About 7 minutes, calibration included.
.PHONY: model-traces
model-traces: exporter
	@$(PYTHON) -m spikeloom export --tokens 64 --decode 1024 -o $(MODEL_TRACES)

.PHONY: trace
trace: venv .venv/export
	@$(PYTHON) -m spikeloom fetch
	@for manifest in $(TRACES)/*/manifest.json; do $(PYTHON) -m spikeloom export --verify $$(dirname $$manifest) || exit; done

.PHONY: validate
validate: trace lockstep
	@$(PYTHON) tests/validate/network_curves.py --spikeloom $(SPIKELOOM)
	@$(PYTHON) tests/validate/real_model.py
	@$(PYTHON) tests/validate/exported_layers.py --spikeloom $(SPIKELOOM)
	@$(PYTHON) tests/validate/all_codes.py --spikeloom $(SPIKELOOM)

# A small study through Slurm on this machine alone: needs root, slurm-wlm and munge.
.PHONY: slurm
slurm: build venv
	$(call install_packages,slurm-wlm munge)
	@$(PYTHON) tests/validate/slurm_study.py

# About an hour and a half where no calibration is kept in .cache yet.
.PHONY: table
table: venv .venv/export
	@$(PYTHON) -m spikeloom fetch
	@$(PYTHON) -m spikeloom perplexity --method all $(BEST) --readme README.md

.PHONY: sram
sram: packages
	@python3 configs/energy/make_sram_table.py

.PHONY: operators
operators: venv
	$(call install_packages,$(SYNTHESIS_PACKAGES))
	@$(PYTHON) configs/energy/synthesize_operators.py

.PHONY: lint
lint: venv
	$(call install_packages,$(LINT_PACKAGES))
	@git ls-files '*.cpp' '*.h' | xargs clang-format-14 --dry-run -Werror
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

.PHONY: format
format: venv
	$(call install_packages,$(LINT_PACKAGES))
	@git ls-files '*.cpp' '*.h' | xargs clang-format-14 -i
	@$(PYTHON) -m ruff format .

.PHONY: clean
clean:
	rm -rf $(BUILD) results
