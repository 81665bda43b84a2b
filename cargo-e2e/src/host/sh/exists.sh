# Of the NUL-separated paths on standard input, prints those that do not exist in the workspace.
cd "$dir/repo" || exit 1
xargs -0 -r sh -c 'for path; do [ -e "$path" ] || [ -L "$path" ] || printf "%s\0" "$path"; done' sh
