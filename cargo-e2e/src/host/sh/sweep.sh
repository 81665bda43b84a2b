# Opens the scripts that remove everything of a sandbox that Docker holds. `sweep_all` sets `empty`
# to 2 when two scans in a row found nothing.
label=label=cargo-e2e.run=$id
# Others may have the same rights on the engine; their sandboxes are theirs.
owner=label=cargo-e2e.owner=${owner_uid:-$(id -u)}
# Everything with the label, as `KIND ID` lines; fails unless all four lists could be had.
scan() {
  found=$(
    { docker ps -a --no-trunc --filter "$label" --filter "$owner" --format 'container {{.ID}}' && echo listed; } &
    { docker network ls --no-trunc --filter "$label" --filter "$owner" --format 'network {{.ID}}' && echo listed; } &
    { docker volume ls --filter "$label" --filter "$owner" --format 'volume {{.Name}}' && echo listed; } &
    { docker image ls --no-trunc --filter "$label" --filter "$owner" --format 'image {{.ID}}' && echo listed; } &
    wait
  )
  [ "$(printf '%s\n' "$found" | grep -cx listed)" = 4 ]
}
all() { printf '%s\n' "$found" | sed -n "s/^$1 //p"; }
# Removes what a scan found; passes when there was nothing.
sweep() {
  scan 2>/dev/null || return 1
  containers=$(all container)
  if [ -n "$containers" ]; then
    # shellcheck disable=SC2086 # ids
    state=$(docker inspect --format '{{.Id}} {{.HostConfig.RestartPolicy.Name}}{{range .Mounts}}{{if eq .Type "volume"}} {{.Name}}{{end}}{{end}}' $containers 2>/dev/null)
    # A restart policy could bring one back when the engine dies half way through.
    restarting=$(printf '%s\n' "$state" | awk '$2 != "no" { print $1 }')
    anonymous="$anonymous $(printf '%s\n' "$state" | cut -d ' ' -f 3- | tr '\n' ' ')"
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
    [ -z "$images" ] || docker rmi -f $images >/dev/null 2>&1 &
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
    # Anonymous volumes carry no label; their name is 64 hexadecimal digits and nobody else's.
    case $volume in *[!0-9a-f]*) continue ;; esac
    [ "${#volume}" -eq 64 ] && docker volume rm "$volume" >/dev/null 2>&1
  done
}
