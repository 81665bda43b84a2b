# Says what room a host has for another sandbox, which takes none by this: `FREE WAITING SLOTS ASKED
# WARM UP`. Free slots are those that nobody has or waits for; warm is 1 where a workspace of the repo is
# there, and 2 where a sandbox of the same working copy is up; UP counts this user's sandboxes of the repo.
# Needs: slug, same (lines that all stand in what such a sandbox says of itself), and what enqueue.sh does.
count_slots
ask_for
given=0
waiting=0
if [ -n "$engine_id" ] && booted; then
  queue=/tmp/cargo-e2e-queue-$engine_id
  # It has no ticket: only what the others have counts.
  look || :
fi
free=$((slots - given))
[ "$free" -ge 0 ] || free=0
warm=0
for one in "$root/workspaces/$slug".*; do
  [ ! -d "$one" ] || warm=1
done
is_same() {
  while read -r field; do
    grep -qsF -e "$field" "$1" || return 1
  done <<END
$same
END
}
up=0
for one in "$root"/leases/*/about; do
  grep -qsF "\"repo\":\"$slug\"" "$one" || continue
  up=$((up + 1))
  if is_same "$one"; then warm=2; fi
done
echo "$free $waiting $slots $asked $warm $up"
