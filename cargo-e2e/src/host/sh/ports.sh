# Claims published ports for this sandbox, all or none, under one lock.
# Needs: ports (numbers). Prints `claimed`, `held PORT RUN REPO WHO` by a sandbox,
# or `foreign PORT HOLDER`.
exec 9>"$root/locks/ports"
flock -w 20 9 || { echo "no turn at the lock" >&2; exit 1; }
fenced && exit 75
rm -f "$dir/ports"
for other in "$root"/sandboxes/*/ports; do
  [ -e "$other" ] || continue
  owner=${other%/ports}
  for port in $ports; do
    if grep -qx "$port" "$other"; then
      printf 'held %s %s %s\n' "$port" "${owner##*/}" "$(tr '\n' ' ' <"$owner/about")"
      exit 0
    fi
  done
done
# Sandboxes of other users, and everybody else's containers and processes.
docker ps --format '{{.Ports}}	{{.Label "cargo-e2e.run"}}	{{.Label "cargo-e2e.repo"}}	{{.Names}}' >"$dir/published.tmp" || exit 1
listening=$(ss -Hltnp 2>/dev/null || cat /dev/null)
for port in $ports; do
  holder=$(grep -E "(^|[ :,])([0-9]+-)?$port->" "$dir/published.tmp" | head -n 1)
  if [ -n "$holder" ]; then
    run=$(printf '%s' "$holder" | cut -f2)
    if [ -n "$run" ]; then
      printf 'held %s %s %s\n' "$port" "$run" "$(printf '%s' "$holder" | cut -f3)"
    else
      printf 'foreign %s container %s\n' "$port" "$(printf '%s' "$holder" | cut -f4)"
    fi
    rm -f "$dir/published.tmp"
    exit 0
  fi
  line=$(printf '%s\n' "$listening" | awk -v end=":$port" 'substr($4, length($4) - length(end) + 1) == end { print; exit }')
  if [ -n "$line" ]; then
    process=$(printf '%s' "$line" | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2)/p')
    printf 'foreign %s process %s\n' "$port" "${process:-of another user}"
    rm -f "$dir/published.tmp"
    exit 0
  fi
done
rm -f "$dir/published.tmp"
for port in $ports; do echo "$port"; done >"$dir/ports"
echo claimed
