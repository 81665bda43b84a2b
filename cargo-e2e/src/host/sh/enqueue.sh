# Opens provision, which gives the sandbox a ticket. Needs: engine_id, need_cpus (thousandths), need_kb.
# What it takes for what the stack needs, and never more than there is: then it has the host alone.
ask_for() {
  asked=$(((need_cpus + slot_cpus - 1) / slot_cpus))
  for_memory=$(((need_kb + slot_kb - 1) / slot_kb))
  [ "$asked" -ge "$for_memory" ] || asked=$for_memory
  [ "$asked" -le "$slots" ] || asked=$slots
  [ "$asked" -ge 1 ] || asked=1
}
# Numbers rise from the last one; one that is alone begins anew.
next_ticket() {
  last=0000000000
  for ticket_file in "$queue"/[0-9]*; do
    [ -f "$ticket_file" ] && last=${ticket_file##*/}
  done
  last=${last%%.*}
  case $last in *[!0-9]* | ???????????*) return 1 ;; esac
  printf '%s %s/%010d.%s\n' "$asked" "$queue" "$((1$last - 9999999999))" "$id" >"$lease/ticket" && sign "$1" "$2"
}
# enqueue PID SINCE: takes a ticket for as long as this guard lives.
enqueue() {
  count_slots
  ask_for
  queue=/tmp/cargo-e2e-queue-$engine_id
  # Nobody else is on an engine that has no name.
  [ -n "$engine_id" ] || queue=$root/queue
  # shellcheck disable=SC2174 # the folder above is there
  [ -d "$queue" ] || mkdir -m 1777 "$queue" 2>/dev/null
  [ ! -L "$queue" ] || return 1
  (umask 022 && set -C && : >"$queue/lock") 2>/dev/null
  # Read, because a folder like /tmp lets nobody open another's file for writing.
  { lock 7 10 && next_ticket "$1" "$2"; } 2>/dev/null 7<"$queue/lock" && look
}
