# Gathers each container's log and state in files, and prints the states. Of a log that is longer
# only its end is there, in whole lines, and it is said: `long ID NAME`. Beside them: when containers
# began and ended. Needs: run, most (bytes).
mkdir -p "$dir/collected/logs" "$dir/collected/inspect" || exit 1
for name in prepare up setup; do
  rm -f "$dir/collected/$name-output.log"
  # Of several attempts there is only the last one.
  for job in "$dir/jobs/$run/$name".*; do
    [ ! -e "$job/output" ] || ln -f "$job/output" "$dir/collected/$name-output.log"
  done
done
log_of() {
  docker logs --timestamps "$1" 2>&1 | head -c "$((most + 1))" >"$2"
  [ "$(wc -c <"$2")" -gt "$most" ] || return 0
  docker logs --timestamps --tail 5000 "$1" 2>&1 | tail -c "$most" | sed 1d >"$2"
  echo "long $1 $3"
}
# Docker takes `0s` for the beginning of this second; what ended just now counts too.
until=$(date +%s.%N)
case $until in *[!0-9.]* | *.) until=0s ;; esac
# Of all its containers together the engine remembers few events.
docker events --since 720h --until "$until" --filter "label=cargo-e2e.run=$id" --filter type=container \
  --filter event=start --filter event=die \
  --format '{{.TimeNano}} {{.Action}} {{index .Actor.Attributes "com.docker.compose.service"}} {{index .Actor.Attributes "com.docker.compose.container-number"}} {{index .Actor.Attributes "exitCode"}}' \
  >"$dir/collected/container-events.log" 2>/dev/null &
docker ps -a --no-trunc --filter "label=cargo-e2e.run=$id" \
  --format '{{.ID}} {{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.container-number"}}' |
  {
    while read -r container service number; do
      # No service's name holds an @.
      name=$service
      [ "${number:-1}" = 1 ] || name=$service@$number
      log_of "$container" "$dir/collected/logs/$name.log" "$name" &
      docker inspect --type container "$container" >"$dir/collected/inspect/$name.json" &
    done
    wait
  } &
# Meanwhile; in memory, because a full disk has no room for them.
states=$(containers)
status=$?
wait
printf '%s\n' "$states"
# Beside the states: `usage ID BYTES MILLISECONDS` of each container that runs.
printf '%s\n' "$states" | sed -n 's/^{"[Ii]d":"\([0-9a-f]*\)".*"Pid":\([1-9][0-9]*\),.*/\1 \2/p' |
  while read -r container pid; do
    ! use_of "$pid" most || echo "usage $container ${memory:-0} ${cpu:-0}"
  done
exit "$status"
