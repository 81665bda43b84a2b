# Of the NUL-separated paths on standard input, prints those that do not exist in the repo's copy.
cd "$dir/repo" || exit 1
xargs -0 -r -n 1 sh -c '[ -e "$0" ] || [ -L "$0" ] || printf "%s\0" "$0"'
