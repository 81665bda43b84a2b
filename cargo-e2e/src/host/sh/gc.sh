# Opens the scripts that take down what others left behind. `gc` does it; with dry=yes it only
# says what it would do. Needs: root, take_down; all (yes: also other users' sandboxes).
# Prints `expired ID OWNER WHY` lines, and take_down's own, with the id in front.
uid=$(id -u)
# Something that has no registered lease may still have a guard elsewhere: ten minutes more.
late=600
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
gc() {
  mkdir -p "$root/locks" "$root/leases" "$root/ended" || return 1
  exec 6>"$root/locks/gc"
  # Somebody is at it already.
  [ "${dry-}" = yes ] || flock -n 6 || { echo busy; return 0; }
  now=$(date +%s)
  for folder in "$root"/leases/*/ "$root"/sandboxes/*/; do
    id=${folder%/}
    id=${id##*/}
    if ! is_id "$id" || [ ! -d "$folder" ] || [ -L "${folder%/}" ]; then continue; fi
    dir=$root/sandboxes/$id
    lease=$root/leases/$id
    expires=$(number "$(cat "$dir/expires" 2>/dev/null)")
    if [ -e "$lease/sentinel" ]; then
      [ "${folder#"$root/leases/"}" != "$folder" ] || continue
      guarded && continue
      if [ -e "$lease/kept" ] && [ "$now" -lt "$expires" ]; then
        # Kept, and its guard died with the host: another takes over. Clocks start anew at boot.
        if [ "${dry-}" != yes ]; then
          clock
          echo "$((clock + expires - now))" >"$lease/kept.new" && mv "$lease/kept.new" "$lease/kept" && arm
        fi
        continue
      fi
      renewed=$(number "$(stat -c %Y "$lease/lease" 2>/dev/null)")
      [ $((now - renewed)) -gt $(($(number "$(cat "$lease/patience" 2>/dev/null)") + 15)) ] || continue
      reap lease "$uid"
    elif [ -d "$dir" ]; then
      [ $((expires + late)) -lt "$now" ] || continue
      reap expired "$uid"
    elif [ -n "$(find "$lease" -maxdepth 0 -mmin +10 2>/dev/null)" ]; then
      # Nothing was armed and nothing was made.
      [ "${dry-}" = yes ] || rm -rf "$lease"
    fi
  done
  # What carries our labels, and has neither folder nor lease: the labels' expiry counts.
  labels='{{.Label "cargo-e2e.run"}} {{.Label "cargo-e2e.expires"}} {{.Label "cargo-e2e.owner"}}'
  labelled=$(
    {
      docker ps -a --filter label=cargo-e2e.run --format "$labels"
      docker network ls --filter label=cargo-e2e.run --format "$labels"
      docker volume ls --filter label=cargo-e2e.run --format "$labels"
      docker image ls -q --filter label=cargo-e2e.run | sort -u | while read -r image; do
        docker image inspect --format '{{with .Config}}{{index .Labels "cargo-e2e.run"}} {{index .Labels "cargo-e2e.expires"}} {{index .Labels "cargo-e2e.owner"}}{{end}}' "$image"
      done
    } 2>/dev/null | awk 'NF == 3 && $2 ~ /^[0-9]+$/ && $3 ~ /^[0-9]+$/ {
      # Of several expiries the last: better late than too early.
      if ($2 > last[$1]) last[$1] = $2
      owner[$1] = $3
    }
    END { for (run in last) print run, last[run], owner[run] }'
  )
  while read -r id expires owner_of; do
    if ! is_id "$id" || [ $((expires + late)) -ge "$now" ]; then continue; fi
    dir=$root/sandboxes/$id
    lease=$root/leases/$id
    if [ -e "$dir" ] || [ -e "$lease" ]; then continue; fi
    [ "$owner_of" = "$uid" ] || [ "${all-}" = yes ] || continue
    reap label "$owner_of"
  done <<END
$labelled
END
  [ "${dry-}" = yes ] || forget
}
# What is kept for later runs, but was not used for 30 days; and what a preflight left that did not
# come to its end.
forget() {
  find "$root" -mindepth 1 -maxdepth 1 -type d -name 'probe.*' -mmin +10 -exec rmdir {} + 2>/dev/null
  find "$root/ended" -type f -mtime +30 -exec rm -f {} + 2>/dev/null
  find "$root/mirrors" "$root/cache" -mindepth 1 -maxdepth 1 -type d -mtime +30 2>/dev/null |
    while read -r old; do
      grep -qF -e " $old/" -e " $old " /proc/self/mountinfo && continue
      (
        exec 9>"$root/locks/mirror-${old##*/}"
        flock -n 9 && rm -rf "$old" 2>/dev/null
      )
    done
}
