# Says what this host is and has, as key=value lines; judges nothing, changes nothing but
# making the tool's own folder, in which it notes what Compose said. Needs: min_free_kb.
set -u
# Whatever came before this line was printed by the login shell's own files.
echo cargo-e2e-preflight
root=${CARGO_E2E_ROOT:-${XDG_STATE_HOME:-$HOME/.local/state}/cargo-e2e}
# Docker's programs take longest: they start now, and all the rest is looked at meanwhile.
answers=
probe=
image=
container=
clean() {
  [ -z "$container" ] || $soon docker rm "$container" >/dev/null 2>&1
  [ -z "$image" ] || $soon docker rmi "$image" >/dev/null 2>&1
  [ -z "$probe" ] || rmdir "$probe"
  rm -rf "$answers"
}
if command -v docker >/dev/null 2>&1 && answers=$(mktemp -d); then
  trap clean EXIT
  # Of a client that was killed, nobody reads on: dash runs no EXIT trap when SIGPIPE ends it.
  trap 'exit 1' HUP INT PIPE TERM
  # An engine that hangs must not take all the time there is. Not every timeout reads its words alike.
  if timeout 1 true 2>/dev/null; then soon='timeout 20'; else soon=; fi
  # Compose takes as long as all the rest to say its version, which stays until its program changes.
  config=${DOCKER_CONFIG:-$HOME/.docker}
  programs=$(stat -L -c '%n %d %i %s %Z' "$(command -v docker)" "$config/config.json" \
    "$config/cli-plugins/docker-compose" /usr/local/lib/docker/cli-plugins/docker-compose \
    /usr/local/libexec/docker/cli-plugins/docker-compose /usr/lib/docker/cli-plugins/docker-compose \
    /usr/libexec/docker/cli-plugins/docker-compose 2>/dev/null)
  compose=
  case $programs in
    *docker-compose*) { IFS= read -r compose && [ "$(cat)" = "$programs" ]; } 2>/dev/null <"$root/compose-version" || compose= ;;
  esac
  if [ -z "$compose" ]; then
    $soon docker compose version --short >"$answers/compose" 2>/dev/null &
    asking=$!
  fi
  {
    endpoint=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)
    printf 'endpoint=%s\n' "$endpoint" >"$answers/endpoint"
    # The engine's socket answers many times as soon as Docker's program starts.
    ask_info() {
      case $endpoint in
        unix://*) curl -q -s --max-time "$1" --unix-socket "${endpoint#unix://}" http://docker/info >"$answers/info" 2>/dev/null ;;
      esac
    }
    ask_info 2
    sed -n 's/.*"ServerVersion":"\([^"]*\)".*/\1/p' "$answers/info" >"$answers/engine" 2>/dev/null
    [ -s "$answers/engine" ] || {
      ask_info 10 &
      $soon docker version --format '{{.Server.Version}}' >"$answers/engine" 2>"$answers/engine.err"
      status=$?
      wait
      exit "$status"
    }
  } &
  engine=$!
fi
system=$(uname -snm)
arch=${system##* }
hostname=${system#* }
printf 'system=%s\narch=%s\n' "${system%% *}" "$arch"
printf 'uid=%s\nuser=%s\nhostname=%s\n' "$(id -u)" "$(id -un 2>/dev/null)" "${hostname%% *}"
for tool in docker rsync curl flock setsid tar; do
  printf '%s=%s\n' "$tool" "$(command -v "$tool" 2>/dev/null)"
done
case $(curl -q -V 2>/dev/null) in *Features:*" HTTP2"*) echo http2=yes ;; *) echo http2=no ;; esac
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
  df -Pk "$root" 2>/dev/null | { read -r _ && read -r _ _ _ free _ && echo "free_kb=$free"; }
  df -Pi "$root" 2>/dev/null | { read -r _ && read -r _ _ _ free _ && echo "free_inodes=$free"; }
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

[ -n "$answers" ] || exit 0
if [ -z "$compose" ] && wait "$asking"; then
  compose=$(cat "$answers/compose")
  if [ -n "$usable" ] && [ -n "$programs" ]; then
    new=$root/.compose-version.$$
    { printf '%s\n%s\n' "$compose" "$programs" >"$new" && mv "$new" "$root/compose-version"; } || rm -f "$new"
  fi 2>/dev/null
fi
[ -z "$compose" ] || printf 'compose=%s\n' "$compose"
engine_up=
wait "$engine" && engine_up=yes
cat "$answers/endpoint"
if [ -n "$engine_up" ]; then
  printf 'engine=%s\n' "$(cat "$answers/engine")"
  grep -q '"name=rootless"' "$answers/info" 2>/dev/null && echo rootless=yes
  engine_root=$(sed -n 's/.*"DockerRootDir":"\([^"]*\)".*/\1/p' "$answers/info" 2>/dev/null)
  printf 'engine_root=%s\n' "$engine_root"
  # The engine's own comes first; those of its parts, which may be empty, have the same key.
  engine_id=$(sed -n 's/^{"ID":"\([^"]*\)".*/\1/p' "$answers/info" 2>/dev/null | tr -cd 'A-Za-z0-9-')
  [ -n "$engine_id" ] || engine_id=$($soon docker info --format '{{.ID}}' 2>/dev/null | tr -cd 'A-Za-z0-9-')
  printf 'engine_id=%s\n' "$engine_id"
  [ -z "$engine_root" ] || df -Pk "$engine_root" 2>/dev/null | { read -r _ && read -r _ _ _ free _ && echo "engine_free_kb=$free"; }
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
