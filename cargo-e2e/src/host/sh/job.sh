# Runs the commands on standard input in a session of their own; follow.sh shows what they print.
# Their output and status are files, so that nothing is lost when a connection is.
# Commands that print more than `most` bytes are ended, with `much` as their status: a disk is
# others' too. Needs: name, key (of this attempt), most.
fenced && gone
job=$dir/jobs/$name
rm -rf "$job" && mkdir "$job" && cat >"$job/commands" && : >"$job/output" || exit 1
# Half of them is not what was asked for: the connection broke while they were sent.
if [ "$(tail -n 1 "$job/commands")" != '# complete' ]; then
  echo "the commands did not arrive whole" >&2
  exit 75
fi
# A full disk has no room for the status when it is known: it is written into this.
printf '%s\n' "$key" >"$job/key" && echo '    ' >"$job/status.new" || exit 1
setsid sh -c '
  echo "$$" >"$0/pid.new" && mv "$0/pid.new" "$0/pid"
  [ -e "$0/../../fence" ] && exit 75
  (
    # Its sleep goes with it: nothing stays when the commands have ended.
    trap "kill \$! 2>/dev/null; exit" TERM
    while :; do
      sleep 1 &
      wait "$!"
      [ "$(wc -c <"$0/output")" -gt "$1" ] || continue
      printf "%-4s\n" much 1<>"$0/status.new" && mv "$0/status.new" "$0/status"
      kill -KILL "-$$"
    done
  ) &
  watcher=$!
  sh "$0/commands" >"$0/output" 2>&1
  status=$?
  kill "$watcher" 2>/dev/null
  printf "%-4s\n" "$status" 1<>"$0/status.new" && mv "$0/status.new" "$0/status"
' "$job" "$most" </dev/null >/dev/null 2>&1 &
started=$!
offset=0
