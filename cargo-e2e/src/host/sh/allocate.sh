# Gives this sandbox free ports of its own, from 20000 to 29999: below the ports that systems give
# to outgoing connections. Needs: count, avoid (numbers). Prints them, one a line.
rm -f "$dir/ports"
{
  cat "$root"/sandboxes/*/ports 2>/dev/null
  published | cut -d ' ' -f 1
  listening
  for port in $avoid; do echo "tcp/$port"; done
} | sed 's|.*/||' | awk -v count="$count" -v start="$(($(date +%s) * 7919 + $$))" '
  { used[$1] = 1 }
  END {
    for (step = 0; step < 10000 && found < count; step++) {
      port = 20000 + (start + step) % 10000
      if (!(port in used)) { print port; found++ }
    }
  }' >"$dir/ports.new" && mv "$dir/ports.new" "$dir/ports" && cat "$dir/ports"
