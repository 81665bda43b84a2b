#!/bin/sh
# Compose alone on the machine where it runs: up, a look every 50 ms, the tests, down.
# Needs: PROJECT, PORT, PAGE (what is looked at), TEST; runs in the repo. BUILD comes first, VARIABLES are for
# Compose.
set -eu
sh -ec "${BUILD:-:}"
export PORT
# shellcheck disable=SC2086 # words
compose() { env ${VARIABLES:-} docker compose -p "$PROJECT" -f e2e/compose.yml "$@"; }
trap 'compose down -v --remove-orphans -t 0' EXIT

compose up -d --build
until curl -fsS -o /dev/null "http://localhost:$PORT$PAGE" 2>/dev/null; do sleep 0.05; done
sh -c "$TEST"
