# Prints a file of the sandbox's folder; one that is not there, or is no file, is empty. Needs: file.
[ ! -f "$dir/$file" ] || exec cat "$dir/$file"
