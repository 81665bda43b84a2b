# Makes the NUL-separated folders on standard input in the workspace, and none outside of it by way of
# a link.
fenced && gone
cd "$dir/repo" || exit 1
xargs -0 -r sh -c '
  here=$(pwd -P)
  for path; do
    above=$path
    until [ -e "$above" ] || [ -L "$above" ]; do
      case $above in */*) above=${above%/*} ;; *) above=. ;; esac
    done
    case $(cd -P -- "$above" && pwd -P)/ in
      "$here"/*) mkdir -p -- "$path" || exit 1 ;;
      *) echo "$path: $above leads out of the repo" >&2; exit 1 ;;
    esac
  done' sh
