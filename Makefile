# SPDX-License-Identifier: Apache-2.0
# The face of the build; CMake (CMakePresets.json) does the work.
.PHONY: all demo test bench bench-store asan coverage aarch64 format figures clean help setup
.DEFAULT_GOAL := all

JOBS ?= $(shell nproc)
export JOBS

help: ## what there is to make
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

all: setup ## build the library and the command (build/release)
	scripts/build release

demo: setup ## make a real network four times smaller, and write a report on it
	scripts/build release hone
	scripts/demo

test: setup ## build everything and run all tests
	scripts/build release
	scripts/run-tests release

bench: setup ## results beside ONNX Runtime, then speed beside other engines: docs/performance.md
	scripts/build release hone
	scripts/bench

bench-store: ## size of updates beside bsdiff, xdelta3, zstd, on networks trained on (build/torchvenv)
	scripts/setup store
	scripts/build release hone
	scripts/bench-store

asan: setup ## all tests with the address and undefined-behaviour sanitizers
	scripts/build asan
	scripts/run-tests asan

coverage: ## all tests with line coverage; the table is in build/coverage/coverage.txt
	scripts/setup coverage
	scripts/build coverage
	scripts/run-tests coverage
	scripts/coverage

aarch64: ## the device runtime for ARM, its tests under qemu
	scripts/setup ci
	scripts/build aarch64
	scripts/run-tests aarch64

format: ## put every C file into the house's form
	git ls-files '*.c' '*.h' | xargs clang-format -i

figures: setup ## run the commands behind the README's figures and write them into it
	scripts/build release
	scripts/figures

clean: ## remove build/
	rm -rf build

setup:
	@scripts/setup
