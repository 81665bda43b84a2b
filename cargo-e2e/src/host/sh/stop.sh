# Ends every job and everything in its session: politely, then not. Needs: grace (seconds).
running() {
  for pid in "$dir"/jobs/*/pid; do
    [ -e "$pid" ] || continue
    pid=$(cat "$pid")
    kill -0 "-$pid" 2>/dev/null && echo "$pid"
  done
}
signal() { for pid in $(running); do kill "-$1" "-$pid" 2>/dev/null; done; }
signal TERM
waited=0
while [ -n "$(running)" ] && [ "$waited" -lt $((grace * 10)) ]; do
  sleep 0.1
  waited=$((waited + 1))
done
signal KILL
# Tests that run as a service outlive the command that runs it.
ones=$(docker ps -q --filter "label=cargo-e2e.run=$id" --filter label=com.docker.compose.oneoff=True)
# shellcheck disable=SC2086 # ids
[ -z "$ones" ] || docker rm -f -v $ones >/dev/null 2>&1
exit 0
