# Prints a file of the sandbox's folder; one that is not there is empty. Needs: file.
[ ! -e "$dir/$file" ] || exec cat "$dir/$file"
