# Gives the sandbox its private copy of the mirror. Never shared inodes: containers write here.
# Needs: mirror, writer, anew (yes: what is in the copy goes first).
fenced && gone
[ "$anew" != yes ] || find "$dir/repo" -mindepth 1 -maxdepth 1 -exec rm -rf {} + || exit 1
# All of it was sent; unless another took the mirror meanwhile.
if { read -r last <"$root/locks/mirror-$mirror"; } 2>/dev/null && [ "$last" = "- $id" ]; then
  echo "$writer" 2>/dev/null >"$root/locks/mirror-$mirror"
fi
# The sync gave it the time of the repo's own folder; it is kept for 30 days from now.
touch "$root/mirrors/$mirror"
cp -a --reflink=auto "$root/mirrors/$mirror/." "$dir/repo/" 2>/dev/null && exit
# Not every cp knows reflinks.
fenced && gone
cp -a "$root/mirrors/$mirror/." "$dir/repo/"
