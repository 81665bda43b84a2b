# Sets another lifetime from now on. Needs: lifetime (seconds).
expires=$(($(date +%s) + lifetime))
printf '%s\n' "$expires" >"$dir/expires.new" && mv "$dir/expires.new" "$dir/expires" || exit 1
printf 'expires=%s\n' "$expires"
