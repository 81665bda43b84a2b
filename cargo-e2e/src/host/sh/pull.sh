# Pulls images before `up`, four at a time; of those that are wanted only where the host lacks them,
# the ones that it lacks. Needs: plain (the names of those that have no platform and need not be new),
# others (yes where there are more), images (all, a line each: `NAME PLATFORM KNOWN-AS WHEN`, `-` for
# any platform, WHEN is `missing` or `always`), scratch (a folder), pauses (seconds between tries),
# seconds (how long all of it may take), transient and final (what the last line of an error says, for
# grep -E); engine.sh, and for it pull_root and pull_id.
# Says `e2e-pull NUMBER missing`, then of each `start`, `says LINE`, `again PAUSE`, `done`, `failed`.
lacks() {
  [ "$4" = missing ] || return 0
  found=$(docker image inspect --format '{{.Os}}/{{.Architecture}}' "$1" 2>/dev/null) || return 0
  [ "$3" != - ] && [ "$3" != "$found" ]
}
find_missing() {
  rm -rf "$scratch" && mkdir "$scratch" && : >"$scratch/missing" || return
  number=0
  printf '%s\n' "$images" | while read -r name platform known when; do
    number=$((number + 1))
    lacks "$name" "$platform" "$known" "$when" || continue
    echo "e2e-pull $number missing"
    echo "$number $name $platform" >>"$scratch/missing"
  done
}
# What was claimed by another worker is that one's.
work() {
  while read -r number name platform; do
    own=$scratch/$number
    ! mkdir "$own" 2>/dev/null || pull
  done <"$scratch/missing"
}
pull() {
  echo "e2e-pull $number start"
  # shellcheck disable=SC2086 # words
  set -- $pauses
  while :; do
    {
      if [ "$platform" = - ]; then docker pull "$name"; else docker pull --platform "$platform" "$name"; fi </dev/null 2>&1
      echo "$?" >"$own/status"
    } | while IFS= read -r line; do
      printf 'e2e-pull %s says %s\n' "$number" "$line"
      [ -z "$line" ] || printf '%s\n' "$line" >"$own/last"
    done
    read -r status <"$own/status"
    if [ "$status" = 0 ]; then
      echo "e2e-pull $number done"
      return
    fi
    if grep -qiE "$final" "$own/last" || ! grep -qiE "$transient" "$own/last" ||
      [ "$#" = 0 ] || [ $(($(date +%s) + ${1%.*} + 1)) -ge "$until" ]; then
      echo "e2e-pull $number failed"
      : >"$scratch/failed"
      return
    fi
    echo "e2e-pull $number again $1"
    sleep "$1"
    shift
  done
}
pull_all() {
  until=$(($(date +%s) + seconds))
  find_missing || return
  work & work & work & work &
  wait
  [ ! -e "$scratch/failed" ]
}
# One question for all, which as a rule are there. In a shell of its own: these variables may be
# Compose's too.
# shellcheck disable=SC2030,SC2031,SC2086 # names
are_there() (
  root=$pull_root
  id=$pull_id
  set --
  for name in $plain; do set -- "$@" "http://docker/images/$name/json"; done
  ask '' "$@" >/dev/null || docker image inspect --format . $plain >/dev/null 2>&1
)
if [ -n "$others" ] || ! are_there; then pull_all || exit; fi
