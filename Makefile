# `make demo` and `make test` set up what is missing and go; `make e2e REPO=slug` runs a repo's tests.
.POSIX:
SHELL = /bin/sh

N = 200
PAIRS = 7
ONLY =
T = 600
TARGETS =
REPO =
HOST =
KEEP =
# Where `make e2e` looks for repos: a list of folders, separated by spaces.
REPOS_DIR = examples ..

.PHONY: help demo test long e2e lint cluster cluster-tests cluster-packing cluster-scale faults soak queue bench big page fuzz canaries runners failures docs

help:
	@echo 'make demo                    set up a lab host here and run examples on it and here'
	@echo 'make test                    set up and run the whole suite'
	@echo 'make long                    set up and run the tests that `make test` leaves out'
	@echo 'make e2e REPO=slug           run that repo'"'"'s end-to-end tests; HOST=name, KEEP=1'
	@echo 'make cluster                 make a Slurm cluster and a swarm of containers here, and print commands to try'
	@echo 'make cluster-tests           place runs on both, kill what can be killed, and print figures'
	@echo 'make cluster-packing         send 60 runs to 6 slots, and print where the time of the slots went'
	@echo 'make cluster-scale           ask a Slurm of 1,000 nodes for 12 a second, and print what a grant takes'
	@echo 'make faults                  kill everything that can be killed, and print what was left'
	@echo 'make soak N=200              kill so many runs at random moments'
	@echo 'make queue N=200            send N runs with mixed needs through one queue, and kill a tenth'
	@echo 'make bench PAIRS=7 ONLY=name compare runs with scripts written by hand; ONLY names scenarios'
	@echo 'make big                     what a run with much output costs in memory and time'
	@echo 'make page                    how fast the page of 5,000 tests and a million log lines is'
	@echo 'make fuzz T=600              feed made-up input to all that reads, T seconds a target; TARGETS=name'
	@echo 'make canaries                look for secrets of every shape in all that runs leave'
	@echo 'make runners                 retries and --last-failed with runners of PyPI and npm'
	@echo 'make failures                seeded failures over real runners: where each is explained'
	@echo 'make lint                    formatting, clippy, shellcheck; cargo deny and linters of CI files where installed'
	@echo 'make docs                    build the book of docs/ into target/book, with mdbook'

demo:
	@sh scripts/demo

test:
	@sh scripts/test

long:
	@sh scripts/long

lint:
	@sh scripts/lint

e2e:
	@sh scripts/e2e "$(REPO)" "$(HOST)" "$(KEEP)" "$(REPOS_DIR)"

cluster:
	@sh scripts/cluster

cluster-tests:
	@sh scripts/cluster tests

cluster-packing:
	@sh scripts/cluster packing

cluster-scale:
	@sh scripts/cluster scale

faults:
	@E2E_FAULTS=all sh scripts/faults

soak:
	@E2E_SOAK=$(N) sh scripts/faults

queue:
	@E2E_QUEUE=$(N) sh scripts/faults

bench:
	@sh scripts/bench "$(PAIRS)" "$(ONLY)"

big:
	@sh scripts/big

page:
	@sh scripts/page

fuzz:
	@sh scripts/fuzz $(T) $(TARGETS)

canaries:
	@sh scripts/canaries

runners:
	@sh scripts/runners

failures:
	@sh scripts/failures

docs:
	@sh scripts/docs
