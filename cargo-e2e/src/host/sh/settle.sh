# Ends the sync: lists what it left, so that teardown finds what changed since, and returns when no
# later change can have one of the listed times. Says `kept`, or `lost WHY` when the workspace will
# not be given back.
# Needs: repo, sync (REPO and SYNC of its name), kb (its size).
fenced && gone
lost() {
  echo "lost $1"
  exit 0
}
# A script that was sent over a broken connection may come to life late, and would call what runs
# have changed since unchanged.
exec 9>"$dir/settling" || lost "there is no room for its list"
# That one must not take for the sync's what the run sends from here on.
lock 9 10 || { : >"$dir/unsettled" && lost "another script lists it"; } || exit 1
[ ! -e "$dir/workspace" ] || { echo kept; exit; }
booted || lost "the host does not say when it was switched on"
same_disk || lost "sandboxes and workspaces are on two filesystems"
# A name of two lines would pass for two names: teardown removes it.
touch "$dir/then" && (cd "$dir/repo" && list -name "*$newline*" -prune -o >"$dir/listing") 2>/dev/null
is_whole "$dir/listing" || lost "the host's find can't list it, or there is no room for the list"
[ ! -e "$dir/unsettled" ] || lost "another script lists it"
tries=0
until touch "$dir/now" && [ -n "$(find "$dir/now" -newer "$dir/then" 2>/dev/null)" ]; do
  [ "$tries" -lt 200 ] || lost "the host's clock stands still"
  tries=$((tries + 1))
done
printf '%s\n' "$repo.$sync.$boot.$kb" >"$dir/workspace.new" || lost "there is no room for its name"
mv "$dir/workspace.new" "$dir/workspace" && echo kept
