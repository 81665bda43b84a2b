# Opens the scripts by which a run holds its sandbox: one run at a time is in it. Needs: run, who,
# patience (seconds).
# The holder is a line `RUN UNTIL COUNT SINCE WHO`, padded and written in place, because a full disk
# has no room for another file: the run; this host's clock after which nobody holds it, 0 when the
# holder left by itself; its last heartbeat; and for others to read, when it came and who it is.
holder=$lease/holder
# Runs a command while no other script reads or writes the holder.
alone() { { lock 9 5 && "$@"; } 9<>"$holder"; }
# Sets what the line says; fails when no run was ever here.
held_by() {
  held_who=
  { read -r held_run held_until held_count held_since held_who <"$holder"; } 2>/dev/null
  [ -n "$held_who" ]
}
# A reboot sets the clock back: no hold is longer than an hour.
is_free() { [ "$held_until" -le "$clock" ] || [ "$held_until" -gt $((clock + 3600)) ]; }
# hold_until UNTIL COUNT SINCE
hold_until() { printf '%-250.250s\n' "$run $1 $2 $3 $who" 1<>"$holder"; }
# Writes the lease: a heartbeat, or `gone`. One that is kept has none to renew.
renew() { [ "$run" != "$id" ] || printf '%-8s\n' "$1" 1<>"$lease/lease"; }
# take COUNT: holds it for `patience` from now on, or fails when another does. Sets `left` to the run
# that did not leave by itself, where one did not.
take() {
  clock
  left=
  here_since=$(date +%s)
  if held_by; then
    if [ "$held_run" = "$run" ]; then
      here_since=$held_since
    else
      is_free || return 1
      [ "$held_until" = 0 ] || left=$held_run
    fi
  fi
  hold_until "$((clock + patience))" "$1" "$here_since" && renew "$1"
}
# leave COUNT HOW: its run gives it up, unless a client has spoken since. HOW is `bye`, or
# `gone` where the run ended without a word, perhaps before its first one.
leave() {
  if ! held_by; then
    [ "$2" != gone ] || renew gone
    return
  fi
  [ "$held_run $held_count" = "$run $1" ] || return 1
  if [ "$2" = bye ]; then
    hold_until 0 "$1" "$held_since"
  else
    clock
    hold_until "$clock" "$1" "$held_since"
    renew gone
  fi
}
