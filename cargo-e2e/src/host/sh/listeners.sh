# Says what listens in a service's containers, without a program or a connection: the kernel's own list
# of their network, which all users may read. Needs: id; `ask` of engine.sh.
# learn SERVICE: sets `lives` to its running containers, `CONTAINER/PID/ADDRESS` words, the address as far as
# it is known; fails where the engine does not say, or its processes have other numbers here, as those of a VM.
lives=
listening=' '
learn() {
  lives=
  [ -r /proc/self/net/tcp ] || return 1
  listed=$(ask "\"cargo-e2e.run=$id\",\"com.docker.compose.service=$1\"" http://docker/containers/json) || return 1
  pages=
  while :; do
    case $listed in *'{"Id":"'*) listed=${listed#*'{"Id":"'} ;; *) break ;; esac
    pages="$pages http://docker/containers/${listed%%'"'*}/json"
  done
  [ -n "$pages" ] || return 0
  # shellcheck disable=SC2086 # words
  states=$(ask '' $pages) || return 1
  for page in $pages; do
    container=${page#http://docker/containers/}
    container=${container%/json}
    case $states in *"{\"Id\":\"$container\""*) ;; *) return 1 ;; esac
    state=${states#*"{\"Id\":\"$container\""}
    state=${state%%'{"Id":"'*}
    pid=${state#*'"Pid":'}
    pid=${pid%%[!0-9]*}
    address=${state#*'"Networks":{'}
    address=${address#*'"IPAddress":"'}
    case $address in [0-9]*) ;; *) address='"' ;; esac
    is_life "$container" "$pid" || return 1
    lives="$lives $container/$pid/${address%%'"'*}"
  done
}
# is_life CONTAINER PID: whether that process is the container's still; numbers are used again.
is_life() {
  while read -r line; do
    case $line in *"$1"*) return 0 ;; esac
  done 2>/dev/null <"/proc/$2/cgroup"
  return 1
}
# Whether all of `lives` are; there is one at least.
all_live() {
  [ -n "$lives" ] || return 1
  for life in $lives; do
    life=${life%/*}
    is_life "${life%/*}" "${life#*/}" || return 1
  done
}
# Sets `listening` to what listens in `lives`: `PID=ADDRESS:PORT` words, in the kernel's hexadecimals.
look_for_listeners() {
  # Their list takes ten times as long to read as their number, which stays the same as a rule.
  looked=$((looked + 1))
  count_sockets
  if [ "$counts" = "$counted" ] && [ $((looked % 10)) != 0 ]; then return; fi
  counted=$counts
  listening=
  for life in $lives; do
    life=${life%/*}
    for file in "/proc/${life#*/}/net/tcp" "/proc/${life#*/}/net/tcp6"; do
      # Those that listen come first.
      {
        read -r _ && while read -r _ local _ state _ && [ "$state" = 0A ]; do
          # Not Docker's own name server at 127.0.0.11.
          case $local in 0B00007F:*) ;; *) listening="$listening ${life#*/}=$local" ;; esac
        done
      } 2>/dev/null <"$file"
    done
  done
  listening="$listening "
}
# Sets `counts` to how many TCP sockets each of `lives` has.
looked=0
counted=
count_sockets() {
  counts=
  for life in $lives; do
    life=${life%/*}
    counts="$counts ${life#*/}"
    { read -r _ && read -r _ _ sockets _ && counts="$counts=$sockets"; } 2>/dev/null <"/proc/${life#*/}/net/sockstat"
    { read -r _ _ sockets && counts="$counts+$sockets"; } 2>/dev/null <"/proc/${life#*/}/net/sockstat6"
  done
}
# all_listen PORT: whether each of `lives` listens there, on more than its own loopback.
all_listen() {
  port=$(printf '%04X' "$1")
  [ -n "$lives" ] || return 1
  for life in $lives; do
    life=${life%/*}
    rest=$listening
    while :; do
      case $rest in *" ${life#*/}="*":$port "*) ;; *) return 1 ;; esac
      rest=${rest#*" ${life#*/}="}
      case ${rest%%' '*} in
        ??????7F:* | 00000000000000000000000001000000:* | 0000000000000000FFFF0000??????7F:*) ;;
        *":$port") break ;;
      esac
    done
  done
}
