# Ends a job and everything in its session: politely, then not. Needs: name, grace (seconds).
pid=$(cat "$dir/jobs/$name/pid" 2>/dev/null) || exit 0
[ -n "$pid" ] || exit 0
kill -TERM "-$pid" 2>/dev/null || exit 0
waited=0
while kill -0 "-$pid" 2>/dev/null; do
  [ "$waited" -ge $((grace * 10)) ] && break
  sleep 0.1
  waited=$((waited + 1))
done
kill -KILL "-$pid" 2>/dev/null
exit 0
