# Writes standard input to a file of the sandbox, whole or not at all. Needs: file.
fenced && gone
cat >"$dir/$file.new" && mv "$dir/$file.new" "$dir/$file"
