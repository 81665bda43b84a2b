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
pause() {
  # Nobody asks any more, on a connection of which nobody noticed the end.
  if fenced; then exit 0; fi
  # Often at first, when it matters; once a second when it takes long anyway.
  if [ "$1" -lt 50 ]; then sleep 0.04; elif [ "$1" -lt 120 ]; then sleep 0.1; else sleep 1; fi
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
# http_probe INDEX URL CONNECT_TO STATUSES: what a refusal says in plain text or JSON often names
# the cause; a page of HTML does not.
http_probe() {
  tries=0
  before=none
  while :; do
    tries=$((tries + 1))
    # The status alone, which no other program has to read: a stack that starts needs the processor.
    status=$(curl -q -s -o /dev/null -g --noproxy '*' --connect-timeout 5 --max-time 10 --connect-to "$3" \
      -w '%{http_code}' -- "$2" 2>/dev/null)
    if passes "$status" "$4"; then answer "$1" pass "$tries" "HTTP $status"; return; fi
    # Why not is asked when that is news, and now and then.
    if [ "$status" = "$before" ] && [ $((tries % 10)) != 0 ]; then pause "$tries"; continue; fi
    before=$status
    said=$(curl -q -sS -g --noproxy '*' --connect-timeout 5 --max-time 10 --connect-to "$3" \
      -w '\n%{http_code} %{content_type}' -- "$2" 2>&1 | tr -d '\000' | ends)
    type=$(printf '%s\n' "$said" | tail -n 1)
    status=${type%% *}
    body=$(case $type in (*" text/plain"* | *json*) printf '%s\n' "$said" | sed '$d' ;; esac)
    if passes "$status" "$4"; then answer "$1" pass "$tries" "HTTP $status"; return; fi
    case $status in
      [1-9][0-9][0-9]) answer "$1" fail "$tries" "HTTP $status${body:+: $body}" ;;
      *) answer "$1" fail "$tries" "$(first "$said")" ;;
    esac
    pause "$tries"
  done
}
# addresses SERVICE: its containers' own, one a line. One between two starts has none: what answers
# on the host's loopback then is another process.
own='{{if eq .HostConfig.NetworkMode "host"}}127.0.0.1{{else}}{{range .NetworkSettings.Networks}}{{if .IPAddress}}{{.IPAddress}}{{else if .GlobalIPv6Address}}[{{.GlobalIPv6Address}}]{{end}} {{end}}{{end}}'
addresses() {
  by_socket "$1" && return
  ids=$(docker ps -q --filter "label=cargo-e2e.run=$id" --filter "label=com.docker.compose.service=$1")
  # shellcheck disable=SC2086 # ids
  [ -z "$ids" ] || docker inspect --format "$own" $ids | awk '$1 != "" { print $1 }'
}
# The same by the engine's socket; fails where a container is in the host's network or has no IPv4 address.
by_socket() {
  listed=$(ask "\"cargo-e2e.run=$id\",\"com.docker.compose.service=$1\"" http://docker/containers/json) || return 1
  all=
  while :; do
    case $listed in *'{"Id":"'*) listed=${listed#*'{"Id":"'} ;; *) break ;; esac
    one=${listed%%'{"Id":"'*}
    address=${one#*'"IPAddress":"'}
    case $one in *'"NetworkMode":"host"'*) return 1 ;; *'"IPAddress":"'[0-9]*) all="$all${address%%'"'*} " ;; *) return 1 ;; esac
  done
  # shellcheck disable=SC2086 # words
  [ -z "$all" ] || printf '%s\n' $all
}
# grpc_probe INDEX REQUEST ADDRESS [SERVICE PORT]: at the containers' own addresses, where they
# can be reached and so say more than Docker's forwarder.
grpc_probe() {
  tries=0
  while :; do
    tries=$((tries + 1))
    if [ $# -gt 3 ]; then
      said="no container of $4 runs"
      for address in $(addresses "$4"); do
        said=$(serves "$2" "$address:$5")
        [ "$said" = SERVING ] || break
      done
    else
      said=$(serves "$2" "$3")
    fi
    if [ "$said" = SERVING ]; then answer "$1" pass "$tries" "$said"; return; fi
    answer "$1" fail "$tries" "$said"
    pause "$tries"
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
# tcp_probe INDEX SERVICE PORT PUBLISHED: at the containers' own addresses, because Docker's
# forwarder on the published one accepts whether or not anything listens.
tcp_probe() {
  tries=0
  find_silent
  known=
  while :; do
    tries=$((tries + 1))
    # Docker takes longer to say them than a connection takes: they are asked again now and then, and
    # before it is said that one of them answers.
    if [ -z "$known" ] || [ $((tries % 8)) = 0 ]; then known=$(addresses "$2"); fi
    said=$(listen "$2" "$3" "$tries" "$known")
    if [ -z "$said" ]; then
      before=$known
      known=$(addresses "$2")
      if [ "$known" = "$before" ]; then answer "$1" pass "$tries" "connected"; return; fi
      continue
    fi
    answer "$1" fail "$tries" "$said"
    pause "$tries"
  done
}
# listen SERVICE PORT TRIES ADDRESSES: prints nothing when something listens at each, else why not.
listen() {
  said="no container of $1 runs"
  for address in $4; do
    said=$(listens "$address:$2" "$3") || break
  done
  [ -z "$said" ] || printf '%s\n' "$said"
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
    pause "$tries"
  done
}
# container_of SERVICE: the id of the one that has run for longest, if any does.
container_of() {
  if listed=$(ask "\"cargo-e2e.run=$id\",\"com.docker.compose.service=$1\"" http://docker/containers/json); then
    case $listed in *'{"Id":"'*) listed=${listed##*'{"Id":"'} && echo "${listed%%'"'*}" ;; esac
  else
    docker ps -q --filter "label=cargo-e2e.run=$id" --filter "label=com.docker.compose.service=$1" | tail -n 1
  fi
}
# exec_probe INDEX SERVICE COMMAND…
exec_probe() {
  index=$1
  service=$2
  shift 2
  tries=0
  container=
  while :; do
    tries=$((tries + 1))
    # The same one is asked a few times: it takes Docker a while to say which.
    if [ -z "$container" ] || [ $((tries % 4)) = 0 ]; then
      container=$(container_of "$service")
    fi
    if [ -z "$container" ]; then
      answer "$index" fail "$tries" "no container of $service runs"
    elif said=$(timeout 30 docker exec "$container" "$@" 2>&1); then
      answer "$index" pass "$tries" "exit status 0"
      return
    else
      answer "$index" fail "$tries" "exit status $?: $(printf '%s\n' "$said" | tail -n 1)"
    fi
    if fenced; then exit 0; fi
    if [ "$tries" -lt 25 ]; then sleep 0.1; else sleep 0.5; fi
  done
}
