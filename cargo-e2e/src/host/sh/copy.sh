# Gives the sandbox its private copy of the mirror. Never shared inodes: containers write here.
# Needs: mirror, mode: `new` (there is no copy yet), `anew` (what is in it goes first), `look` (only
# says what `again` would write) or `again` (says what it writes).
fenced && gone
# In place: a container that mounts a single file would never see one that took its place.
again() {
  rsync -a -ii --out-format='=%i %n' --checksum --inplace --force "$@" -- "$root/mirrors/$mirror/" "$dir/repo/"
}
[ "$mode" != look ] || { again -n; exit; }
[ "$mode" != anew ] || find "$dir/repo" -mindepth 1 -maxdepth 1 -exec rm -rf {} + || exit 1
# All of it was sent; unless another took the mirror meanwhile.
if { read -r last <"$root/locks/mirror-$mirror"; } 2>/dev/null && [ "$last" = "- $id" ]; then
  echo "$id" 2>/dev/null >"$root/locks/mirror-$mirror"
fi
# The sync gave it the time of the repo's own folder; it is kept for 30 days from now.
touch "$root/mirrors/$mirror"
[ "$mode" != again ] || { again; exit; }
cp -a --reflink=auto "$root/mirrors/$mirror/." "$dir/repo/" 2>/dev/null && exit
# Not every cp knows reflinks.
fenced && gone
cp -a "$root/mirrors/$mirror/." "$dir/repo/"
