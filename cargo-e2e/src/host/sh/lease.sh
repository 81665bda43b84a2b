# Holds the sandbox for a run, and renews its lease, with each `beat N` on standard input. Says
# `held`; `held RUN` where that run was here before and did not leave by itself; `waiting RUN SINCE
# WHO` where it is still here; `unkept` where only its own run uses it; `ended WHY` when there is
# nothing to hold any more. `leaving` shortens the lease, `bye` gives it back and ends this script.
# Needs: sure (yes when the end of standard input is the end of the client).
ended() {
  echo "ended $(gone 2>&1)"
  exit 0
}
# Whether our own connection to sshd is established, by its two ports: where it broke or was closed,
# the kernel knows before sshd does.
connected() {
  # shellcheck disable=SC2086 # address port address port
  set -- ${SSH_CONNECTION-}
  [ "$#" = 4 ] || return 1
  awk -v there="$(printf ':%04X' "$2")" -v here="$(printf ':%04X' "$4")" '
    $4 == "01" && substr($2, length($2) - 4) == here && substr($3, length($3) - 4) == there { found = 1 }
    END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
# Whether the client, whose word does not come any more, is gone for sure: it was what this script's
# parent is; or the connection over which it spoke goes on without it.
is_gone() {
  looks=0
  if [ "$sure" = yes ]; then
    while lives "$PPID" "$born"; do
      [ "$looks" -lt 3 ] || return 1
      looks=$((looks + 1))
      sleep 1
    done
    return 0
  fi
  # A client that closes its connection needs a moment for it; one that lives speaks again.
  while [ "$looks" -lt 3 ]; do
    connected || return 1
    looks=$((looks + 1))
    sleep 1
  done
  connected
}
began "$PPID"
born=$since
# By way of a process that carries the cookie: teardown ends this script too, on a connection
# whose end went unnoticed.
cat | {
  { read -r count <"$lease/lease"; } 2>/dev/null
  left=
  while read -r word number; do
    if [ -e "$lease/why" ] || [ ! -e "$lease/sentinel" ] || fenced; then ended; fi
    case $word in
      beat)
        if [ "$run" != "$id" ] && [ ! -e "$lease/kept" ]; then
          echo unkept
          continue
        fi
        count=$number
        if ! alone take "$count" && ! { held_by && [ "$held_run" = "$run" ]; }; then
          if [ ! -e "$lease/sentinel" ]; then ended; fi
          echo "waiting ${held_run:--} ${held_since:-0} $held_who"
          continue
        fi
        ;;
      # Not every disk has room for it, and nothing is worse without it but the time it takes.
      leaving) (: >"$lease/leaving") 2>/dev/null ;;
      bye)
        alone leave "$count" bye
        echo bye
        exit 0
        ;;
    esac
    guarded || arm
    echo "held${left:+ $left}"
  done
  ! is_gone || alone leave "$count" gone
}
