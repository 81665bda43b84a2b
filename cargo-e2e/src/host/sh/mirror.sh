# Holds the mirror of one repo for as long as standard input stays open, and until this sandbox asks
# for it again: the connection of before may be lost without this host knowing it.
# Needs: mirror (a folder name), patience (seconds).
mkdir -p "$root/mirrors/$mirror" || exit 1
if { read -r before before_since <"$dir/mirror"; } 2>/dev/null && lives "$before" "$before_since"; then
  kill "$before" 2>/dev/null
fi
exec 9>"$root/locks/mirror-$mirror"
lock 9 "$patience" || exit 75
exec 4<&0
cat <&4 >/dev/null 9>&- &
holds=$!
began "$holds"
echo "$holds $since" >"$dir/mirror"
echo held
wait "$holds"
