# Finds /24 networks in 10.208.0.0/12 that neither this host's routes nor Docker's networks nor
# another sandbox have. Needs: count. Prints them, one a line; fewer when there are no more.
exec 9>"$root/locks/subnets"
lock 9 20 || { echo "no turn at the lock within 20 s" >&2; exit 1; }
fenced && gone
rm -f "$dir/subnets"
# `ADDRESS/BITS` of everything that is routed or taken.
taken() {
  if command -v ip >/dev/null 2>&1; then
    ip -4 route show table all 2>/dev/null | awk '{ at = ($1 ~ /^[0-9]/) ? $1 : $2; if (at ~ /^[0-9]/) print at }'
  else
    # Little-endian hexadecimal: interface, network, gateway, …, mask.
    awk 'NR > 1 && $8 != "00000000" { print $2, $8 }' /proc/net/route | while read -r net mask; do
      bits=0
      for digit in $(printf '%s\n' "$mask" | sed 's/./& /g'); do
        case $digit in [Ff]) bits=$((bits + 4)) ;; [Ee]) bits=$((bits + 3)) ;; [Cc]) bits=$((bits + 2)) ;; 8) bits=$((bits + 1)) ;; esac
      done
      rest=${net#??}
      printf '%d.%d.%d.%d/%d\n' "0x${rest#????}" "0x$(printf '%s\n' "${rest#??}" | cut -c 1-2)" \
        "0x$(printf '%s\n' "$rest" | cut -c 1-2)" "0x$(printf '%s\n' "$net" | cut -c 1-2)" "$bits"
    done
  fi
  # One that goes away meanwhile takes its subnet with it; the others are still said.
  networks=$(docker network ls -q) || return 1
  # shellcheck disable=SC2086 # ids
  [ -z "$networks" ] || docker network inspect --format '{{range .IPAM.Config}}{{.Subnet}}
{{end}}' $networks 2>/dev/null
  cat "$root"/sandboxes/*/subnets 2>/dev/null
  return 0
}
ranges=$(taken) || exit 1
printf '%s\n' "$ranges" | awk -v count="$count" -v start="$(($(date +%s) * 7919 + $$))" '
  $1 ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(\/[0-9]+)?$/ {
    many = split($1, part, /[.\/]/)
    size = 2 ^ (32 - (many > 4 ? part[5] : 32))
    at = ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
    from[++ranges] = at - at % size
    to[ranges] = from[ranges] + size - 1
  }
  END {
    base = (10 * 256 + 208) * 65536
    for (step = 0; step < 4096 && found < count; step++) {
      index24 = (start + step) % 4096
      low = base + index24 * 256
      free = 1
      # A route to half of everything is a default one, and says nothing.
      for (i = 1; i <= ranges && free; i++)
        if (to[i] - from[i] < 33554432 && from[i] <= low + 255 && to[i] >= low) free = 0
      if (free) {
        printf "10.%d.%d.0/24\n", 208 + int(index24 / 256), index24 % 256
        found++
      }
    }
  }' >"$dir/subnets.new" && mv "$dir/subnets.new" "$dir/subnets" && cat "$dir/subnets"
