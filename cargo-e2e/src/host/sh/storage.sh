# Opens the scripts that give up what is kept for later runs: idle workspaces and caches. Needs: root,
# dry (yes: only say what would go). Prints `forgot KIND NAME KB WHY` for what goes, `busy KIND NAME`
# for what is in use, and `unremovable KIND NAME`.
# With less room than this, in KB and in inodes, workspaces go: twice what a run needs at its start.
least_kb=1048576
least_inodes=10000
# How many workspaces are kept, and how many KB of them: those that were used last.
most_workspaces=50
most_kb=20971520
# Whether a sandbox of a repo is there.
has_sandbox() { grep -qsF "\"repo\":\"$1\"" "$root"/leases/*/about "$root"/sandboxes/*/about; }
# give_up KIND NAME WHY
give_up() {
  name=$2
  case $1 in
    workspace)
      old=$root/workspaces/$2
      # Its slug, and the sync after which it was given back.
      name=${2%.*.*}
      name=${2%%.*}.${name##*.}
      ;;
    mirror) old=$root/mirrors/$2 ;;
    cache) old=$root/cache/$2 ;;
  esac
  if [ ! -d "$old" ] || [ -L "$old" ] || [ -n "$(mounted "$old")" ]; then return 0; fi
  if [ "$1" = cache ] && has_sandbox "$2"; then echo "busy $1 $2"; return 0; fi
  kb=$(du -sk "$old" 2>/dev/null | cut -f 1)
  if [ "${dry-}" != yes ]; then
    if [ "$1" = workspace ]; then
      # A run that takes it now must not lose files to this.
      mv "$old" "$root/workspaces/gone.$2" 2>/dev/null || return 0
      old=$root/workspaces/gone.$2
    fi
    rm -rf "$old" 2>/dev/null
    if [ -e "$old" ]; then echo "unremovable $1 $name"; return 0; fi
  fi
  echo "forgot $1 $name ${kb:-0} $3"
}
# Whether there is less room than a run should find, once this many KB more are free.
short() {
  df -Pk "$root" 2>/dev/null | {
    read -r _ && read -r _ _ _ free _ && [ $((free + $1)) -lt "$least_kb" ]
  } && return
  # A filesystem without a fixed number of inodes says 0 or -.
  [ "${dry-}" != yes ] &&
    df -Pi "$root" 2>/dev/null | {
      read -r _ && read -r _ inodes _ free _ && [ "$inodes" != - ] && [ "$inodes" -gt 0 ] && [ "$free" -lt "$least_inodes" ]
    }
}
# All idle workspaces, that which was used last first.
# shellcheck disable=SC2012 # their names are our own
workspaces() { ls -1t "$root/workspaces" 2>/dev/null | sed '/^gone\./d'; }
# Gives up the workspaces that were not used for longest, until there is room.
make_room() {
  freed=0
  short 0 || return 0
  # The newest is last.
  workspaces | awk '{ line[NR] = $0 } END { while (NR) print line[NR--] }' | while read -r name; do
    short "$freed" || break
    went=$(give_up workspace "$name" room)
    [ -n "$went" ] || continue
    printf '%s\n' "$went"
    # shellcheck disable=SC2086 # words
    set -- $went
    if [ "${dry-}" = yes ] && [ "$1" = forgot ]; then freed=$((freed + $4)); fi
  done
}
