# Claims published ports for this sandbox, all or none. Needs: ports (`tcp/5432`, …).
# Prints `claimed`, `held PORT RUN ABOUT` by a sandbox, or `foreign PORT HOLDER`.
rm -f "$dir/ports"
for other in "$root"/sandboxes/*/ports "$root"/sandboxes/*/numbers; do
  [ -e "$other" ] || continue
  owner=${other%/*}
  for port in $ports; do
    # A number of a sandbox's own is its own for every protocol.
    if grep -qx -e "$port" -e "${port#*/}" "$other"; then
      printf 'held %s %s %s\n' "${port#*/}" "${owner##*/}" "$(tr '\n' ' ' <"$owner/about")"
      exit 0
    fi
  done
done
processes=$(listening)
for port in $ports; do
  holder=$(printf '%s\n' "$containers" | grep "^$port " | head -n 1)
  if [ -n "$holder" ]; then
    printf '%s\n' "$holder" | {
      read -r _ run repo name
      if [ "$run" = - ]; then
        printf 'foreign %s container %s\n' "${port#*/}" "$name"
      else
        printf 'held %s %s %s\n' "${port#*/}" "$run" "$repo"
      fi
    }
    exit 0
  fi
  if printf '%s\n' "$processes" | grep -qx "$port"; then
    # Who it is can be seen only by its own user and root.
    process=$(ss -Hltnup "sport = :${port#*/}" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2)/p' | head -n 1)
    printf 'foreign %s process %s\n' "${port#*/}" "${process:-of another user}"
    exit 0
  fi
done
for port in $ports; do echo "$port"; done >"$dir/ports"
echo claimed
