# Says what this host is and has, as key=value lines; judges nothing, changes nothing but
# making the tool's own folder, in which it notes what its programs said. Needs: min_free_kb.
set -u
# Whatever came before this line was printed by the login shell's own files.
echo cargo-e2e-preflight
newline='
'
root=${CARGO_E2E_ROOT:-${XDG_STATE_HOME:-$HOME/.local/state}/cargo-e2e}
system=$(uname -snm)
arch=${system##* }
hostname=${system#* }
printf 'system=%s\narch=%s\nhostname=%s\n' "${system%% *}" "$arch" "${hostname%% *}"
# `uid=0(root) gid=…`: a number without a name has no bracket.
account=$(id)
uid=${account#uid=}
uid=${uid%%[!0-9]*}
user=${account%% *}
case $user in *'('*) user=${user#*'('} user=${user%')'} ;; *) user= ;; esac
printf 'uid=%s\nuser=%s\n' "$uid" "$user"
for tool in docker rsync curl flock setsid tar; do
  printf '%s=%s\n' "$tool" "$(command -v "$tool" 2>/dev/null)"
done
for libc in /lib/ld-musl-*.so.1; do
  [ -e "$libc" ] && echo libc=musl || echo libc=gnu
  break
done
ipv6=no
while read -r address _; do
  [ "$address" != 00000000000000000000000000000001 ] || ipv6=yes
done 2>/dev/null </proc/net/if_inet6
echo "ipv6=$ipv6"

usable=
if [ ! -d "$root" ]; then
  # Only a folder that is made here is made private: another's mode is its owner's.
  # shellcheck disable=SC2174 # the folders above are not ours
  said=$(mkdir -p -m 0700 "$root" 2>&1) || printf 'root_error=%s\n' "$said"
fi
if [ ! -d "$root" ]; then
  :
elif ! cd "$root" 2>/dev/null; then
  printf 'root_error=%s\n' "$(ls -d "$root/." 2>&1)"
else
  root=$(pwd -P)
  # In a shell of its own: where `:` can't write, dash ends. The file stays: it costs less than its end.
  if (: >"$root/.writable") 2>/dev/null; then usable=yes; else echo "root_error=it is not writable"; fi
fi
printf 'root=%s\n' "$root"
# room FOLDER: sets `kb` and `inodes` to what is free there.
room() {
  # shellcheck disable=SC2046 # three numbers
  set -- $(stat -f -c '%a %S %d' "$1" 2>/dev/null)
  [ $# = 3 ] || return 1
  kb=$(($1 * ($2 / 512) / 2))
  inodes=$3
}
! room "$root" || printf 'free_kb=%s\nfree_inodes=%s\n' "$kb" "$inodes"

docker=$(command -v docker 2>/dev/null) || exit 0
# An engine that hangs must not take all the time there is. Not every timeout reads its words alike.
soon=
find_limit() {
  if timeout 1 true 2>/dev/null; then soon='timeout 20'; fi
}
# Programs take as long as all the rest to say what they are, which stays until they change. A line each:
# Compose's version; its program, where compose.sh may start that; whether curl has HTTP/2; where the
# engine is, as far as the files decide it; then the programs that said so.
config=${DOCKER_CONFIG:-$HOME/.docker}
programs=$(stat -L -c '%n %d %i %s %Z' "$docker" "$(command -v curl)" "$config/config.json" \
  "$config/cli-plugins/docker-compose" /usr/local/lib/docker/cli-plugins/docker-compose \
  /usr/local/libexec/docker/cli-plugins/docker-compose /usr/lib/docker/cli-plugins/docker-compose \
  /usr/libexec/docker/cli-plugins/docker-compose 2>/dev/null)
compose=
program=
http2=
endpoint=
known=
{
  read -r compose && IFS= read -r program && read -r http2 && IFS= read -r endpoint &&
    while IFS= read -r line; do known=${known:+"$known$newline"}$line; done
} 2>/dev/null <"$root/programs"
is_known=
case $programs in *docker-compose*) [ "$known" != "$programs" ] || is_known=yes ;; esac
if [ -z "$is_known" ]; then
  find_limit
  compose=$($soon docker compose version --short 2>/dev/null) || compose=
  # Docker's own program starts Compose and does nothing else first. A wrapper may do more, and a folder
  # that config.json names comes before the others.
  program=
  {
    case $(head -c 4 "$docker") in *ELF) is_own=yes ;; *) is_own= ;; esac
    if [ -n "$is_own" ] && ! grep -q cliPluginsExtraDirs "$config/config.json"; then
      program=$(printf '%s\n' "$programs" | sed -n 's|\(/docker-compose\) [^/]*$|\1|p' | head -n 1)
      case $("$program" docker-cli-plugin-metadata) in
        *'"Version"'*"\"$compose\""* | *'"Version"'*"\"v$compose\""*) ;;
        *) program= ;;
      esac
    fi
    endpoint=
    if [ -n "$is_own" ] && ! grep -q currentContext "$config/config.json"; then
      endpoint=$(DOCKER_HOST='' DOCKER_CONTEXT='' $soon docker context inspect --format '{{.Endpoints.docker.Host}}')
    fi
  } 2>/dev/null
  case $(curl -q -V 2>/dev/null) in *Features:*" HTTP2"*) http2=yes ;; *) http2=no ;; esac
  if [ -n "$usable" ] && [ -n "$compose" ]; then
    new=$root/.programs.$$
    {
      printf '%s\n' "$compose" "$program" "$http2" "$endpoint" "$programs" >"$new" && mv "$new" "$root/programs"
    } 2>/dev/null || rm -f "$new"
  fi
