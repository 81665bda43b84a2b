# Arms the sandbox's guard, then makes its folder, and says when it expires by this host's clock.
# Needs: run, who, about (what `list` shows of it), slug, lifetime, patience (seconds), engine (its socket,
# where it has one here), guard_script, placed (yes where a scheduler has given it a slot); for its ticket those of enqueue.sh.
for folder in sandboxes leases ended locks workspaces; do
  [ -d "$root/$folder" ] || mkdir -p "$root/$folder" || exit 1
done
# Before anything else can be left behind, there is a guard to take it down.
mkdir "$lease" || exit 1
clock
printf '%s\n' "$patience" >"$lease/patience" && take 00000000 && printf '%s\n' "$about" >"$lease/about" &&
  printf '%s\n' "$engine" >"$lease/engine" &&
  { [ -z "$placed" ] || : >"$lease/wants_slot"; } &&
  printf '%s\n' "$guard_script" >"$lease/guard.sh" && printf '%s\n' "$id" >"$lease/sentinel" || exit 1
# Not every sync takes names; then it writes everything, which is as good.
sync "$lease/about" "$lease/guard.sh" "$lease/sentinel" "$lease" "$root/leases" 2>/dev/null &
syncing=$!
arm
count_slots
tries=0
until { read -r guard guard_since armed <"$lease/guard"; } 2>/dev/null; do
  if [ "$tries" -ge 120 ]; then
    echo "failed to start its guard: $(tail -n 3 "$lease/log" 2>/dev/null)" >&2
    exit 1
  fi
  tries=$((tries + 1))
  if [ "$tries" -lt 20 ]; then sleep 0.01; else sleep 0.05; fi
done
wait "$syncing"
printf 'armed=%s\n' "$armed"
if enqueue "$guard" "$guard_since"; then
  # Its turn was the scheduler's to give. The ticket tells runs that came without one.
  [ -z "$placed" ] || place=0
  echo "place=$place $waiting $slots $asked"
else
  tear_up
fi

# It may have taken so long that the guard has taken it down.
[ -e "$lease/sentinel" ] || gone
# What teardown needs is made now: later the disk may be full.
: >"$root/locks/teardown-$id" && mkdir "$dir" && : >"$dir/open" || exit 1
printf '%s\n' "$id" >"$dir/sentinel" && printf '%s\n' "$about" >"$dir/about" || exit 1
expires=$((here_since + lifetime))
printf '%s\n' "$expires" >"$dir/expires"
[ ! -e "$lease/ticket" ] || printf '%s\n' "$place" >"$dir/place"
# Once the lease says whose cache it is, gc leaves it alone.
mkdir -p "$dir/jobs" "$dir/collected/artifacts" "$root/cache/$slug" || exit 1
# A test service may run as anybody; the folders above are this user's alone.
chmod 0777 "$dir/collected/artifacts" "$root/cache/$slug"
# Marks the repo's cache as used: it is kept for 30 days from here.
touch "$root/cache/$slug"
printf 'expires=%s\n' "$expires"
