# Opens provision, which gives the sandbox a ticket once it has counted slots. Needs: engine_id, need_cpus (thousandths), need_kb.
# What it takes for what the stack needs, and never more than there is: then it has the host alone.
ask_for() {
  asked=$(((need_cpus + slot_cpus - 1) / slot_cpus))
  for_memory=$(((need_kb + slot_kb - 1) / slot_kb))
  [ "$asked" -ge "$for_memory" ] || asked=$for_memory
  [ "$asked" -le "$slots" ] || asked=$slots
  [ "$asked" -ge 1 ] || asked=1
}
# next_ticket PID SINCE: its number is higher than that of all that count.
next_ticket() {
  last=0000000000
  for ticket_file in "$queue"/[0-9]*; do
    [ -f "$ticket_file" ] || continue
    { read -r of of_since _ of_boot _ <"$ticket_file"; } 2>/dev/null || continue
    counts "$ticket_file" "$of" "$of_since" "$of_boot" || continue
    last=${ticket_file##*/}
    last=${last%%.*}
  done
  case $last in *[!0-9]* | ???????????*) return 1 ;; esac
  printf '%s %s/%010d.%s\n' "$asked" "$queue" "$((1$last - 9999999999))" "$id" >"$lease/ticket" && sign "$1" "$2"
}
# enqueue PID SINCE: takes a ticket for as long as this guard lives.
enqueue() {
  ask_for
  [ -n "$engine_id" ] && booted || return 1
  queue=/tmp/cargo-e2e-queue-$engine_id
  open_queue || return 1
  (umask 022 && set -C && : >"$queue/lock") 2>/dev/null
  # Read only: in a folder like /tmp no user can open another's file for writing.
  { lock 7 4 && next_ticket "$1" "$2"; } 2>/dev/null 7<"$queue/lock" && look
}
