# Starts the containers that Compose made, each as soon as what it waits for is so: Docker's events
# say when. What it prints is worded as Compose's own. Sets `compose_waits` where Compose must do the
# rest. Needs: project, order (a line each service: `SERVICE NEED…`, where a need is
# `CONDITION:REQUIRED:SERVICE`), scratch (a folder).
compose_waits=
rm -rf "$scratch" && mkdir "$scratch" && mkfifo "$scratch/events" || exit
exec 4<>"$scratch/events"
since=$(date +%s)
{
  trap 'kill "$!" 2>/dev/null; exit' TERM
  docker events --since "$since" --filter type=container --filter "label=com.docker.compose.project=$project" \
    --filter event=die --filter event=health_status --format '{{.ID}} {{.Action}}' &
  wait "$!"
  echo '- over'
} >&4 2>&1 &
events=$!
trap 'kill "$events" 2>/dev/null' EXIT
docker ps -a --no-trunc --filter "label=com.docker.compose.project=$project" \
  --format '{{.ID}} {{.Label "com.docker.compose.service"}} {{.Names}}' >"$scratch/containers" || exit

# of WORD: sets `id`, `service` and `name` of the container with this id or of this service.
of() {
  while read -r id service name; do
    if [ "$id" = "$1" ] || [ "$service" = "$1" ]; then return 0; fi
  done <"$scratch/containers"
  return 1
}
fail() {
  echo " Container $name  Error"
  echo "$1"
  exit 1
}
# Begins to start a service's container; its end comes as an event of ours.
begin() {
  : >"$scratch/$1.begun"
  if ! of "$1"; then
    compose_waits=yes
    return
  fi
  echo " Container $name  Starting"
  {
    docker start "$id" >/dev/null 2>"$scratch/$1.said"
    echo "$id ended $?"
  } >&4 &
}
# is_so CONDITION REQUIRED SERVICE
is_so() { [ -e "$scratch/$3.$1" ] || { [ "$2" = no ] && [ -e "$scratch/$3.failed" ]; }; }
# Begins all that waits for nothing any more. Fails when nothing is left to begin.
go_on() {
  left=
  while read -r waiting needs; do
    [ ! -e "$scratch/$waiting.begun" ] || continue
    may=yes
    for need in $needs; do
      condition=${need%%:*}
      need=${need#*:}
      is_so "$condition" "${need%%:*}" "${need#*:}" || may=
    done
    if [ -n "$may" ]; then begin "$waiting" </dev/null; else left=yes; fi
  done <<END
$order
END
  [ -n "$left" ]
}
# Whether any service that has not begun waits for this condition, and can't come without it.
is_needed() {
  while read -r waiting needs; do
    [ ! -e "$scratch/$waiting.begun" ] || continue
    case " $needs " in *" $1:yes:$service "*) return 0 ;; esac
  done <<END
$order
END
  return 1
}
# A container that ended is what somebody waited for, or never will be; one that comes back may be.
ended() {
  read -r status code <<END
$(docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$id" 2>/dev/null)
END
  [ "${status-}" = exited ] || return 0
  if [ "$code" = 0 ]; then : >"$scratch/$service.completed"; else : >"$scratch/$service.failed"; fi
  if [ "$code" != 0 ] && is_needed completed; then
    fail "service \"$service\" didn't complete successfully: exit $code"
  elif is_needed healthy && [ ! -e "$scratch/$service.healthy" ]; then
    fail "dependency failed to start: container $name exited ($code)"
  fi
}
go_on
running=0
total=$(printf '%s\n' "$order" | wc -l)
while [ -z "$compose_waits" ] && [ "$running" -lt "$total" ] && read -r id action detail <&4; do
  if [ "$action" = over ]; then compose_waits=yes; fi
  of "$id" || continue
  case $action in
    ended)
      if [ "$detail" != 0 ]; then
        fail "$(grep -v '^Error: failed to start containers' "$scratch/$service.said")"
      fi
      running=$((running + 1))
      : >"$scratch/$service.started"
      echo " Container $name  Started"
      ;;
    health_status:)
      case $detail in
        healthy) : >"$scratch/$service.healthy" ;;
        *)
          : >"$scratch/$service.failed"
          ! is_needed healthy || fail "dependency failed to start: container $name is unhealthy"
          ;;
      esac
      ;;
    die) ended ;;
  esac
  go_on
done
kill "$events" 2>/dev/null
trap - EXIT
exec 4>&-
