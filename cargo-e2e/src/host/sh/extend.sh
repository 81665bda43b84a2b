# Keeps the sandbox for so long from now on, whether or not a client renews its lease.
# Needs: lifetime (seconds), shorten (no: never to less than it has).
fenced && gone
exec 9>"$root/locks/teardown-$id"
lock 9 5 || gone
if fenced; then
  # It ended meanwhile, and its lock with it: this one is new.
  [ -e "$dir" ] || rm -f "$root/locks/teardown-$id"
  gone
fi
expires=$(($(date +%s) + lifetime))
clock
until=$((clock + lifetime))
if [ "$shorten" = no ] && { read -r before <"$lease/kept"; } 2>/dev/null && [ "$before" -ge "$until" ]; then
  guarded || arm
  printf 'expires=%s\n' "$(cat "$dir/expires")"
  exit 0
fi
printf '%s\n' "$expires" >"$dir/expires.new" && mv "$dir/expires.new" "$dir/expires" || exit 1
printf '%s\n' "$until" >"$lease/kept.new" && mv "$lease/kept.new" "$lease/kept" || exit 1
guarded || arm
printf 'expires=%s\n' "$expires"
