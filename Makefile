# SPDX-License-Identifier: Apache-2.0
# A thin front of Meson. `make run` and `make test` are all that most people need.
SHELL := /bin/bash
JOBS ?= $(shell nproc)

.PHONY: help deps build run test bench fuzz lint install clean

help:
	@echo "make run      install what is missing, build, start a node with sample data on http://127.0.0.1:8440"
	@echo "make test     install what is missing, build with sanitizers, run all tests"
	@echo "make build    the release binary: build/karaula"
	@echo "make bench    measure speed and size; results in bench/results.jsonl"
	@echo "make fuzz     fuzz every decoder for FUZZ_SECONDS (60) each"
	@echo "make lint     formatting and static analysis"
	@echo "make install  into PREFIX (/usr/local), DESTDIR respected"

deps:
	@tools/deps

build/build.ninja:
	@meson setup build -Doptimization=2 -Ddebug=false >/dev/null

build: deps build/build.ninja
	@ninja -C build -j $(JOBS) karaula

run: build
	@tools/run

test:
	@tools/deps test
	@tools/test

bench: build
	@bench/run

fuzz:
	@tools/deps test
	@fuzz/run

lint:
	@tools/deps test
	@tools/lint

install: build
	@meson install -C build

clean:
	rm -rf build build-asan build-tsan build-fuzz
