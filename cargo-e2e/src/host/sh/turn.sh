# Waits for the sandbox's turn, and says `PLACE WAITING SLOTS ASKED`: when the turn has come (0), when
# its place among the first has changed from `place_before`, and every ten seconds.
if ! { read -r asked ticket <"$lease/ticket"; } 2>/dev/null || ! booted; then
  echo '0 0 0 0'
  exit
fi
queue=${ticket%/*}
count_slots
quarters=0
while :; do
  fenced && gone
  if ! look; then
    # A folder like /tmp is swept now and then, and a guard may die: the next one signs anew.
    if ! guarded; then arm; elif ! sign "$guard" "$guard_since" && ! open_queue; then place=0; fi
    [ -n "$place" ] || look || place=$place_before
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
printf '%s\n' "$place" >"$dir/place.new" && mv "$dir/place.new" "$dir/place"
echo "$place $waiting $slots $asked"
