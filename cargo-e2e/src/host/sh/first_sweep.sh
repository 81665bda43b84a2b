# Opens teardown, which removes at once what the engine's socket lists, while it ends processes: as a rule that
# is all, and sweep.sh only looks. What this can't read, or misses, is left to sweep.sh.
# Begins to remove containers, and sets `networks` to those to remove after them.
start_removal() {
  networks=
  anonymous=
  removing=
  detaching=
  listed=$(ask "\"cargo-e2e.run=$id\",\"cargo-e2e.owner=$whose\"" 'http://docker/containers/json?all=1' \
    http://docker/networks) || return 0
  # In JSON no text has a quote without a backslash: what looks like the engine's own keys is that.
  containers=
  rest=${listed%%"$newline"*}
  while next '{"Id":"'; do
    container=${rest%%'"'*}
    one=${rest%%'{"Id":"'*}
    case $one in
      *'"cargo-e2e.image":""'*) ;;
      *'"cargo-e2e.image":"'*) continue ;;
    esac
    containers="$containers $container"
    external=
    case $one in *'"cargo-e2e.external":"'*) external=${one#*'"cargo-e2e.external":"'} external=${external%%'"'*} ;; esac
    after=$rest
    rest=$one
    while next '"Type":"volume","Name":"'; do
      case " $external " in *" ${rest%%'"'*} "*) ;; *) anonymous="$anonymous ${rest%%'"'*}" ;; esac
    done
    rest=$after
  done
  rest=${listed#*"$newline"}
  while next '"Id":"'; do
    network=${rest%%'"'*}
    case ${rest#"$network"} in '","Created":"'*) networks="$networks $network" ;; esac
  done
  [ -n "$containers$networks" ] || return 0
  echo found
  [ -n "$containers" ] || return 0
  # shellcheck disable=SC2046,SC2086 # ids
  {
    # A restart policy could bring one back when the engine dies half way through.
    states=$(ask '' $(printf 'http://docker/containers/%s/json ' $containers)) || states='"RestartPolicy":{"Name":"?'
    case $states in *'"RestartPolicy":{"Name":"'[!n\"]*) docker update --restart=no $containers ;; esac
    docker rm -f -v $containers
  } >/dev/null 2>&1 &
  removing=$!
}
# next TEXT: sets `rest` to what is behind this text in it; fails where it has none.
next() {
  case $rest in *"$1"*) rest=${rest#*"$1"} ;; *) return 1 ;; esac
}
# Waits until the containers are gone, and begins to remove their networks: the engine does not list one that
# it removes.
continue_removal() {
  [ -z "$removing" ] || wait "$removing"
  [ -n "$networks" ] || return 0
  # shellcheck disable=SC2086 # ids
  docker network rm $networks >/dev/null 2>&1 &
  detaching=$!
}
