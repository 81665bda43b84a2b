# Opens teardown, which gives the sandbox's workspace back to its repo once nothing of the sandbox
# runs: without all that changed since its sync. `examine` says what that is, `give_back`
# acts on it.
# Whether anybody could still write there. A sandbox's id is in no other path. What can't be asked may
# be so.
is_used() {
  mounts=$(ask '' http://docker/containers/json) || mounts=$(docker ps --no-trunc --format '{{.Mounts}}' 2>/dev/null) || return 0
  case $mounts in *"$id"*) return 0 ;; esac
  grep -qsF "$id/repo" /proc/[0-9]*/mountinfo /sys/block/loop*/loop/backing_file &
  mounting=$!
  grep -qsF "$id/repo" /proc/[0-9]*/maps &
  mapping=$!
  there=$(find /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/fd -lname "*/$id/repo*" 2>/dev/null)
  case $?$there in 0 | 1) ;; *) return 0 ;; esac
  for look in "$mounting" "$mapping"; do
    wait "$look"
    # 2: one of them is gone.
    case $? in 1 | 2) ;; *) return 0 ;; esac
  done
  return 1
}
# Says what is not as it was: `doom PATH`, the topmost alone, and `touch PATH` for a folder in which an
# entry came or went; and `end`.
compare() {
  comm -3 "$dir/listing" "$dir/changed" >"$dir/differing" || return 1
  uid=$(id -u) awk '
    { is_now = sub(/^\t/, ""); path = substr($0, index($0, " ./") + 1) }
    !is_now { if ($4 == "d") was[$1 " " path]; next }
    $4 == "d" && $2 != "closed" && $3 == ENVIRON["uid"] { folder[path] = $1; next }
    { doom[path] }
    END {
      for (path in folder)
        if ((folder[path] " " path) in was) print "touch " path
        else doom[path]
      for (path in doom) {
        above = path
        sub(/\/[^\/]*$/, "", above)
        if (!(above in doom)) print "doom " path
      }
      print "end"
    }' "$dir/differing"
}
# Removes, in the current folder, what is to go.
doom="sed -n 's/^doom //p' ../verdicts | tr '\\n' '\\000' | xargs -0 -r rm -rf --"
# move_all FOLDER TO: what is in a folder.
move_all() { find "$1" -mindepth 1 -maxdepth 1 -exec mv -f -t "$2" -- {} +; }
# Both fail where the workspace is lost.
# shellcheck disable=SC2030,SC2031 # each in a shell of its own
examine() (
  export LC_ALL=C
  { read -r workspace <"$dir/workspace"; } 2>/dev/null && booted || return 1
  case $workspace in *".$boot."*) ;; *) return 1 ;; esac
  # Another's would have files of this user's then.
  [ -n "$(find "$dir" -prune -user "$(id -u)" 2>/dev/null)" ] && same_disk || return 1
  [ ! -e "$root/workspaces/$workspace" ] || return 1
  ! is_used || return 1
  # A link would lead somewhere else.
  cd -P "$dir/repo" && [ "$(pwd -P)" = "$inside/repo" ] || return 1
  # What is in a folder that can't be read may have changed before it was closed.
  list -name "*$newline*" -prune -exec rm -rf {} + -o \
    -type d ! \( -readable -executable \) -prune -printf '%i closed %U d %p\n' -o >"$dir/changed"
  is_whole "$dir/listing" && is_whole "$dir/changed" || return 1
  compare >"$dir/verdicts" && is_whole "$dir/verdicts"
)
# shellcheck disable=SC2030,SC2031
give_back() (
  export LC_ALL=C
  { read -r workspace <"$dir/workspace"; } 2>/dev/null && [ ! -e "$root/workspaces/$workspace" ] || return 1
  cd -P "$dir/repo" && [ "$(pwd -P)" = "$inside/repo" ] || return 1
  rm -rf "$dir/clean" "$dir/new"
  sh -c "$doom" || { as_root "cd /sandbox/repo && $doom" && sh -c "$doom"; } || return 1
  # Whatever else of these folders has changed can't be seen: each is made anew.
  sed -n 's/^touch //p' "$dir/verdicts" | {
    while IFS= read -r folder; do
      [ -d "$folder" ] || continue
      mkdir "$dir/new" && move_all "$folder" "$dir/new" && rmdir "$folder" && mv "$dir/new" "$folder" || exit 1
    done
  } || return 1
  mkdir "$dir/clean" && move_all . "$dir/clean" && cd / && rmdir "$dir/repo" && touch "$dir/clean" &&
    mv "$dir/clean" "$root/workspaces/$workspace"
)
