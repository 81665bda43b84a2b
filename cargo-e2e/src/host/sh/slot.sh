#!/bin/sh
# Runs on a node for as long as the slot of a sandbox is taken: it follows the sandbox's lease, not the
# client, so that a kept sandbox has its slot, and one that is torn down gives it back. When the scheduler
# ends it, the sandbox's guard takes the sandbox down. Needs: root, id, grace (seconds until it is there).
lease=$root/leases/$id
ended() {
  [ -d "$lease" ] || exit 0
  (: >"$lease/cancelled") 2>/dev/null
}
trap ended TERM INT
# In the background, because a trap waits for what is in the foreground.
pause() {
  sleep "$1" &
  wait "$!"
}
looks=0
until [ -d "$lease" ]; do
  [ "$looks" -lt $((grace * 5)) ] || exit 0
  looks=$((looks + 1))
  pause 0.2
done
echo "${SLURM_JOB_ID-}" >"$lease/slot"
looks=0
while [ -d "$lease" ]; do
  # One that is kept has hours.
  if [ "$looks" -lt 2400 ]; then pause 0.25; else pause 2; fi
  looks=$((looks + 1))
done
exit 0
