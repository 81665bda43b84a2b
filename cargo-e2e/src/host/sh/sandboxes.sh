# Lists this user's sandboxes: `ID EXPIRES NOW CREATED STATE PLACE ALL RUNNING HEALTHY UNHEALTHY
# STARTING MEMORY CPU ABOUT` lines. STATE is `waiting`, `running`, `kept`, `in_use` or `removing`; PLACE is that in
# the queue, 0 for those whose turn has come; ALL to STARTING count containers, which use MEMORY (kB) now and have used CPU (milliseconds);
# ABOUT is JSON. And
# `others N`, how many other users have on this engine. Needs: root, engine_id; brief (yes: without
# what only Docker and other users' tickets say, for commands that look for one sandbox).
now=$(date +%s)
clock=0
{ read -r uptime _ </proc/uptime; } 2>/dev/null && clock=${uptime%%.*}
containers=
used=
if [ "$brief" != yes ]; then
  containers=$(docker ps -a --filter label=cargo-e2e.run --format '{{.Label "cargo-e2e.run"}} {{.Status}}')
  ids=$(docker ps -q --filter label=cargo-e2e.run)
  # shellcheck disable=SC2086 # ids
  used=$([ -z "$ids" ] || docker inspect --type container --format '{{index .Config.Labels "cargo-e2e.run"}} {{.State.Pid}}' $ids 2>/dev/null |
    while read -r run pid; do
      ! use_of "$pid" now || echo "$run uses $((${memory:-0} / 1024)) ${cpu:-0}"
    done)
fi
# Whether a run is in one that is kept: see hold.sh.
held() {
  { read -r _ until _ <"$root/leases/$1/holder"; } 2>/dev/null || return 1
  [ "$until" -gt "$clock" ] && [ "$until" -le $((clock + 3600)) ]
}
for dir in "$root"/sandboxes/*/; do
  [ -e "$dir/sentinel" ] || continue
  id=$(cat "$dir/sentinel")
  state=running
  place=0
  { read -r place <"$dir/place"; } 2>/dev/null
  case $place in '' | *[!0-9]*) place=0 ;; esac
  if [ "$place" != 0 ]; then state=waiting; fi
  if [ -e "$dir/fence" ]; then
    state=removing
  elif [ -e "$root/leases/$id/kept" ]; then
    state=kept
    if held "$id"; then state=in_use; fi
  fi
  counts='0 0 0 0 0 0 0'
  [ "$brief" = yes ] || counts=$(printf '%s\n' "$containers" "$used" | awk -v id="$id" '
    $1 != id { next }
    $2 == "uses" {
      memory += $3
      cpu += $4
      next
    }
    {
      all++
      if ($2 == "Up") running++
      if (/\(healthy\)/) healthy++
      if (/\(unhealthy\)/) unhealthy++
      if (/\(health: starting\)/) starting++
    }
    END { print all + 0, running + 0, healthy + 0, unhealthy + 0, starting + 0, memory + 0, cpu + 0 }')
  printf '%s %s %s %s %s %s %s %s\n' "$id" "$(cat "$dir/expires" 2>/dev/null || echo 0)" "$now" \
    "$(stat -c %Y "$dir/sentinel" 2>/dev/null || echo 0)" "$state" "$place" "$counts" "$(tr '\n' ' ' <"$dir/about")"
done
[ "$brief" != yes ] || exit 0
others=0
booted
for ticket_file in /tmp/cargo-e2e-queue-"$engine_id"/[0-9]*; do
  if [ ! -f "$ticket_file" ] || [ -e "$root/leases/${ticket_file##*.}" ]; then continue; fi
  { read -r of of_since asks of_boot _ <"$ticket_file"; } 2>/dev/null || continue
  ! counts "$ticket_file" "$of" "$of_since" "$of_boot" || others=$((others + 1))
done
echo "others $others"
