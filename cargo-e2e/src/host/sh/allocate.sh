# Gives this sandbox free ports of its own, from 20000 to 29999: below the ports that systems give
# to outgoing connections. Needs: groups (how many in a row, each), avoid (numbers). Prints them,
# one a line.
[ ! -e "$dir/numbers" ] || rm -f "$dir/numbers"
seconds=$$
{ read -r seconds _ </proc/uptime; } 2>/dev/null
chosen=$({
  cat "$root"/sandboxes/*/ports "$root"/sandboxes/*/numbers 2>/dev/null
  printf '%s\n' "$containers"
  listening
  for port in $avoid; do echo "tcp/$port"; done
} | awk -v groups="$groups" -v start="$((${seconds%%.*} * 7919 + $$))" '
  { sub(/.*\//, "", $1); used[$1] = 1 }
  END {
    many = split(groups, size, " ")
    for (group = 1; group <= many; group++) {
      found = 0
      while (found < size[group] && step < 10000) {
        port = 20000 + (start + step++) % 10000
        if (port in used) { found = 0; continue }
        if (port != last + 1) found = 0
        if (found == 0) first = port
        last = port
        found++
      }
      if (found == size[group]) for (port = first; port <= last; port++) print port
    }
  }') && printf '%s\n' "$chosen" >"$dir/numbers.new" && mv "$dir/numbers.new" "$dir/numbers" && printf '%s\n' "$chosen"
