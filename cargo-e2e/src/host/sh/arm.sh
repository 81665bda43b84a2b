# Opens the scripts that deal with a sandbox's guard. Needs: root, id.
lease=$root/leases/$id
# Whether the guard lives. Sets `guard` to its pid.
guarded() {
  { read -r guard guard_since _ <"$lease/guard"; } 2>/dev/null || return 1
  lives "$guard" "$guard_since"
}
# Starts the guard, in nobody's session and with none of our files open. A second one ends at once.
arm() {
  (
    # Not the sandbox's to end: its own cookie is another.
    unset CARGO_E2E_RUN
    cd / || exit 1
    export CARGO_E2E_GUARD="$id"
    setsid sh "$lease/guard.sh" </dev/null >/dev/null 2>&1 6>&- 8>&- 9>&- &
  )
}
# Sets `clock` to seconds since this host was switched on, which no user can set.
clock() {
  clock=${clock:-0}
  { read -r uptime _ </proc/uptime; } 2>/dev/null && clock=${uptime%%.*}
}
