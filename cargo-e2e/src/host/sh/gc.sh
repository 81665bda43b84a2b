# Opens the scripts that take down what others left behind. `gc` does it; with dry=yes it only
# says what it would do. Needs: root, take_down; all (yes: also other users' sandboxes); repo, every
# (a slug, or yes for all: what is kept for later runs of these goes too).
# Prints `expired ID OWNER WHY` lines, and take_down's own, with the id in front; and storage.sh's.
# Something that has no registered lease may still have a guard elsewhere: ten minutes more.
late=600
# As long as a sandbox can be kept: labels tell nothing of that, and the lease can't be read.
longest=2592000
is_id() {
  case $1 in *[!0-9a-z]* | '') return 1 ;; esac
  [ "${#1}" = 26 ]
}
# reap WHY OWNER
reap() {
  echo "expired $id $2 $1"
  [ "${dry-}" != yes ] || return 0
  owner_uid=$2
  if [ -d "$lease" ] && [ ! -e "$lease/why" ]; then printf '%s\n' "$1" >"$lease/why"; fi
  take_down </dev/null | sed "s/^/$id /"
}
number() { case $1 in '' | *[!0-9]*) echo 0 ;; *) echo "$1" ;; esac; }
# Sees to the sandbox `id` below `root` by its lease, or by its folder where it has none; fails where
# it has neither. Another root is looked after by its own guards: nothing is armed there.
see_to() {
  dir=$root/sandboxes/$id
  lease=$root/leases/$id
  [ -e "$lease" ] || [ -e "$dir" ] || return 1
  if [ -L "$lease" ] || { [ ! -e "$lease" ] && [ -L "$dir" ]; }; then return 0; fi
  # As a rule. There may be hundreds, and each run looks at all.
  if [ -e "$lease/sentinel" ] && guarded; then return; fi
  expires=$(number "$(cat "$dir/expires" 2>/dev/null)")
  if [ -e "$lease/sentinel" ]; then
    if [ -e "$lease/kept" ] && [ "$now" -lt "$expires" ]; then
      # Kept, and its guard died with the host: another takes over. Clocks start anew at boot.
      if [ "${dry-}" != yes ] && [ -z "$foreign" ]; then
        clock
        echo "$((clock + expires - now))" >"$lease/kept.new" && mv "$lease/kept.new" "$lease/kept" && arm
      fi
      return 0
    fi
    renewed=$(number "$(stat -c %Y "$lease/lease" 2>/dev/null)")
    patient=$(number "$(cat "$lease/patience" 2>/dev/null)")
    # Its client's end was seen, and written there.
    if { read -r beat _ <"$lease/lease"; } 2>/dev/null && [ "$beat" = gone ]; then patient=0; fi
    [ $((now - renewed)) -gt $((patient + 15)) ] || return 0
    reap lease "$1"
  elif [ -d "$dir" ]; then
    [ $((expires + late)) -ge "$now" ] || reap expired "$1"
  elif [ -z "$foreign" ] && [ -n "$(find "$lease" -maxdepth 0 -mmin +10 2>/dev/null)" ]; then
    # Nothing was armed and nothing was made.
    [ "${dry-}" = yes ] || rm -rf "$lease"
  fi
  return 0
}
# Whether all that another root of this user says of its sandboxes can be read, and changed.
is_open() {
  case $1 in /*) ;; *) return 1 ;; esac
  for part in "$1/leases" "$1/sandboxes"; do
    if [ ! -d "$part" ] || [ -L "$part" ] || [ ! -r "$part" ] || [ ! -x "$part" ] || [ ! -w "$part" ]; then return 1; fi
    [ "$(stat -c %u "$part" 2>/dev/null)" = "$2" ] || return 1
  done
}
# `RUN EXPIRES OWNER ROOT` of all that carries our labels; things of before had no root in them.
labelled() {
  # One question, where the answer is as a rule that there is nothing, or only what is here.
  id=$own_id
  joined=
  if nothing_has '"cargo-e2e.run"' || all_is_here; then return 0; fi
  labels='{{.Label "cargo-e2e.run"}} {{.Label "cargo-e2e.expires"}} {{.Label "cargo-e2e.owner"}} {{.Label "cargo-e2e.root"}}'
  docker ps -a --filter label=cargo-e2e.run --format "$owned$labels{{end}}"
  docker network ls --filter label=cargo-e2e.run --format "$labels"
  docker volume ls --filter label=cargo-e2e.run --format "$labels"
  docker image ls -q --filter label=cargo-e2e.run | sort -u | while read -r image; do
    docker image inspect --format '{{with .Config}}{{index .Labels "cargo-e2e.run"}} {{index .Labels "cargo-e2e.expires"}} {{index .Labels "cargo-e2e.owner"}} {{index .Labels "cargo-e2e.root"}}{{end}}{{"\t"}}{{range .RepoTags}}{{.}} {{end}}' "$image"
  done | run_of_image
}
# Whether all that the engine listed, in `joined`, is of sandboxes that are here: those were seen to by their leases.
all_is_here() {
  [ -n "$joined" ] || return 1
  before=
  last=
  set -f
  IFS='"'
  for word in $joined; do
    case $before$last$word in
      cargo-e2e.run:*) [ -e "$root/leases/$word" ] || [ -e "$root/sandboxes/$word" ] || before=stranger ;;
      *cargo-e2e.run:) ;;
      # It is written in some other way.
      *) [ "$last" != cargo-e2e.run ] || before=stranger ;;
    esac
    [ "$before" != stranger ] || break
    before=$last
    last=$word
  done
  unset IFS
  set +f
  [ "$before" != stranger ]
}
gc() {
  mkdir -p "$root/locks" "$root/leases" "$root/ended" || return 1
  exec 6>"$root/locks/gc"
  if [ "${dry-}" != yes ] && ! flock -n 6; then
    # Another gc is at it already, and removes nothing without being asked.
    if [ -z "${repo-}${every-}" ] || ! lock 6 120; then echo busy; return 0; fi
  fi
  now=$(date +%s)
  uid=$(id -u)
  foreign=
  # The engine's socket is known by the lease of the sandbox whose guard this is.
  own_id=$id
  ids=$(for folder in "$root"/leases/*/ "$root"/sandboxes/*/; do
    folder=${folder%/}
    echo "${folder##*/}"
  done | sort -u)
  for id in $ids; do
    if is_id "$id"; then see_to "$uid"; fi
  done
  found=$(labelled 2>/dev/null | awk '$2 ~ /^[0-9]+$/ && $3 ~ /^[0-9]+$/ {
    # Of several expiries the last: better late than too early.
    if ($2 > last[$1]) last[$1] = $2
    owner[$1] = $3
    place = $0
    sub(/^[^ ]+ [^ ]+ [^ ]+ ?/, "", place)
    if (place != "") root[$1] = place
  }
  END { for (run in last) print run, last[run], owner[run], root[run] }')
  while read -r id expires owner_of place; do
    if ! is_id "$id" || [ $((expires + late)) -ge "$now" ]; then continue; fi
    [ "$owner_of" = "$uid" ] || [ "${all-}" = yes ] || continue
    dir=$root/sandboxes/$id
    lease=$root/leases/$id
    # What is here was seen to above, whatever its labels say.
    if [ -e "$dir" ] || [ -e "$lease" ]; then continue; fi
    if [ "$place" = "$root" ]; then
      # It has neither folder nor lease: the labels' expiry counts.
      reap label "$owner_of"
    elif is_open "$place" "$owner_of"; then
      here=$root
      root=$place
      foreign=yes
      see_to "$owner_of" || reap label "$owner_of"
      root=$here
      foreign=
    elif [ $((expires + longest)) -lt "$now" ]; then
      reap label "$owner_of"
    fi
  done <<END
