# Of the `KIND NAME` lines on standard input, prints those that this host does not have.
while read -r kind name; do
  docker "$kind" inspect --format . "$name" >/dev/null 2>"$dir/external.err" </dev/null && continue
  # An engine that does not answer has not said that it lacks anything.
  grep -qi 'no such' "$dir/external.err" && { printf '%s %s\n' "$kind" "$name"; continue; }
  grep -qi 'not found' "$dir/external.err" && { printf '%s %s\n' "$kind" "$name"; continue; }
  cat "$dir/external.err" >&2
  exit 1
done
exit 0
