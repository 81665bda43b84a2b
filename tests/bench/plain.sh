#!/bin/sh
# The script that a team writes in an afternoon: a fresh ssh for each step, a look every 2 s.
# Needs: CONFIG (ssh's), HOST, PROJECT, PORT, PAGE (what is looked at), TEST; runs in the repo. BUILD comes first,
# here; VARIABLES are for Compose.
set -eu
sh -ec "${BUILD:-:}"
on() { ssh -F "$CONFIG" "$HOST" "$@"; }
dir=bench/$PROJECT
compose="cd $dir && PORT=$PORT ${VARIABLES:-} docker compose -p $PROJECT -f e2e/compose.yml"
trap 'on "$compose down -v --remove-orphans; cd && rm -rf $dir"' EXIT

on "mkdir -p $dir"
rsync -a --delete --exclude e2e/results --include '/target/' --include '/target/e2e-bin/***' --exclude '/target/*' -e "ssh -F $CONFIG" ./ "$HOST:$dir/"
on "$compose up -d --build"
until on "curl -fsS -o /dev/null http://localhost:$PORT$PAGE"; do sleep 2; done
on "cd $dir && PORT=$PORT sh -c '$TEST'"
