# Opens every script that works on one sandbox. Needs: root, id.
set -u
umask 077
dir=$root/sandboxes/$id
# Marks every process of this sandbox for teardown, however it detaches itself.
export CARGO_E2E_RUN="$id"
# The fence: once teardown has begun, nothing new starts for this sandbox.
fenced() { [ -e "$dir/fence" ] || [ ! -d "$dir" ]; }
# A rename, because a full disk may have no room for another file; where `:` can't write, dash ends.
# Where it is a link, what it points to is not ours to write to.
fence() {
  [ ! -L "$dir" ] || return 0
  mv "$dir/open" "$dir/fence" 2>/dev/null || (: >"$dir/fence") 2>/dev/null
}
# Says why there is nothing to work on any more.
gone() {
  why=
  { read -r why <"$root/leases/$id/why"; } 2>/dev/null || { read -r why <"$root/ended/$id"; } 2>/dev/null
  case $why in
    lease) echo "the client stopped renewing its lease, and its guard took it down" >&2 ;;
    deadline) echo "it exceeded the sum of all timeouts, and its guard took it down" >&2 ;;
    kept) echo "its lifetime is over, and its guard took it down" >&2 ;;
    expired | label) echo "it had expired, and \`cargo e2e gc\` removed it" >&2 ;;
    cancelled) echo "the scheduler ended its slot, and its guard took it down" >&2 ;;
    no_slot) echo "no slot of the scheduler held it, and its guard took it down: is the root the same on all nodes?" >&2 ;;
    interrupted) echo "its own run was interrupted, and removed it" >&2 ;;
    *) echo "it was removed by \`cargo e2e down\`" >&2 ;;
  esac
  exit 76
}
# Sets `since` to when a process began, in the kernel's ticks; fails when it has ended.
began() {
  since=
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The name may hold anything; what follows the last bracket is state, parent, …, start.
  # shellcheck disable=SC2086 # words
  set -- ${line##*) }
  [ "$1" != Z ] && since=${20}
}
# lives PID SINCE: whether it is still the process that began then. Pids come round again.
lives() { [ -n "${1-}" ] && began "$1" && [ "$since" = "${2-}" ]; }
# Sets `boot` to the name of this boot of the host; fails where this host does not say.
booted() {
  boot=
  { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
  boot=${boot%%-*}
  [ -n "$boot" ]
}
# lock FD SECONDS: not every flock can wait for a while.
lock() {
  tries=0
  until flock -n "$1"; do
    [ "$tries" -lt $(($2 * 10)) ] || return 1
    sleep 0.1
    tries=$((tries + 1))
  done
}
