# Says what this host is and has, as key=value lines; judges nothing, changes nothing but
# making the tool's own folder. Needs: min_free_kb.
set -u
# Whatever came before this line was printed by the login shell's own files.
echo cargo-e2e-preflight
root=${CARGO_E2E_ROOT:-${XDG_STATE_HOME:-$HOME/.local/state}/cargo-e2e}
printf 'system=%s\narch=%s\n' "$(uname -s)" "$(uname -m)"
printf 'uid=%s\nuser=%s\nhostname=%s\n' "$(id -u)" "$(id -un 2>/dev/null)" "$(uname -n)"
for tool in docker rsync curl flock setsid tar; do
  printf '%s=%s\n' "$tool" "$(command -v "$tool" 2>/dev/null)"
done
curl -q -V 2>/dev/null | grep -q '^Features:.* HTTP2' && echo http2=yes || echo http2=no
for libc in /lib/ld-musl-*.so.1; do
  [ -e "$libc" ] && echo libc=musl || echo libc=gnu
  break
done
case $(cat /proc/net/if_inet6 2>/dev/null) in
  00000000000000000000000000000001*) echo ipv6=yes ;;
  *) grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null && echo ipv6=yes || echo ipv6=no ;;
esac

usable=
# Only a folder that is made here is made private: another's mode is its owner's.
# shellcheck disable=SC2174 # the folders above are not ours
if said=$(mkdir -p -m 0700 "$root" 2>&1) && said=$(ls -d "$root/." 2>&1) && cd "$root" 2>/dev/null; then
  root=$(pwd -P)
  # POSIX columns: a long device name would break the line otherwise.
  df -Pk "$root" 2>/dev/null | awk 'NR == 2 { print "free_kb=" $4 }'
  df -Pi "$root" 2>/dev/null | awk 'NR == 2 { print "free_inodes=" $4 }'
  # In a shell of its own: where `:` can't write, dash ends.
  if (: >"$root/.writable") 2>/dev/null; then
    usable=yes
    rm -f "$root/.writable"
  else
    echo "root_error=it is not writable"
  fi
else
  printf 'root_error=%s\n' "$said"
fi
printf 'root=%s\n' "$root"

command -v docker >/dev/null 2>&1 || exit 0
# An engine that hangs must not take all the time there is. Not every timeout reads its words alike.
if timeout 1 true 2>/dev/null; then soon='timeout 20'; else soon=; fi
answers=$(mktemp -d) || exit 0
probe=
image=
container=
clean() {
  [ -z "$container" ] || $soon docker rm "$container" >/dev/null 2>&1
  [ -z "$image" ] || $soon docker rmi "$image" >/dev/null 2>&1
  [ -z "$probe" ] || rmdir "$probe"
  rm -rf "$answers"
}
trap clean EXIT
# Of a client that was killed, nobody reads on: dash runs no EXIT trap when SIGPIPE ends it.
trap 'exit 1' HUP INT PIPE TERM
$soon docker version --format '{{.Server.Version}}' >"$answers/engine" 2>"$answers/engine.err" &
engine=$!
$soon docker compose version --short >"$answers/compose" 2>/dev/null &
compose=$!
# `docker info` asks every plugin first, which takes longer than all the rest: curl does not.
endpoint=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)
printf 'endpoint=%s\n' "$endpoint"
case $endpoint in
  unix://*) curl -q -s --max-time 10 --unix-socket "${endpoint#unix://}" http://docker/info ;;
esac >"$answers/info" 2>/dev/null
wait "$compose" && printf 'compose=%s\n' "$(cat "$answers/compose")"
engine_up=
if wait "$engine"; then
  engine_up=yes
  printf 'engine=%s\n' "$(cat "$answers/engine")"
  grep -q '"name=rootless"' "$answers/info" && echo rootless=yes
  engine_root=$(sed -n 's/.*"DockerRootDir":"\([^"]*\)".*/\1/p' "$answers/info")
  printf 'engine_root=%s\n' "$engine_root"
  # The engine's own comes first; those of its parts, which may be empty, have the same key.
  engine_id=$(sed -n 's/^{"ID":"\([^"]*\)".*/\1/p' "$answers/info" | tr -cd 'A-Za-z0-9-')
  [ -n "$engine_id" ] || engine_id=$($soon docker info --format '{{.ID}}' 2>/dev/null | tr -cd 'A-Za-z0-9-')
  printf 'engine_id=%s\n' "$engine_id"
  [ -z "$engine_root" ] || df -Pk "$engine_root" 2>/dev/null | awk 'NR == 2 { print "engine_free_kb=" $4 }'
else
  [ -s "$answers/engine.err" ] || echo 'no response within 20 s' >"$answers/engine.err"
  printf 'engine_error=%s\n' "$(tr '\n' ' ' <"$answers/engine.err")"
fi

# Whether containers see this folder: an engine in a snap, a VM or another namespace does not.
# Making a container with a bind mount asks the engine; the answer is kept for this engine.
[ -n "$engine_up" ] && [ -n "$usable" ] || exit 0
if [ -z "$engine_id" ] || [ ! -e "$root/seen-by-$engine_id" ]; then
  # A folder that was not there before: the engine may have made one like the root by itself.
  mkdir "$root/probe.$$" 2>/dev/null || exit 0
  probe=$root/probe.$$
  # Labelled like a run's: of a host that is switched off right here, gc finds it.
  id=cargoe2epreflight000000000
  set -- cargo-e2e.run="$id" cargo-e2e.repo=preflight cargo-e2e.owner="$(id -u)" cargo-e2e.expires="$(date +%s)"
  here=$(printf '%s' "$root" | sed 's/[\\"$]/\\&/g')
  image=$(tar -cf - -T /dev/null | $soon docker import -c "LABEL $* cargo-e2e.root=\"$here\" cargo-e2e.image=$id" -c 'CMD ["none"]' - 2>/dev/null)
  if [ -n "$image" ]; then
    # The container's own, because those of its image are no run's.
    for label; do
      set -- "$@" --label "$label"
      shift
    done
    if container=$($soon docker create "$@" --label "cargo-e2e.root=$root" --label cargo-e2e.image= --network none --mount "type=bind,source=$probe,target=/probe" "$image" 2>"$answers/create.err"); then
      [ -z "$engine_id" ] || : >"$root/seen-by-$engine_id"
    elif grep -q 'bind source path does not exist' "$answers/create.err"; then
      echo invisible=yes
    fi
  fi
fi
exit 0
