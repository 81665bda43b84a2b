# Opens the scripts that remove everything of a sandbox that Docker holds. `sweep_all` sets `empty`
# to 2 when two scans in a row found nothing, and clears `examined` where containers may have run until now.
label=label=cargo-e2e.run=$id
# Others may have the same rights on the engine; their sandboxes are theirs.
whose=${owner_uid:-$(id -u)}
owner=label=cargo-e2e.owner=$whose
# `image TAG` for each tag of this sandbox's project, `image ID` for what has no tag. A tag that a
# user gave is theirs, and so is the image that it names.
image_names() {
  rows=$(docker image ls --no-trunc --filter "$label" --filter "$owner" --format '{{.ID}} {{.Repository}} {{.Tag}}') || return 1
  printf '%s\n' "$rows" | awk -v suffix="-${id#??????????????????}-" '
    NF != 3 { next }
    { ids[$1] }
    $2 == "<none>" || $3 == "<none>" { next }
    { tagged[$1] }
    $2 ~ /^e2e-[^\/]*$/ && index($2, suffix) { print "image", $2 ":" $3 }
    END { for (id in ids) if (!(id in tagged)) print "image", id }'
}
all() { printf '%s\n' "$found" | sed -n "s/^$1 //p"; }
# Removes what carries the label; passes when there was nothing, and fails unless all four lists could
# be had.
sweep() {
  if nothing_has "\"cargo-e2e.run=$id\",\"cargo-e2e.owner=$whose\""; then return; fi
  containers=$(docker ps -a --no-trunc --filter "$label" --filter "$owner" --format "$owned{{.ID}}{{end}}" 2>/dev/null) || {
    examined=
    return 1
  }
  restarting=
  if [ -n "$containers" ]; then
    examined=
    echo found
    # shellcheck disable=SC2086 # ids
    state=$(docker inspect --format '{{.Id}} {{or .HostConfig.RestartPolicy.Name "no"}}{{range .Mounts}}{{if eq .Type "volume"}} {{.Name}}{{end}}{{end}} not {{index .Config.Labels "cargo-e2e.external"}}' $containers 2>/dev/null)
    restarting=$(printf '%s\n' "$state" | awk '$2 != "no" { print $1 }')
    anonymous="$anonymous $(printf '%s\n' "$state" | awk '{
      for (last = 3; last <= NF && $last != "not"; last++);
      for (i = last + 1; i <= NF; i++) external[$i]
      for (i = 3; i < last; i++) if (!($i in external)) print $i
    }' | tr '\n' ' ')"
  fi
  # What else there is can be listed while the engine ends containers, which takes longer.
  found=$(
    exec 2>/dev/null
    # shellcheck disable=SC2086 # ids
    {
      # A restart policy could bring one back when the engine dies half way through.
      [ -z "$restarting" ] || docker update --restart=no $restarting
      [ -z "$containers" ] || docker rm -f -v $containers
    } >/dev/null &
    { docker network ls --no-trunc --filter "$label" --filter "$owner" --format 'network {{.ID}}' && echo listed; } &
    { docker volume ls --filter "$label" --filter "$owner" --format 'volume {{.Name}}' && echo listed; } &
    { all_images=$(image_names) && printf '%s\n' "$all_images" && echo listed; } &
    wait
  )
  [ "$(printf '%s\n' "$found" | grep -cx listed)" = 3 ] || return 1
  networks=$(all network)
  volumes=$(all volume)
  images=$(all image)
  # shellcheck disable=SC2086 # ids
  {
    [ -z "$networks" ] || docker network rm $networks >/dev/null 2>&1 &
    [ -z "$volumes" ] || docker volume rm $volumes >/dev/null 2>&1 &
    [ -z "$images" ] || docker rmi $images >/dev/null 2>&1 &
    wait
  }
  [ -z "$containers$networks$volumes$images" ] && return
  [ -z "$networks$volumes$images" ] || echo found
  return 1
}
sweep_all() {
  anonymous=${anonymous-}
  tries=0
  empty=0
  # One empty scan is looked at again, however often it was tried.
  while [ "$empty" -lt 2 ] && [ $((tries - empty)) -lt 20 ]; do
    tries=$((tries + 1))
    if sweep; then
      empty=$((empty + 1))
    else
      empty=0
      [ "$tries" -lt 3 ] || sleep 0.5
    fi
  done
  volumes=
  for volume in $anonymous; do
    # Anonymous volumes carry no label; their name is 64 hexadecimal digits. An external one may be
    # called so too: containers that use one say so.
    case $volume in *[!0-9a-f]*) ;; *) [ "${#volume}" -ne 64 ] || volumes="$volumes $volume" ;; esac
  done
  # shellcheck disable=SC2086 # names
  [ -z "$volumes" ] || docker volume rm $volumes >/dev/null 2>&1
}
