#!/bin/sh
# The best script that we can write: one connection, one command for all that the host does, a look
# every 50 ms, no grace for containers that end.
# Needs: CONFIG (ssh's), HOST, PROJECT, PORT, PAGE (what is looked at), TEST; runs in the repo. BUILD comes first,
# here; VARIABLES are for Compose.
set -eu
sh -ec "${BUILD:-:}"
socket=$(mktemp -d)
on() { ssh -F "$CONFIG" -S "$socket/s" "$HOST" "$@"; }
dir=bench/$PROJECT
compose="cd $dir && PORT=$PORT ${VARIABLES:-} docker compose -p $PROJECT -f e2e/compose.yml"
trap 'on "$compose down -v --remove-orphans -t 0; cd && rm -rf $dir"
  ssh -F "$CONFIG" -S "$socket/s" -O exit "$HOST" 2>/dev/null
  rm -rf "$socket"' EXIT

ssh -F "$CONFIG" -S "$socket/s" -MNf "$HOST"
rsync -a --delete --exclude e2e/results --include '/target/' --include '/target/e2e-bin/***' --exclude '/target/*' --rsync-path "mkdir -p $dir && rsync" \
  -e "ssh -F $CONFIG -S $socket/s" ./ "$HOST:$dir/"
on "$compose up -d --build
  until curl -fsS -o /dev/null http://localhost:$PORT$PAGE 2>/dev/null; do sleep 0.05; done
  PORT=$PORT sh -c '$TEST'"
