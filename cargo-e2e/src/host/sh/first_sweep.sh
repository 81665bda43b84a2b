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
  containers=
  container=
  w6='' w5='' w4='' w3='' w2='' w1=''
  set -f
  IFS='"'
  # shellcheck disable=SC2086 # words
  set -- $listed
  unset IFS
  set +f
  for word; do
    case $w2$w1 in
      # Only a container's own id has its names behind it, and only a network's when it was made.
      ,Names)
        case $w5$w4$word in
          'Id::['* | 'Id::n'*)
            take_container
            container=$w3
            unset image external
            volumes=
            ;;
        esac
        ;;
      ,Created) [ "$w5$w4$word" != Id:: ] || networks="$networks $w3" ;;
      cargo-e2e.image:) image=${image-$word} ;;
      cargo-e2e.external:) external=${external-$word} ;;
      Name:) [ "$w6$w5$w4$w3" != Type:volume, ] || volumes="$volumes $word" ;;
    esac
    w6=$w5 w5=$w4 w4=$w3 w3=$w2 w2=$w1 w1=$word
  done
  take_container
  [ -n "$containers$networks" ] || return 0
  echo found
  [ -n "$containers" ] || return 0
  # shellcheck disable=SC2046,SC2086 # ids
  {
    # A restart policy could bring one back when the engine dies half way through.
    states=$(ask '' $(printf 'http://docker/containers/%s/json ' $containers)) || states='"RestartPolicy":{"Name":"?'
    case $states in *'"RestartPolicy":{"Name":"'[!n\"]*) docker update --restart=no $containers ;; esac
    printf 'containers/%s?force=1&v=1\n' $containers | remove
  } >/dev/null 2>&1 &
  removing=$!
}
# Removes at once what the lines of its input name at the engine's socket; fails where one was not.
remove() {
  removals=
  while IFS= read -r what; do
    to_engine 120 -X DELETE "http://docker/$what" &
    removals="$removals $!"
  done
  removed=0
  for removal in $removals; do wait "$removal" || removed=1; done
  return "$removed"
}
# Adds the container that was read to `containers`, and its anonymous volumes to `anonymous`; not one whose image
# was made here and that is not of this sandbox.
take_container() {
  [ -n "$container" ] && [ -z "${image-}" ] || return 0
  containers="$containers $container"
  for volume in $volumes; do
    case " ${external-} " in *" $volume "*) ;; *) anonymous="$anonymous $volume" ;; esac
  done
}
# Waits until the containers are gone, and begins to remove their networks: the engine does not list one that
# it removes.
continue_removal() {
  [ -z "$removing" ] || wait "$removing"
  [ -n "$networks" ] || return 0
  # shellcheck disable=SC2086 # ids
  printf 'networks/%s\n' $networks | remove >/dev/null 2>&1 &
  detaching=$!
}
