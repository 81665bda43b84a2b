# Holds the mirror of one repo for as long as standard input stays open, and until this sandbox asks
# for it again: the connection of before may be lost without this host knowing it. Says `held` when
# it is empty or holds what this working copy sent last, else `read`: then size and time of a file do
# not tell whether it is the same, and all must be read.
# Needs: mirror (a folder name), last (the sandbox of the last sync that this working copy knows of),
# patience (seconds).
if { read -r before before_since <"$dir/mirror"; } 2>/dev/null && lives "$before" "$before_since"; then
  kill "$before" 2>/dev/null
fi
exec 9>>"$root/locks/mirror-$mirror"
lock 9 "$patience" || exit 75
said='read'
if { read -r writer <"$root/locks/mirror-$mirror"; } 2>/dev/null && [ "$last" = "$writer" ]; then said='held'; fi
mkdir "$root/mirrors/$mirror" 2>/dev/null && said='held'
[ -d "$root/mirrors/$mirror" ] || exit 1
# Until all is sent, it holds some of one and some of another. A full disk has room for nothing.
: >"$root/locks/mirror-$mirror"
echo "- $id" 2>/dev/null >"$root/locks/mirror-$mirror"
exec 4<&0
cat <&4 >/dev/null 9>&- &
holds=$!
began "$holds"
echo "$holds $since" >"$dir/mirror"
echo "$said"
wait "$holds"
