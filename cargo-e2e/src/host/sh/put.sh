# Writes standard input to a file of the sandbox, whole or not at all. Needs: file.
fenced && exit 75
mkdir -p "$(dirname "$dir/$file")" && cat >"$dir/$file.new" && mv "$dir/$file.new" "$dir/$file"
