# Gathers each container's log and state in files, and prints the states. Of a log that is longer
# only its end is there, in whole lines, and it is said: `long ID NAME`. Beside them: when containers
# began and ended; and `usage ID BYTES MILLISECONDS` of each container that runs.
# Needs: run, most (bytes), over (yes where the sandbox goes after this: then its containers are ended while
# the files travel).
mkdir -p "$dir/collected/logs" "$dir/collected/inspect" || exit 1
for name in prepare up setup; do
  output=$dir/collected/$name-output.log
  [ ! -e "$output" ] || rm -f "$output"
  # Of several attempts there is only the last one.
  for job in "$dir/jobs/$run/$name".*; do
    [ ! -e "$job/output" ] || ln -f "$job/output" "$output"
  done
done
# Docker takes `0s` for the beginning of this second; what ended just now counts too.
until=$(date +%s.%N)
case $until in *[!0-9.]* | *.) until=0s ;; esac
# Of all its containers together the engine remembers few events.
docker events --since 720h --until "$until" --filter "label=cargo-e2e.run=$id" --filter type=container \
  --filter event=start --filter event=die \
  --format '{{.TimeNano}} {{.Action}} {{index .Actor.Attributes "com.docker.compose.service"}} {{index .Actor.Attributes "com.docker.compose.container-number"}} {{index .Actor.Attributes "exitCode"}}' \
  >"$dir/collected/container-events.log" 2>/dev/null &
works=$!
# In memory, because a full disk has no room for them.
states=$(containers)
status=$?
printf '%s\n' "$states"
log_of() {
  docker logs --timestamps "$1" 2>&1 | head -c "$((most + 1))" >"$2"
  [ "$(wc -c <"$2")" -gt "$most" ] || return 0
  docker logs --timestamps --tail 5000 "$1" 2>&1 | tail -c "$most" | sed 1d >"$2"
  echo "long $1 $3"
}
# read_state ID SERVICE NUMBER: sets `container`, `name`, `number` and `pid` to what the first of these keys, and
# of `Pid`, have in `state`.
read_state() {
  unset container name number pid
  key=
  last=
  IFS='"'
  for word in $state; do
    if [ "$last" = : ]; then
      case $key in
        "$1") container=${container-$word} ;;
        "$2") name=${name-$word} ;;
        "$3") number=${number-$word} ;;
      esac
    elif [ "$last" = Pid ]; then
      pid=${pid-$word}
    fi
    key=$last
    last=$word
  done
  unset IFS
}
running=
restarting=
# Words alone, not names of files.
set -f
IFS=$newline
for state in $states; do
  case $state in
    '{"Id":'*) read_state Id com.docker.compose.service com.docker.compose.container-number ;;
    '{"id":'*) read_state id service number ;;
    *) continue ;;
  esac
  name=${name-}
  # No service's name holds an @.
  [ "${number:-1}" = 1 ] || name=$name@$number
  case $state in
    '{"Id":'*) printf '[%s]\n' "$state" >"$dir/collected/inspect/$name.json" ;;
    *)
      docker inspect --type container "$container" >"$dir/collected/inspect/$name.json" &
      works="$works $!"
      ;;
  esac
  pid=${pid-}
  pid=${pid#:}
  pid=${pid%%,*}
  case $pid in
    '' | 0 | *[!0-9]*) ;;
    *)
      running="$running $container"
      ! use_of "$pid" most || echo "usage $container ${memory:-0} ${cpu:-0}"
      ;;
  esac
  case $state in *'olicy":{"Name":"'[!n\"]*) restarting="$restarting $container" ;; esac
  log_of "$container" "$dir/collected/logs/$name.log" "$name" &
  works="$works $!"
done
unset IFS
# shellcheck disable=SC2086 # pids
wait $works
# Not earlier: the engine answers nothing about a container that it ends.
# shellcheck disable=SC2086 # ids
if [ "$over" = yes ] && [ -n "$running" ]; then
  (
    # Not the sandbox's to end.
    unset CARGO_E2E_RUN
    [ -z "$restarting" ] || docker update --restart=no $restarting
    for container in $running; do
      { to_engine 30 -X POST "http://docker/containers/$container/kill" || docker kill "$container"; } &
    done
    wait
  ) </dev/null >/dev/null 2>&1 &
fi
exit "$status"
