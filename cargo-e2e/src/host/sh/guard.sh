# The guard of one sandbox: takes it down when its client stops renewing its lease, when its
# deadline passes, or when its lifetime is over. Runs detached, from before the sandbox is made
# until it is gone. Needs: patience, deadline (seconds), nonce.
trap '' HUP PIPE
unset CARGO_E2E_RUN
if [ "${1-}" = gc ]; then
  gc
  exit
fi
exec 2>>"$lease/log" 8>"$lease/guarding"
flock -n 8 || exit 0
began "$$"
printf '%s %s %s\n' "$$" "$since" "$nonce" >"$lease/guard.new" && mv "$lease/guard.new" "$lease/guard" || exit 1
own_since=$since
booted
# Keeps the sandbox's ticket: one that follows a guard that died takes it over, and a folder like /tmp
# is swept now and then.
keep_ticket() {
  if [ -e "$dir/fence" ] || ! { read -r _ ticket <"$lease/ticket"; } 2>/dev/null; then return; fi
  [ -e "$ticket" ] && [ $((lived - signed_at)) -lt 60 ] && return
  signed_at=$lived
  sign "$$" "$own_since"
}
# What others left behind on this host goes now, in a session of its own: it may take longer than
# this sandbox lives, and no caller waits for it. The run that begins here
# has the processors first, though not alone: where many run, what is nobody's must go all the same.
(
  unset CARGO_E2E_GUARD
  setsid nice -n 5 timeout 600 sh "$lease/guard.sh" gc </dev/null >/dev/null 2>&1 8>&- &
)

# Why it must go now, if it must; and how long it may go on until the next look.
judge() {
  why=
  pause=1
  # An earlier teardown was interrupted.
  if [ -e "$dir/fence" ]; then
    [ "$fenced_for" -lt "$patience" ] || why=down
  else
    fenced_for=0
  fi
  # The scheduler ended its slot, or never held one for it where it says that it has one.
  if [ -e "$lease/cancelled" ]; then why=cancelled; return; fi
  if [ -e "$lease/wants_slot" ] && [ ! -e "$lease/slot" ] && [ "$lived" -ge 20 ]; then why=no_slot; return; fi
  if { read -r until <"$lease/kept"; } 2>/dev/null; then
    left=$((until - clock))
    [ "$left" -gt 0 ] || why=kept
    # It has hours: a look every now and then will do.
    if [ "$left" -gt 30 ]; then
      pause=30
      # Its scheduler may end it.
      [ ! -e "$lease/wants_slot" ] || pause=5
    elif [ "$left" -gt 1 ]; then
      pause=$left
    fi
    return
  fi
  { read -r beat <"$lease/lease"; } 2>/dev/null || beat=
  if [ "$beat" != "$seen" ]; then
    seen=$beat
    silent=0
  fi
  limit=$patience
  # A client whose first heartbeat does not come was killed as soon as it had come.
  if [ "$beat" = 00000000 ] && [ "$limit" -gt 12 ]; then limit=12; fi
  # The client was told to end; if it is killed meanwhile, it is not coming back.
  if [ -e "$lease/leaving" ] && [ "$limit" -gt 5 ]; then limit=5; fi
  # Its end was seen.
  [ "$beat" != gone ] || limit=0
  if [ "$silent" -ge "$limit" ]; then why=lease; fi
  [ "$lived" -lt "$deadline" ] || why=deadline
}
seen=
silent=0
lived=0
signed_at=-60
fenced_for=0
retry=5
tries=0
pause=1
clock
while [ -e "$lease/sentinel" ]; do
  keep_ticket
  before=$clock
  sleep "$pause" 8>&-
  # Time is counted in looks, so that a machine that slept has not lost its client; but a look
  # on a busy machine may take longer than it should.
  clock
  passed=$((clock - before))
  if [ "$passed" -lt "$pause" ]; then passed=$pause; fi
  if [ "$passed" -gt $((pause + 10)) ]; then passed=$pause; fi
  lived=$((lived + passed))
  silent=$((silent + passed))
  fenced_for=$((fenced_for + passed))
  judge
  [ -n "$why" ] || continue
  # A teardown under way needs no help, unless it dies.
  exec 9>"$root/locks/teardown-$id"
  flock -n 9 || continue
  # Once more, now that nobody can lengthen its life between the look and the fence.
  judge
  if [ -z "$why" ] || [ ! -e "$lease/sentinel" ]; then
    exec 9>&-
    continue
  fi
  [ -e "$lease/why" ] || printf '%s\n' "$why" >"$lease/why"
  [ ! -d "$dir" ] || fence
  exec 9>&-
  take_down 8>&- >/dev/null
  [ -e "$lease/sentinel" ] || break
  # An engine that does not answer, or a network that a stranger joined. After an hour it is left
  # to the next run's gc.
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || break
  sleep "$retry" 8>&-
  if [ "$retry" -lt 60 ]; then retry=$((retry * 2)); fi
done
