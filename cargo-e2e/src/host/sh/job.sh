# Runs the commands on standard input in a session of their own, and follows what they print.
# Their output and status are files, so that nothing is lost when a connection is.
# Needs: name. Their status is said as `status N` on standard error; any failure of this script
# itself is its own status, so that neither is taken for the other.
if fenced; then
  echo "the sandbox is being taken down by somebody else" >&2
  exit 75
fi
job=$dir/jobs/$name
rm -rf "$job" && mkdir "$job" && cat >"$job/commands" && : >"$job/output" || exit 1
# Half of them is not what was asked for: the connection broke while they were sent.
if [ "$(tail -n 1 "$job/commands")" != '# complete' ]; then
  echo "the commands did not arrive whole" >&2
  exit 75
fi
setsid sh -c '
  echo "$$" >"$0/pid.new" && mv "$0/pid.new" "$0/pid"
  [ -e "$0/../../fence" ] && exit 75
  sh "$0/commands" >"$0/output" 2>&1
  echo "$?" >"$0/status.new" && mv "$0/status.new" "$0/status"
' "$job" </dev/null >/dev/null 2>&1 &
started=$!
exec 3<"$job/output"
ended() {
  cat <&3
  echo "status $(cat "$job/status")" >&2
  exit 0
}
while :; do
  # Looked at before reading: what was written before the end is read after it.
  [ ! -e "$job/status" ] || ended
  if ! kill -0 "$started" 2>/dev/null; then
    [ ! -e "$job/status" ] || ended
    cat <&3
    if fenced; then
      echo "the sandbox was taken down by somebody else meanwhile" >&2
    else
      echo "it was killed, or its status could not be written: $(df -Pk "$dir" | tail -n 1)" >&2
    fi
    exit 75
  fi
  cat <&3
  sleep 0.05
done