fi
printf 'http2=%s\n' "$http2"
[ -z "$compose" ] || printf 'compose=%s\n' "$compose"
if [ -z "$endpoint" ] || [ -n "${DOCKER_HOST-}${DOCKER_CONTEXT-}" ]; then
  endpoint=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)
fi
printf 'endpoint=%s\n' "$endpoint"

# The engine's socket answers many times as soon as Docker's program starts.
ask_info() {
  case $endpoint in
    unix://*) info=$(curl -q -s --max-time "$1" --unix-socket "${endpoint#unix://}" http://docker/info 2>/dev/null) ;;
    *) info= ;;
  esac
}
# Sets `server`, `folder` and `number` to the engine's version, folder and id. Of each key the first counts: the
# engine's own id comes first, and those of its parts, which may be empty, have the same key. By the words
# between quotes: to cut a text behind a word takes a shell time by the square of what is before that.
read_info() {
  unset server folder number
  key=
  last=
  set -f
  IFS='"'
  for word in $info; do
    [ "$last" != : ] || case $key in
      ServerVersion) server=${server-$word} ;;
      DockerRootDir) folder=${folder-$word} ;;
      ID) number=${number-$word} ;;
    esac
    key=$last
    last=$word
  done
  unset IFS
  set +f
}
ask_info 2
read_info
engine=${server-}
if [ -z "$engine" ]; then
  find_limit
  if ! engine=$($soon docker version --format '{{.Server.Version}}' 2>&1); then
    set -f
    said=
    for word in $engine; do said="$said$word "; done
    printf 'engine_error=%s\n' "${said:-no response within 20 s}"
    exit 0
  fi
  # Behind what it warned of.
  engine=${engine##*"$newline"}
  ask_info 5
  read_info
fi
printf 'engine=%s\n' "$engine"
case $info in *'"name=rootless"'*) echo rootless=yes ;; esac
printf 'engine_root=%s\n' "${folder-}"
[ -z "${folder-}" ] || ! room "$folder" || printf 'engine_free_kb=%s\n' "$kb"
engine_id=
IFS=:
for part in ${number-}; do engine_id=$engine_id$part; done
unset IFS
case $engine_id in '' | *[!A-Za-z0-9-]*) engine_id=$($soon docker info --format '{{.ID}}' 2>/dev/null | tr -cd 'A-Za-z0-9-') ;; esac
printf 'engine_id=%s\n' "$engine_id"

# Whether containers see this folder: an engine in a snap, a VM or another namespace does not.
# Making a container with a bind mount asks the engine; the answer is kept for this engine.
[ -n "$usable" ] || exit 0
if [ -z "$engine_id" ] || [ ! -e "$root/seen-by-$engine_id" ]; then
  find_limit
  # A folder that was not there before: the engine may have made one like the root by itself.
  mkdir "$root/probe.$$" 2>/dev/null || exit 0
  probe=$root/probe.$$
  image=
  container=
  clean() {
    [ -z "$container" ] || $soon docker rm "$container" >/dev/null 2>&1
    [ -z "$image" ] || $soon docker rmi "$image" >/dev/null 2>&1
    rm -f "$root/.create-error.$$"
    rmdir "$probe"
  }
  trap clean EXIT
  # Of a client that was killed, nobody reads on: dash runs no EXIT trap when SIGPIPE ends it.
  trap 'exit 1' HUP INT PIPE TERM
  # Labelled like a run's: of a host that is switched off right here, gc finds it.
  id=cargoe2epreflight000000000
  set -- cargo-e2e.run="$id" cargo-e2e.repo=preflight cargo-e2e.owner="$uid" cargo-e2e.expires="$(date +%s)"
  here=$(printf '%s' "$root" | sed 's/[\\"$]/\\&/g')
  image=$(tar -cf - -T /dev/null | $soon docker import -c "LABEL $* cargo-e2e.root=\"$here\" cargo-e2e.image=$id" -c 'CMD ["none"]' - 2>/dev/null)
  if [ -n "$image" ]; then
    # The container's own, because those of its image are no run's.
    for label; do
      set -- "$@" --label "$label"
      shift
    done
    if container=$($soon docker create "$@" --label "cargo-e2e.root=$root" --label cargo-e2e.image= --network none --mount "type=bind,source=$probe,target=/probe" "$image" 2>"$root/.create-error.$$"); then
      [ -z "$engine_id" ] || : >"$root/seen-by-$engine_id"
    elif grep -q 'bind source path does not exist' "$root/.create-error.$$"; then
      echo invisible=yes
    fi
  fi
fi
exit 0
