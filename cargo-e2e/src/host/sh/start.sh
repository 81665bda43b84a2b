# Starts the containers that Compose made, each as soon as what it waits for is so: the engine's events
# say when. What it prints is worded as Compose's own. Sets `compose_waits` where Compose must do the
# rest, as for an engine that has no socket here. Needs: project, order (a line each service:
# `SERVICE NEED…`, where a need is `CONDITION:REQUIRED:SERVICE`), scratch (a folder); engine.sh, and for it
# start_root and start_id.
compose_waits=
rm -rf "$scratch" && mkdir "$scratch" && mkfifo "$scratch/events" || exit
exec 4<>"$scratch/events"
# In a shell of its own: these variables may be a compose file's too.
engine=$(
  root=$start_root
  id=$start_id
  find_socket && printf '%s\n' "$socket"
) || compose_waits=yes
# at_engine SECONDS ARGUMENTS…: of curl's.
at_engine() {
  seconds=$1
  shift
  curl -q -sSf --max-time "$seconds" --unix-socket "$engine" "$@" 2>/dev/null
}
label=\"com.docker.compose.project=$project\"
since=$(date +%s)
{
  trap 'kill "$!" 2>/dev/null; exit' TERM
  curl -q -sSf -N --unix-socket "$engine" -G -d since="$since" http://docker/events \
    --data-urlencode "filters={\"type\":[\"container\"],\"event\":[\"die\",\"health_status\"],\"label\":[$label]}" &
  wait "$!"
  echo '- over'
} >&4 2>/dev/null &
events=$!
trap 'kill "$events" 2>/dev/null' EXIT
# Prints `ID SERVICE NAME` of each container, by the words of the engine's list.
list_containers() (
  listed=$(at_engine 10 -G --data-urlencode "filters={\"label\":[$label]}" 'http://docker/containers/json?all=1') || exit
  w5='' w4='' w3='' w2='' w1=''
  set -f
  IFS='"'
  for word in $listed; do
    # Only a container's own id has its names behind it.
    case "$w2|$w1|$word" in
      ',|Names|:[') [ "$w5$w4" != Id: ] || id=$w3 ;;
      'Names|:[|'*) name=${word#/} ;;
      'com.docker.compose.service|:|'*) printf '%s %s %s\n' "$id" "$word" "$name" ;;
    esac
    w5=$w4 w4=$w3 w3=$w2 w2=$w1 w1=$word
  done
)
[ -n "$compose_waits" ] || list_containers >"$scratch/containers" || compose_waits=yes

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
    # What it refuses it is asked again, for the words of Docker's program.
    at_engine 0 -X POST "http://docker/containers/$id/start" || docker start "$id" >/dev/null 2>"$scratch/$1.said"
    # On a line of its own, also within one of the engine's that was written in two.
    printf '\n%s ended %s\n' "$id" "$?"
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
  state=$(at_engine 10 "http://docker/containers/$id/json") || return 0
  status=
  code=
  last=
  set -f
  IFS='"'
  for word in $state; do
    # Of each the first counts, which is the state's.
    case $last$word in
      Status:) status=${status:-next} ;;
      ExitCode:*)
        code=${word#:}
        code=${code%%,*}
        break
        ;;
      *) [ "$status" != next ] || status=$word ;;
    esac
    last=$word
  done
  unset IFS
  set +f
  [ "$status" = exited ] || return 0
  if [ "$code" = 0 ]; then : >"$scratch/$service.completed"; else : >"$scratch/$service.failed"; fi
  if [ "$code" != 0 ] && is_needed completed; then
    fail "service \"$service\" didn't complete successfully: exit $code"
  elif is_needed healthy && [ ! -e "$scratch/$service.healthy" ]; then
    fail "dependency failed to start: container $name exited ($code)"
  fi
}
[ -n "$compose_waits" ] || go_on
running=0
total=$(printf '%s\n' "$order" | wc -l)
while [ -z "$compose_waits" ] && [ "$running" -lt "$total" ] && read -r line <&4; do
  # The engine's own lines are JSON; `ID ended STATUS` is ours.
  case $line in
    '- over')
      compose_waits=yes
      continue
      ;;
    '{'*)
      id=${line#*'"Actor":{"ID":"'}
      id=${id%%'"'*}
      action=${line#*'"Action":"'}
      action=${action%%'"'*}
      ;;
    *)
      id=${line%% *}
      action=${line#* }
      ;;
  esac
  of "$id" || continue
  case $action in
    'ended 0')
      running=$((running + 1))
      : >"$scratch/$service.started"
      echo " Container $name  Started"
      ;;
    'ended '*) fail "$(grep -v '^Error: failed to start containers' "$scratch/$service.said")" ;;
    'health_status: healthy') : >"$scratch/$service.healthy" ;;
    health_status:*)
      : >"$scratch/$service.failed"
      ! is_needed healthy || fail "dependency failed to start: container $name is unhealthy"
      ;;
    die) ended ;;
  esac
  go_on
done
kill "$events" 2>/dev/null
trap - EXIT
exec 4>&-
