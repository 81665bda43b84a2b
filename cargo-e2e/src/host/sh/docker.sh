# The `docker` and `docker-compose` that tests on a sandbox's host find first: what a script does with
# Compose, it does with the sandbox's own stack, by the model that `up` read. Other commands of
# docker are let through as they are.
# Needs: docker (the real one), dir, project, files (those that e2e.yml names, a line each).
[ "${0##*/}" != docker-compose ] || set -- compose "$@"
[ "${1-}" = compose ] || exec "$docker" "$@"
shift
say() { echo "cargo e2e: $1" >&2; }
# Sets `option`, `value` and `width` to the option that these words begin with; fails where they
# begin with a command, or are over.
option() {
  value=${2-}
  width=1
  case ${1-} in
    -f | --file | -p | --project-name | --project-directory) option=$1 width=2 ;;
    --file=* | --project-name=* | --project-directory=*) option=${1%%=*} value=${1#*=} ;;
    -f?* | -p?*) value=${1#??} option=${1%"$value"} value=${value#=} ;;
    --ansi | --env-file | --parallel | --profile | --progress) option=kept width=2 ;;
    -?*) option=kept ;;
    *) return 1 ;;
  esac
  [ "$width" -le $# ] || width=$#
}
is_own() {
  file=$(readlink -f "$1") && printf '%s\n' "$dir/compose.json" "$files" | while read -r own; do
    [ "$(readlink -f "$own")" != "$file" ] || echo yes
  done | grep -q yes
}
# Whether these words, or the variable, name a file that is not the sandbox's.
is_another() {
  named=
  while option "$@"; do
    case $option in -f | --file) named=yes; is_own "$value" || return 0 ;; esac
    shift "$width"
  done
  [ -z "$named" ] && [ -n "${COMPOSE_FILE-}" ] || return 1
  IFS=:
  for value in $COMPOSE_FILE; do unset IFS; is_own "$value" || return 0; done
  unset IFS
  return 1
}
if is_another "$@"; then
  say 'this compose file is not in e2e.yml: cargo e2e does not remove what it makes'
  # Among the sandbox's containers it would be in their way.
  [ "${COMPOSE_PROJECT_NAME-}" != "$project" ] || export COMPOSE_PROJECT_NAME="$project-other"
  exec "$docker" compose "$@"
fi
# Without what names another project or file. Each word goes to the end once.
left=$#
while [ "$left" -gt 0 ] && option "$@"; do
  left=$((left - width))
  [ "$option" != kept ] || set -- "$@" "$1"
  [ "$option" != kept ] || [ "$width" = 1 ] || set -- "$@" "$2"
  shift "$width"
done
[ "$left" -gt 0 ] && command=$1 || command=
words=0
while [ "$left" -gt 0 ]; do
  case $1 in -*) ;; *) words=$((words + 1)) ;; esac
  set -- "$@" "$1"
  shift
  left=$((left - 1))
done
# Services that are named may go: that is a test. All of them are what is collected afterwards.
case $command.$words in
  down.* | rm.1)
    say "\`docker compose $command\` does nothing here: cargo e2e removes the sandbox, after its logs are collected"
    exit 0
    ;;
esac
unset COMPOSE_PROFILES COMPOSE_ENV_FILES
export COMPOSE_DISABLE_ENV_FILE=1 COMPOSE_PROJECT_NAME="$project" COMPOSE_FILE="$dir/compose.json"
exec "$docker" compose "$@"
