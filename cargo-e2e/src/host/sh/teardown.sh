# Takes one sandbox down, whoever asks. Says `found` when there was one, and what is left:
# `left KIND NAME` lines.
# May run at the same time as itself, and again after it was cut off. Removes only what carries
# this sandbox's label.
mkdir -p "$root/locks"
exec 9>"$root/locks/teardown-$id"
flock -w 120 9 || { echo "another teardown of this sandbox does not end" >&2; exit 1; }
[ -d "$dir" ] && : >"$dir/fence" && echo found
label=label=cargo-e2e.run=$id

# First whatever could still make something: this sandbox's own processes.
ours() { grep -lsF "CARGO_E2E_RUN=$id" /proc/[0-9]*/environ 2>/dev/null | sed 's|/proc/\([0-9]*\)/.*|\1|'; }
signal() {
  for pid in $(ours); do
    # Its group too: a child may have cleaned its environment.
    read -r _ _ _ _ group _ <"/proc/$pid/stat" 2>/dev/null || continue
    [ "$group" = "$pid" ] && kill "-$1" "-$pid" 2>/dev/null
    kill "-$1" "$pid" 2>/dev/null
  done
}
if [ -n "$(ours)" ]; then
  signal TERM
  waited=0
  while [ -n "$(ours)" ] && [ "$waited" -lt 20 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  signal KILL
fi

# Everything with the label, as `KIND ID` lines; fails unless all four lists could be had.
scan() {
  found=$(
    { docker ps -a --no-trunc --filter "$label" --format 'container {{.ID}}' && echo listed; } &
    { docker network ls --no-trunc --filter "$label" --format 'network {{.ID}}' && echo listed; } &
    { docker volume ls --filter "$label" --format 'volume {{.Name}}' && echo listed; } &
    { docker image ls --no-trunc --filter "$label" --format 'image {{.ID}}' && echo listed; } &
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
anonymous=
tries=0
empty=0
while [ "$empty" -lt 2 ] && [ "$tries" -lt 20 ]; do
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

if [ "$empty" -lt 2 ]; then
  docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || echo "left engine it-does-not-answer"
  docker ps -a --filter "$label" --format 'left container {{.Names}}'
  docker network ls --filter "$label" --format 'left network {{.Name}}'
  docker volume ls --filter "$label" --format 'left volume {{.Name}}'
  docker image ls --filter "$label" --format 'left image {{.Repository}}:{{.Tag}}'
  # The folder stays, so that a later try knows of this sandbox.
  exit 0
fi

[ -d "$dir" ] || { rm -f "$root/locks/teardown-$id"; exit 0; }
if [ -L "$dir" ] || [ "$(cat "$dir/sentinel" 2>/dev/null)" != "$id" ]; then
  echo "left folder $dir (it is not a sandbox's)"
  exit 0
fi
mounted=$(awk -v under="$dir/" 'index($5, under) == 1 { print $5; exit }' /proc/self/mountinfo)
if [ -n "$mounted" ]; then
  echo "left mount $mounted"
  exit 0
fi
# The sentinel goes last: half a folder must still be known as a sandbox's.
clear_out() { find "$dir" -mindepth 1 -maxdepth 1 ! -name sentinel ! -name fence -exec rm -rf {} + 2>/dev/null; }
clear_out
if [ -n "$(find "$dir" -mindepth 1 -maxdepth 1 ! -name sentinel ! -name fence 2>/dev/null)" ] && [ "$(id -u)" != 0 ]; then
  # Files that containers made as root: only a container can remove them. Its image is empty;
  # the programs are the host's own, read-only.
  image=$(tar -cf - -T /dev/null | docker import -c "LABEL cargo-e2e.run=$id" -c 'CMD ["none"]' - 2>/dev/null)
  if [ -n "$image" ]; then
    set --
    for part in /bin /lib /lib64 /usr; do
      [ -d "$part" ] && set -- "$@" --mount "type=bind,source=$part,target=$part,readonly"
    done
    docker run --rm --network none --label "cargo-e2e.run=$id" "$@" \
      --mount "type=bind,source=$dir,target=/sandbox" "$image" \
      /bin/sh -c 'rm -rf /sandbox/repo /sandbox/jobs /sandbox/collected' >/dev/null 2>&1
    docker rmi -f "$image" >/dev/null 2>&1
  fi
  clear_out
fi
rest=$(find "$dir" -mindepth 1 -maxdepth 1 ! -name sentinel ! -name fence 2>/dev/null | head -n 1)
if [ -n "$rest" ]; then
  echo "left folder $rest"
  exit 0
fi
rm -rf "$dir" || echo "left folder $dir"
rm -f "$root/locks/teardown-$id"
exit 0
