# Prints what a file of the sandbox's folder has beyond an offset, up to a limit; one
# that is not there has nothing. Needs: file, from, most.
[ -e "$dir/$file" ] || exit 0
tail -c "+$((from + 1))" "$dir/$file" | head -c "$most"
