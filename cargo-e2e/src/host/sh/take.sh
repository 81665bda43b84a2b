# Takes an idle workspace of the repo for the sandbox, or makes an empty one. Says `known SYNC` when
# files of the same size and time are the same as after that sync, which was this working copy's; else
# `read WHY`: then all must be read. `new` where it is empty.
# Needs: repo (REPO of its name), known (those syncs, the last one first).
fenced && gone
# Whether this filesystem says at once when a file was changed by way of shared memory. tmpfs, below
# overlayfs, can't take a piece out of a file.
is_prompt() {
  filesystem=$(stat -f -c %T "$dir" 2>/dev/null)
  case $filesystem in
    ext2/ext3 | xfs | btrfs | f2fs) ;;
    overlayfs)
      (head -c 262144 /dev/zero >"$dir/piece" && fallocate -c -o 0 -l 65536 "$dir/piece") >/dev/null 2>&1
      set -- "$?"
      rm -f "$dir/piece"
      return "$1"
      ;;
    *) return 1 ;;
  esac
}
# A script that was sent over a broken connection may come to life late, and would take a second one.
exec 9>"$dir/taking" || exit 1
lock 9 10 || { echo "another script takes a workspace" >&2; exit 1; }
# Another run may be as fast.
take() {
  [ -d "$root/workspaces/$1" ] && mv "$root/workspaces/$1" "$dir/repo" 2>/dev/null || return 1
  # Where there is no room for it, all files are read.
  printf '%s\n' "$1" >"$dir/taken"
  return 0
}
# When this runs a second time, it has one already.
if [ ! -d "$dir/repo" ]; then
  if same_disk; then
    # Those that this working copy knows; then the one that was used last.
    for sync in $known; do
      for one in "$root/workspaces/$repo.$sync".*; do ! take "${one##*/}" || break 2; done
    done
    if [ ! -d "$dir/repo" ]; then
      # shellcheck disable=SC2045 # their names are our own
      for one in $(ls -1t "$root/workspaces"); do
        case $one in "$repo."*) ;; *) continue ;; esac
        ! take "$one" || break
      done
    fi
  fi
  if [ ! -d "$dir/repo" ]; then
    mkdir "$dir/repo" || exit 1
    echo new
    exit
  fi
fi
taken=
{ read -r taken <"$dir/taken"; } 2>/dev/null
sync=${taken#"$repo."}
sync=${sync%%.*}
booted
case " $known " in
  *" ${sync:-?} "*)
    case $taken in
      *".$sync.$boot."*) is_prompt && echo "known $sync" || echo "read change times on $filesystem may be late" ;;
      *) echo "read the host was switched on since it was sent" ;;
    esac
    ;;
  *) echo "read another working copy sent it" ;;
esac
