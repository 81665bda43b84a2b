# Says what room a host has for another sandbox, which takes none by this: `FREE WAITING SLOTS ASKED
# WARM`. Free slots are those that nobody has or waits for; warm is 1 where a workspace of the repo is
# there, and 2 where a sandbox of it is up.
# Needs: slug, and what enqueue.sh does.
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
if grep -qsF "\"repo\":\"$slug\"" "$root"/leases/*/about; then warm=2; fi
echo "$free $waiting $slots $asked $warm"
