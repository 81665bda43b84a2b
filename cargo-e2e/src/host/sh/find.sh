# Of the NUL-separated pairs of a folder and a pattern on standard input, prints each file in that
# folder that fits, with a NUL behind it. `*` is any text here, with slashes too. A folder that can't
# be looked into fails it: what is in there is not known. Needs: folder.
cd "$dir/$folder" 2>/dev/null || exit 0
xargs -0 -r sh -c '
  status=0
  while [ $# -ge 2 ]; do
    if [ -d "$1" ]; then
      # Files may go meanwhile.
      errors=$(LC_ALL=C find "$1" \( -name .git -o -name node_modules \) -prune -o \
        -type f -path "$2" -exec printf "%s\0" {} + 2>&1 >&3 | grep -v ": No such file or directory\$")
      [ -z "$errors" ] || { printf "%s\n" "$errors" >&2; status=1; }
    fi
    shift 2
  done
  exit "$status"' sh 3>&1
