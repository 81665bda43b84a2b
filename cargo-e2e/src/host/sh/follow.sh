# Follows what a job prints, from an offset on. Needs: run, name, key, offset (bytes); where this script
# began it, started and started_since (the job's process), own, and tail (yes where that is GNU's). The job's
# status is said as `status N` on standard error; any failure of this script itself is its own status, so
# that neither is taken for the other.
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
# Moves the descriptor that is read from.
[ "$offset" = 0 ] || dd bs=1 skip="$offset" count=0 <&3 2>/dev/null
# Prints until the job's process has ended.
print() {
  [ -z "${tail-}" ] || exec tail -c +1 -s 0.02 -f --pid="$started" <&3 2>/dev/null
  asleep=
  trap '[ -z "$asleep" ] || kill "$asleep" 2>/dev/null; exit' TERM
  looks=0
  # It ends by itself too: dash can lose a signal while it starts a process.
  while lives "$started" "$started_since"; do
    cat <&3
    # Quick commands end quickly; for long ones a fifth of a second is nothing.
    if [ "$looks" -lt 100 ]; then sleep 0.05 & else sleep 0.2 & fi
    asleep=$!
    wait "$asleep"
    asleep=
    looks=$((looks + 1))
  done
}
if lives "$started" "$started_since"; then
  print &
  printer=$!
  if [ -n "${own-}" ]; then
    # The end of a child of this script is noticed at once.
    wait "$started"
    [ -n "${tail-}" ] || kill "$printer" 2>/dev/null
  fi
  # Not while it prints: what it reads is read once.
  wait "$printer"
fi
# Of a process that has ended, all that it wrote is there.
cat <&3
if { read -r status <"$job/status"; } 2>/dev/null; then
  if [ "$status" = lost ]; then
    echo "what it printed could not be kept: $(df -Pk "$dir" | tail -n 1)" >&2
    exit 75
  fi
  echo "status $status" >&2
  exit 0
fi
fenced && gone
echo "it was killed, or failed to write its status: $(df -Pk "$dir" | tail -n 1)" >&2
exit 75
