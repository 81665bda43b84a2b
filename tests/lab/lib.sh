# Shared by the scripts in this folder; sourced, never run.
# shellcheck shell=sh

# The lab's own messages go to stderr, so that stdout stays fit for `eval "$(tests/lab/env)"`.
say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Proves client, socket, rights and engine at once; `docker info` also starts every plugin.
engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# wait_until SECONDS COMMAND…: tries ten times a second; false when the time is up.
# A clock and not a counter, because the command itself may take long.
wait_until() {
  deadline=$(($(date +%s) + $1))
  shift
  until "$@"; do
    [ "$(date +%s)" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# quietly COMMAND…: shows the last words of a command that fails, nothing of one that works.
quietly() {
  log=$(mktemp)
  status=0
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" = 0 ] || tail -n 40 "$log" >&2
  rm -f "$log"
  [ "$status" = 0 ] || die "failed with status $status, the end of its output is above: $*"
}

# Where keys, known_hosts and ssh_config live: one lab a machine, whichever checkout asks.
lab_state() {
  folder=${E2E_LAB_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/e2e-lab}
  mkdir -p "$folder"
  chmod 700 "$folder"
  CDPATH='' cd -- "$folder" && pwd
}

# The Debian mirror that this machine itself uses. Read from apt, because a name
# written down here would be wrong behind the next proxy. $1 is the release's code name.
debian_mirror() {
  # The $(…) below is apt's own notation.
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -v release="$1" '$2 == release { print $1; exit }'
}
