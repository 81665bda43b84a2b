# Ends every job and everything in its session: politely, then not. Needs: grace (seconds).
# Of a group that has ended, an init that is slow to reap leaves zombies, which can be signalled.
lives() {
  kill -0 "-$1" 2>/dev/null || return 1
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    # After the name, which may hold anything: state, parent, group.
    # shellcheck disable=SC2086 # words
    set -- "$1" ${line##*) }
    [ "$4" != "$1" ] || [ "$2" = Z ] || return 0
  done
  return 1
}
running() {
  for pid in "$dir"/jobs/*/pid; do
    [ -e "$pid" ] || continue
    pid=$(cat "$pid")
    ! lives "$pid" || echo "$pid"
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
