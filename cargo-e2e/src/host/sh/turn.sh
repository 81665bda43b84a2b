# Waits for the sandbox's turn, and says `PLACE WAITING SLOTS ASKED`: when the turn has come (0), when
# its place among the first has changed from `place_before`, and every ten seconds.
{ read -r asked ticket <"$lease/ticket"; } 2>/dev/null || { echo '0 0 0 0'; exit; }
queue=${ticket%/*}
count_slots
quarters=0
while :; do
  fenced && gone
  # A folder like /tmp is swept now and then.
  if ! look; then
    # shellcheck disable=SC2174 # the folder above is there
    [ -d "$queue" ] || mkdir -m 1777 "$queue" 2>/dev/null
    guarded && sign "$guard" "$guard_since" && look || place=0
  fi
  if [ "$place" = 0 ] || [ "$quarters" -ge 40 ]; then break; fi
  if [ "$place" != "$place_before" ] && [ "$place" -le 9 ]; then break; fi
  # Who is far behind need not look often.
  pause=$place
  if [ "$pause" -gt 20 ]; then pause=20; fi
  sleep "$((pause / 4)).$((pause % 4 * 25))"
  quarters=$((quarters + pause))
done
# For `list`.
printf '%s\n' "$place" >"$dir/place"
echo "$place $waiting $slots $asked"
