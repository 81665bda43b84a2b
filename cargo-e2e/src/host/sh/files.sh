# Prints the files whose NUL-separated paths are on standard input: a line with the number of bytes,
# and the bytes. For one that is not there the line is `absent`, for one that can't be read
# `unreadable`. Needs: folder.
xargs -0 -r sh -c '
  for path; do
    path=$0/$path
    if [ ! -f "$path" ]; then
      echo absent
    elif [ -r "$path" ] && size=$(wc -c <"$path"); then
      echo "$((size))"
      head -c "$((size))" <"$path"
    else
      echo unreadable
    fi
  done' "$dir/$folder"
