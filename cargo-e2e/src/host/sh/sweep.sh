# Opens the scripts that remove everything of a sandbox that Docker holds. `sweep_all` sets `empty`
# to 2 when two scans in a row found nothing.
label=label=cargo-e2e.run=$id
# Others may have the same rights on the engine; their sandboxes are theirs.
owner=label=cargo-e2e.owner=${owner_uid:-$(id -u)}
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
# Everything with the label, as `KIND ID` lines; fails unless all four lists could be had.
scan() {
  found=$(
    { docker ps -a --no-trunc --filter "$label" --filter "$owner" --format "${owned}container {{.ID}}{{end}}" && echo listed; } &
    { docker network ls --no-trunc --filter "$label" --filter "$owner" --format 'network {{.ID}}' && echo listed; } &
    { docker volume ls --filter "$label" --filter "$owner" --format 'volume {{.Name}}' && echo listed; } &
    { all_images=$(image_names) && printf '%s\n' "$all_images" && echo listed; } &
    wait
  )
  [ "$(printf '%s\n' "$found" | grep -cx listed)" = 4 ]
}
# Whether the engine says that it has nothing with the label. Where its words are others, `scan` reads
# them.
has_nothing() {
  whose=${owner_uid:-$(id -u)}
  answers=$(ask "\"cargo-e2e.run=$id\",\"cargo-e2e.owner=$whose\"" 'http://docker/containers/json?all=1' \
    http://docker/networks http://docker/volumes http://docker/images/json) || return 1
  case $(printf '%s' "$answers" | tr -d '\n') in
    '[][]{"Volumes":[],"Warnings":null}[]' | '[][]{"Volumes":null,"Warnings":null}[]') ;;
    *) return 1 ;;
  esac
}
all() { printf '%s\n' "$found" | sed -n "s/^$1 //p"; }
# Removes what a scan found; passes when there was nothing.
sweep() {
  # As a rule, there is something at the first look, and nothing later.
  if [ "$tries" -gt 1 ] && has_nothing; then return; fi
  scan 2>/dev/null || return 1
  containers=$(all container)
  if [ -n "$containers" ]; then
    # shellcheck disable=SC2086 # ids
    state=$(docker inspect --format '{{.Id}} {{or .HostConfig.RestartPolicy.Name "no"}}{{range .Mounts}}{{if eq .Type "volume"}} {{.Name}}{{end}}{{end}} not {{index .Config.Labels "cargo-e2e.external"}}' $containers 2>/dev/null)
    # A restart policy could bring one back when the engine dies half way through.
    restarting=$(printf '%s\n' "$state" | awk '$2 != "no" { print $1 }')
    anonymous="$anonymous $(printf '%s\n' "$state" | awk '{
      for (last = 3; last <= NF && $last != "not"; last++);
      for (i = last + 1; i <= NF; i++) external[$i]
      for (i = 3; i < last; i++) if (!($i in external)) print $i
    }' | tr '\n' ' ')"
    # shellcheck disable=SC2086 # ids
    {
      [ -z "$restarting" ] || docker update --restart=no $restarting >/dev/null 2>&1
      docker rm -f -v $containers >/dev/null 2>&1
    }
  fi
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
  echo found
  return 1
}
sweep_all() {
  anonymous=
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
  for volume in $anonymous; do
    # Anonymous volumes carry no label; their name is 64 hexadecimal digits. An external one may be
    # called so too: containers that use one say so.
    case $volume in *[!0-9a-f]*) continue ;; esac
    [ "${#volume}" -eq 64 ] && docker volume rm "$volume" >/dev/null 2>&1
  done
}
