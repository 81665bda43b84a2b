#!/bin/sh
# Tests of the running service. Prints one line a check; fails if any of them fails.
set -eu

base=http://localhost:8080
requests=20
failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# fetch PATH [CURL OPTION…]: "<status> <body>" on one line; status 000 when nothing answers.
fetch() {
  path=$1
  shift
  status=$(curl -sS --noproxy '*' --max-time 10 -o "$scratch/body" -w '%{http_code}' "$@" "$base$path") || true
  printf '%s %s\n' "$status" "$(cat "$scratch/body" 2>/dev/null)"
  rm -f "$scratch/body"
}

# check WHAT EXPECTED ACTUAL
check() {
  if [ "$2" = "$3" ]; then
    printf 'ok    %s\n' "$1"
  else
    printf 'FAIL  %s\n      expected: %s\n      got:      %s\n' "$1" "$2" "$3"
    failures=$((failures + 1))
  fi
}

check 'GET / greets' '200 Hello from a container!' "$(fetch /)"
check 'GET /healthz is ok' '200 ok' "$(fetch /healthz)"
check 'GET /nowhere is 404' '404 nothing here' "$(fetch /nowhere)"
check 'POST / is 405' '405 only GET' "$(fetch / -X POST -d hello)"

i=0
while [ "$i" -lt "$requests" ]; do
  i=$((i + 1))
  curl -s --noproxy '*' --max-time 10 -o "$scratch/greeting.$i" "$base/" &
done
wait
greeted=$(cat "$scratch"/greeting.* 2>/dev/null | grep -c '^Hello from a container!$') || true
check "$requests requests at once are all greeted" "$requests" "$greeted"

if [ "$failures" -gt 0 ]; then
  echo "failed checks: $failures"
  exit 1
fi
echo 'all checks passed'
