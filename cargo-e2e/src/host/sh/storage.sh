# Opens the scripts that give up what is kept for later runs: mirrors and caches. Needs: root, dry
# (yes: only say what would go). Prints `forgot KIND NAME KB WHY` for what goes, `busy KIND NAME` for
# what is in use, and `unremovable KIND NAME`.
# With less room than this, in KB and in inodes, mirrors go: twice what a run needs at its start.
least_kb=1048576
least_inodes=10000
# The number of mirrors that are kept, those that were used last.
most_mirrors=50
# Whether a sandbox of a repo is there.
has_sandbox() { grep -qsF "\"repo\":\"$1\"" "$root"/leases/*/about "$root"/sandboxes/*/about; }
# give_up KIND NAME WHY
give_up() {
  case $1 in mirror) old=$root/mirrors/$2 ;; cache) old=$root/cache/$2 ;; *) return 0 ;; esac
  if [ ! -d "$old" ] || [ -L "$old" ] || [ -n "$(mounted "$old")" ]; then return 0; fi
  (
    if [ "$1" = cache ]; then
      if has_sandbox "$2"; then echo "busy $1 $2"; exit; fi
    else
      # What it says of the last writer stays: see mirror.sh.
      exec 9>>"$root/locks/mirror-$2"
      flock -n 9 || { echo "busy $1 $2"; exit; }
    fi
    kb=$(du -sk "$old" 2>/dev/null | cut -f 1)
    [ "${dry-}" = yes ] || rm -rf "$old" 2>/dev/null
    if [ "${dry-}" != yes ] && [ -e "$old" ]; then
      echo "unremovable $1 $2"
    else
      echo "forgot $1 $2 ${kb:-0} $3"
    fi
  )
}
# Whether there is less room than a run should find, once this many KB more are free.
short() {
  df -Pk "$root" 2>/dev/null | awk -v least="$least_kb" -v more="$1" 'NR == 2 { exit !($4 + more < least) }' && return
  # A filesystem without a fixed number of inodes says 0 or -.
  [ "${dry-}" != yes ] &&
    df -Pi "$root" 2>/dev/null | awk -v least="$least_inodes" 'NR == 2 { exit !($2 > 0 && $4 < least) }'
}
# All mirrors, that which was used last first.
mirrors() { ls -1t "$root/mirrors" 2>/dev/null; }
# Gives up the mirrors that were not used for longest, until there is room.
make_room() {
  freed=0
  # The newest is last.
  mirrors | awk '{ line[NR] = $0 } END { while (NR) print line[NR--] }' | while read -r name; do
    short "$freed" || break
    went=$(give_up mirror "$name" room)
    [ -n "$went" ] || continue
    printf '%s\n' "$went"
    # shellcheck disable=SC2086 # words
    set -- $went
    if [ "${dry-}" = yes ] && [ "$1" = forgot ]; then freed=$((freed + $4)); fi
  done
}
