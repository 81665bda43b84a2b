# Runs the commands on standard input in a session of their own, and follows what they print.
# Their output and status are files, so that nothing is lost when a connection is.
# Needs: name.
fenced && { echo "this sandbox is being taken down" >&2; exit 75; }
job=$dir/jobs/$name
rm -rf "$job" && mkdir "$job" && cat >"$job/commands" && : >"$job/output" || exit 1
# The variable marks every process of this sandbox for teardown, however it detaches itself.
CARGO_E2E_RUN=$id setsid sh -c '
  echo "$$" >"$0/pid.new" && mv "$0/pid.new" "$0/pid"
  [ -e "$0/../../fence" ] && exit 75
  sh "$0/commands" >"$0/output" 2>&1
  echo "$?" >"$0/status.new" && mv "$0/status.new" "$0/status"
' "$job" </dev/null >/dev/null 2>&1 &
started=$!
exec 3<"$job/output"
while :; do
  # Looked at before reading: what was written before the end is read after it.
  if [ -e "$job/status" ]; then
    cat <&3
    exit "$(cat "$job/status")"
  fi
  if ! kill -0 "$started" 2>/dev/null; then
    cat <&3
    [ -e "$job/status" ] && exit "$(cat "$job/status")"
    echo "it was killed" >&2
    exit 137
  fi
  cat <&3
  sleep 0.05
done
