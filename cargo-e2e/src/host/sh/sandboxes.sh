# Lists this user's sandboxes: `ID EXPIRES NOW CONTAINERS ABOUT` lines, ABOUT in JSON. Needs: root.
set -u
now=$(date +%s)
running=$(docker ps --filter label=cargo-e2e.run --format '{{.Label "cargo-e2e.run"}}')
for dir in "$root"/sandboxes/*/; do
  [ -e "$dir/sentinel" ] || continue
  id=$(cat "$dir/sentinel")
  printf '%s %s %s %s %s\n' "$id" "$(cat "$dir/expires" 2>/dev/null || echo 0)" "$now" \
    "$(printf '%s\n' "$running" | grep -cx "$id")" "$(tr '\n' ' ' <"$dir/about")"
done
