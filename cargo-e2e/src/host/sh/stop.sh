# Ends jobs that run, and everything in their sessions: politely, then not. Needs: run; whose (its
# own jobs are those of `run`; `any`: also those that an earlier run left); grace (seconds).
# What a job that has ended leaves in its session, such as a server that setup_command started, is
# the sandbox's.
# Of a group that has ended, an init that is slow to reap leaves zombies, which can be signalled.
group_lives() {
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
leaders=
for job in "$dir"/jobs/*/*; do
  case $job in
    "$dir/jobs/$run"/*) ;;
    *) [ "$whose" = any ] || continue ;;
  esac
  ! runs "$job" || leaders="$leaders $leader"
done
# The leader may end before those that it leads.
running() { for leader in $leaders; do ! group_lives "$leader" || echo "$leader"; done; }
signal() { for leader in $(running); do kill "-$1" "-$leader" 2>/dev/null; done; }
signal TERM
waited=0
while [ -n "$(running)" ] && [ "$waited" -lt $((grace * 10)) ]; do
  sleep 0.1
  waited=$((waited + 1))
done
signal KILL
# Tests that run as a service outlive the command that runs it.
theirs=cargo-e2e.for
[ "$whose" = any ] || theirs=$theirs=$run
ones=$(docker ps -q --filter "label=cargo-e2e.run=$id" --filter "label=$theirs")
# shellcheck disable=SC2086 # ids
[ -z "$ones" ] || docker rm -f -v $ones >/dev/null 2>&1
exit 0
