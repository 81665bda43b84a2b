# Follows what a job prints, from an offset on. Needs: run, name, key, offset (bytes); started and
# started_since (the job's process), and own, where this script began it. The job's status is said as
# `status N` on standard error; any failure of this script itself is its own status, so that
# neither is taken for the other.
job=$dir/jobs/$run/$name.$key
if [ -z "${started-}" ]; then
  # The connection broke while it was asked for: it begins at once, or never.
  looks=0
  until { read -r started started_since <"$job/pid"; } 2>/dev/null; do
    fenced && gone
    if [ "$looks" -ge 30 ]; then
      echo "the connection was lost before the command started" >&2
      exit 75
    fi
    looks=$((looks + 1))
    sleep 0.1
  done
fi
exec 3<"$job/output"
# Moves the descriptor that cat reads from.
[ "$offset" = 0 ] || dd bs=1 skip="$offset" count=0 <&3 2>/dev/null
ended() {
  cat <&3
  read -r status <"$job/status"
  echo "status $status" >&2
  exit 0
}
if [ -n "${own-}" ]; then
  # The job is a child of this script, so `wait` notices its end sooner than a look would.
  (
    asleep=
    trap '[ -z "$asleep" ] || kill "$asleep" 2>/dev/null; exit' TERM
    looks=0
    # It ends by itself too: dash can lose a signal while it starts a process.
    while lives "$started" "$started_since"; do
      cat <&3
      if [ "$looks" -lt 100 ]; then sleep 0.05 & else sleep 0.2 & fi
      asleep=$!
      wait "$asleep"
      asleep=
      looks=$((looks + 1))
    done
  ) &
  printer=$!
  wait "$started"
  # Not while it prints: what it reads is read once.
  kill "$printer" 2>/dev/null
  wait "$printer"
fi
looks=0
while :; do
  # Looked at before reading: what was written before the end is read after it.
  [ ! -e "$job/status" ] || ended
  if ! lives "$started" "$started_since"; then
    [ ! -e "$job/status" ] || ended
    cat <&3
    fenced && gone
    echo "it was killed, or failed to write its status: $(df -Pk "$dir" | tail -n 1)" >&2
    exit 75
  fi
  cat <&3
  # Quick commands end quickly; for long ones a fifth of a second is nothing.
  if [ "$looks" -lt 100 ]; then sleep 0.05; else sleep 0.2; fi
  looks=$((looks + 1))
done
