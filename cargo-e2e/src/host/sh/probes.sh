# Runs all probes side by side, each until it passes: `INDEX pass|fail TRIES ANSWER` lines.
# A line is short enough that two never mix.
newline='
'
answer() {
  case $4 in
    *"$newline"*) printf '%s %s %s %.300s\n' "$1" "$2" "$3" "$(printf '%s' "$4" | tr '\n' ' ')" ;;
    *) printf '%s %s %s %.300s\n' "$@" ;;
  esac
}
# pause [SERVICE]: waits until the next try, but no longer than until something else listens in the service's
# containers: many tries follow that, `quick` of them at once. `often` is when they become one a second.
quick=50
often=120
share=1
recent=0
pause() {
  # Nobody asks any more, on a connection of which nobody noticed the end.
  if fenced; then exit 0; fi
  recent=$((recent + 1))
  if [ "$recent" -lt "$quick" ]; then looks=$share; elif [ "$recent" -lt "$often" ]; then looks=$((share * 3)); else looks=30; fi
  # There is nothing to wake who sleeps that short.
  if [ "$looks" = 1 ] || [ $# = 0 ] || ! { all_live || learn "$1"; }; then
    case $looks in 1) sleep 0.04 ;; 3) sleep 0.1 ;; *) sleep 1 ;; esac
    return
  fi
  before=$listening
  while [ "$looks" -gt 0 ]; do
    looks=$((looks - 1))
    sleep 0.03
    look_for_listeners
    if [ "$listening" != "$before" ]; then
      recent=0
      return
    fi
  done
}
# The first 2000 bytes, and the last line.
ends() {
  LC_ALL=C awk 'NR > 1 && length(head) < 2000 { head = head last "\n" } { last = $0 }
    END { printf "%s\n%s\n", substr(head, 1, 2000), last }'
}
# The first line; a curl that was killed, or can't start, says nothing.
first() {
  line=${1%%"$newline"*}
  printf '%s\n' "${line:-curl ended without an answer}"
}
# Whether a status is one of STATUSES, or any of success where none are named.
passes() {
  case " $2 " in
    *" $1 "*) [ -n "$1" ] ;;
    "  ") case $1 in 2?? | 3??) ;; *) return 1 ;; esac ;;
    *) return 1 ;;
  esac
}
# http_probe INDEX URL CONNECT_TO STATUSES [SERVICE]: what a refusal says in plain text or JSON often names
# the cause; a page of HTML does not.
http_probe() {
  index=$1 url=$2 connect=$3 statuses=$4
  shift 4
  tries=0
  last=none
  while :; do
    tries=$((tries + 1))
    # The status alone, which no other program has to read: a stack that starts needs the processor.
    status=$(curl -q -s -o /dev/null -g --noproxy '*' --connect-timeout 5 --max-time 10 --connect-to "$connect" \
      -w '%{http_code}' -- "$url" 2>/dev/null)
    if passes "$status" "$statuses"; then answer "$index" pass "$tries" "HTTP $status"; return; fi
    # Why not is asked when that is news, and now and then.
    if [ "$status" = "$last" ] && [ $((tries % 10)) != 0 ]; then pause "$@"; continue; fi
    last=$status
    said=$(curl -q -sS -g --noproxy '*' --connect-timeout 5 --max-time 10 --connect-to "$connect" \
      -w '\n%{http_code} %{content_type}' -- "$url" 2>&1 | tr -d '\000' | ends)
    type=$(printf '%s\n' "$said" | tail -n 1)
    status=${type%% *}
    body=$(case $type in (*" text/plain"* | *json*) printf '%s\n' "$said" | sed '$d' ;; esac)
    if passes "$status" "$statuses"; then answer "$index" pass "$tries" "HTTP $status"; return; fi
    case $status in
      [1-9][0-9][0-9]) answer "$index" fail "$tries" "HTTP $status${body:+: $body}" ;;
      *) answer "$index" fail "$tries" "$(first "$said")" ;;
    esac
    pause "$@"
  done
}
# addresses SERVICE: its containers' own, one a line. One between two starts has none: what answers
# on the host's loopback then is another process.
own='{{if eq .HostConfig.NetworkMode "host"}}127.0.0.1{{else}}{{range .NetworkSettings.Networks}}{{if .IPAddress}}{{.IPAddress}}{{else if .GlobalIPv6Address}}[{{.GlobalIPv6Address}}]{{end}} {{end}}{{end}}'
addresses() {
  ids=$(docker ps -q --filter "label=cargo-e2e.run=$id" --filter "label=com.docker.compose.service=$1")
  # shellcheck disable=SC2086 # ids
  [ -z "$ids" ] || docker inspect --format "$own" $ids | awk '$1 != "" { print $1 }'
}
# Sets `known` to the same by what is known of its lives, as far as it is.
find_addresses() {
  if all_live || learn "$1"; then
    known=
    for life in $lives; do known="$known ${life##*/}"; done
    case "$lives " in *'/ '*) ;; *) return ;; esac
  fi
  known=$(addresses "$1")
}
# grpc_probe INDEX REQUEST ADDRESS [SERVICE PORT]: at the containers' own addresses, where they
# can be reached and so say more than Docker's forwarder.
grpc_probe() {
  tries=0
  while :; do
    tries=$((tries + 1))
    if [ $# -gt 3 ]; then
      said="no container of $4 runs"
      find_addresses "$4"
      for address in $known; do
        said=$(serves "$2" "$address:$5")
        [ "$said" = SERVING ] || break
      done
    else
      said=$(serves "$2" "$3")
    fi
    if [ "$said" = SERVING ]; then answer "$1" pass "$tries" "$said"; return; fi
    answer "$1" fail "$tries" "$said"
    if [ $# -gt 3 ]; then pause "$4"; else pause; fi
  done
}
# serves REQUEST ADDRESS: what grpc.health.v1 says, by curl's own HTTP/2; REQUEST is a format for
# printf.
serves() {
  # The message's bytes become letters: `____BHA` is a frame of two bytes, field 1 being 1.
  # shellcheck disable=SC2059 # the format is all of it
  said=$(printf "$1" | curl -q -sS -g --noproxy '*' --http2-prior-knowledge --connect-timeout 5 --max-time 10 \
    -H 'content-type: application/grpc' -H 'te: trailers' --data-binary @- -D - \
    -- "http://$2/grpc.health.v1.Health/Check" 2>&1 | tr -d '\r' | tr '\000\001\002\003\010' '_ABCH')
  status=$(printf '%s\n' "$said" | sed -n 's/.*grpc-status: *\([0-9][0-9]*\).*/\1/p' | tail -n 1)
  why=$(printf '%s\n' "$said" | sed -n 's/^grpc-message: *\(..*\)/: \1/p' | tail -n 1)
  case $status.$said in
    0.*____BHA*) echo SERVING ;;
    0.*____BHB*) echo NOT_SERVING ;;
    0.*____BHC*) echo SERVICE_UNKNOWN ;;
    0.*) echo UNKNOWN ;;
    5.*) echo "it has no such service (grpc-status 5$why)" ;;
    12.*) echo "it has no grpc.health.v1 (grpc-status 12$why)" ;;
    [1-9]*) echo "grpc-status $status$why" ;;
    .HTTP*) echo "$(printf '%s\n' "$said" | sed -n '1s/ *$//p') without a grpc-status: it is no gRPC server" ;;
    *) first "$(printf '%s\n' "$said" | grep '^curl:')" ;;
  esac
}
# tcp_probe INDEX SERVICE PORT: in the containers, or at their own addresses, because Docker's forwarder on
# the published one accepts whether or not anything listens.
tcp_probe() {
  tries=0
  silent=
  while :; do
    tries=$((tries + 1))
    if all_live || learn "$2"; then
      look_for_listeners
      # Looked at before: whoever was meant then is meant still.
      if all_listen "$3" && all_live; then answer "$1" pass "$tries" "listening"; return; fi
      said="nothing listens at port $3 of $2"
      [ -n "$lives" ] || said="no container of $2 runs"
    else
      [ -n "$silent" ] || find_silent
      known=$(addresses "$2")
      # Who answered has to be the container's still.
      if said=$(listen "$2" "$3" "$tries" "$known") && [ "$(addresses "$2")" = "$known" ]; then
        answer "$1" pass "$tries" "connected"
        return
      fi
    fi
    answer "$1" fail "$tries" "$said"
    pause "$2"
  done
}
# listen SERVICE PORT TRIES ADDRESSES: whether something listens at each; prints why not.
listen() {
  said="no container of $1 runs"
  for address in $4; do
    said=$(listens "$address:$2" "$3") || break
  done
  [ -z "$said" ] || { printf '%s\n' "$said"; return 1; }
}
# Sets `silent` to a protocol in which the server speaks first. Of pop3 the time ends when it should; telnet
# looks at it ten times a second.
find_silent() {
  case $(curl -q -V 2>/dev/null) in *" pop3 "*) silent=pop3 ;; *) silent=telnet ;; esac
}
# listens ADDRESS TRIES: prints nothing when something listens, else why not. Who is connected waits until its
# time is over: as a rule that is short, now and then a busy host gets more.
listens() {
  if [ "$2" -lt 25 ] || [ $(($2 % 4)) != 0 ]; then moment=0.02; else moment=0.2; fi
  said=$(curl -q -sS -g -o /dev/null --noproxy '*' --max-time "$moment" -w '\n%{time_connect}' "$silent://$1" </dev/null 2>&1)
  case ${said##*"$newline"} in
    # A time that is none is said by what was never connected, and nothing at all by a curl that died.
    *[!0-9.,]* | '') ;;
    *[1-9]*) return 0 ;;
  esac
  first "$said"
  return 1
}
# direct_probe INDEX ADDRESS: for an address that no container publishes.
direct_probe() {
  tries=0
  find_silent
  while :; do
    tries=$((tries + 1))
    if said=$(listens "$2" "$tries"); then answer "$1" pass "$tries" "connected"; return; fi
    answer "$1" fail "$tries" "$said"
    pause
  done
}
# prepare CONTAINER JSON: sets `prepared` to a run of a command in it that has yet to begin; nothing where the
# engine's socket does not say so.
prepared=
prepare() {
  prepared=$(to_engine 10 -H 'Content-Type: application/json' \
    -d "{\"AttachStdout\":true,\"AttachStderr\":true,\"Cmd\":$2}" "http://docker/containers/$1/exec") || prepared=
  prepared=${prepared#'{"Id":"'}
  prepared=${prepared%%'"'*}
}
# exit_status SECONDS: of what was prepared, in half the time that Docker's program takes; fails where the
# engine does not say it.
exit_status() {
  [ -n "$prepared" ] && find_socket || return 1
  ended=$(to_engine "$1" -H 'Content-Type: application/json' -d '{}' -o /dev/null "http://docker/exec/$prepared/start" \
    --next -sSf --max-time 10 --unix-socket "$socket" "http://docker/exec/$prepared/json") || return 1
  case $ended in *'"Running":false,"ExitCode":'[0-9]*) ;; *) return 1 ;; esac
  ended=${ended#*'"ExitCode":'}
  echo "${ended%%[!0-9]*}"
}
# exec_probe INDEX SERVICE JSON COMMAND…: the same command twice.
exec_probe() {
  index=$1 service=$2 json=$3
  shift 3
  tries=0
  quick=25
  last=none
  in=
  while :; do
    tries=$((tries + 1))
    if all_live || learn "$service"; then
      container=${lives##* }
      container=${container%%/*}
    else
      container=$(docker ps -q --filter "label=cargo-e2e.run=$id" --filter "label=com.docker.compose.service=$service" | tail -n 1)
    fi
    if [ -z "$container" ]; then
      answer "$index" fail "$tries" "no container of $service runs"
      pause "$service"
      continue
    fi
    status=
    [ "$in" != "$container" ] || status=$(exit_status 30)
    if [ "$status" = 0 ]; then answer "$index" pass "$tries" "exit status 0"; return; fi
    # What it says is asked when that is news, and now and then.
    if [ -z "$status" ] || [ "$status" != "$last" ] || [ $((tries % 10)) = 0 ]; then
      last=$status
      if said=$(timeout 30 docker exec "$container" "$@" 2>&1); then
        answer "$index" pass "$tries" "exit status 0"
        return
      else
        answer "$index" fail "$tries" "exit status $?: $(printf '%s\n' "$said" | tail -n 1)"
      fi
    fi
    # While nobody waits for it.
    in=$container
    prepare "$in" "$json"
    pause "$service"
  done
}
# own_check INDEX CONTAINER SERVICE SECONDS JSON SHARE: a container's own health check, most of all when something
# else listens there than before; Docker runs it too, now and then. SHARE is how many of them run side by side.
own_check() {
  tries=0
  quick=10
  often=50
  share=$6
  learn "$3" || return
  while :; do
    tries=$((tries + 1))
    prepare "$2" "$5"
    [ "$tries" = 1 ] || pause "$3"
    # Docker's own word decides where this one is none.
    status=$(exit_status "$4") || return
    if [ "$status" = 0 ]; then answer "$1" pass "$tries" "exit status 0"; return; fi
  done
}