$found
END
  forget
}
# What is kept for later runs, but was not used for 30 days, or is more than there is room for; and
# what a preflight left that did not come to its end. Each run looks: hence few programs.
forget() {
  if [ "${dry-}" != yes ]; then
    for old in "$root"/probe.*; do
      [ ! -d "$old" ] || find "$old" -maxdepth 0 -mmin +10 -exec rmdir {} + 2>/dev/null
    done
    # A gc before this one was ended while it removed these.
    for old in "$root"/workspaces/gone.*; do
      [ ! -e "$old" ] || rm -rf "$old" 2>/dev/null
    done
  fi
  if [ -n "${repo-}${every-}" ]; then forget_repo; fi
  # Mirrors are copies of repos that versions before this one made.
  unused=$(find "$root/ended" "$root/mirrors" "$root/workspaces" "$root/cache" -mindepth 1 -maxdepth 1 -mtime +30 2>/dev/null)
  [ -z "$unused" ] || printf '%s\n' "$unused" | while read -r old; do
    name=${old##*/}
    case $old in
      "$root/ended/"*) [ "${dry-}" = yes ] || rm -f "$old" ;;
      "$root/mirrors/"*) give_up mirror "$name" unused ;;
      "$root/cache/"*) give_up cache "$name" unused ;;
    esac
  done | grep -v '^busy '
  workspaces | {
    count=0
    total=0
    while read -r name; do
      count=$((count + 1))
      case ${name##*.} in '' | *[!0-9]*) ;; *) total=$((total + ${name##*.})) ;; esac
      case "$newline$unused$newline" in
        *"$newline$root/workspaces/$name$newline"*)
          give_up workspace "$name" unused
          continue
          ;;
      esac
      if [ "$count" -gt "$most_workspaces" ] || [ "$total" -gt "$most_kb" ]; then
        give_up workspace "$name" many
      fi
    done
  }
  make_room
  return 0
}
# What is kept for later runs of one repo, or of all, and how its sandboxes ended.
forget_repo() {
  workspaces | while read -r name; do
    if [ "${every-}" = yes ] || [ "${name%%.*}" = "$repo" ]; then give_up workspace "$name" asked; fi
  done
  for old in "$root"/mirrors/*/; do
    old=${old%/}
    old=${old##*/}
    if [ "${every-}" = yes ] || [ "${old%.*}" = "$repo" ]; then give_up mirror "$old" asked; fi
  done
  for old in "$root"/cache/*/; do
    slug=${old%/}
    slug=${slug##*/}
    if [ "${every-}" = yes ] || [ "$slug" = "$repo" ]; then give_up cache "$slug" asked; fi
  done
  for old in "$root"/ended/*; do
    id=${old##*/}
    is_id "$id" || continue
    [ "${every-}" = yes ] || grep -qsF "\"repo\":\"$repo\"" "$old" || continue
    echo "forgot ended $id $(du -k "$old" | cut -f 1) asked"
    [ "${dry-}" = yes ] || rm -f "$old" "$old".*
  done
}
