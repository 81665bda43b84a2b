# Opens the scripts that deal with the queue of this host: so many sandboxes are in it at a time as
# there are slots, over all users of its engine, first come, first served.
# A ticket is a file NUMBER.RUN in a folder that everybody may write to; in it, `PID SINCE SLOTS`: the
# guard with whose life the ticket ends, and what the sandbox takes. It names nobody.
# Whose turn it is follows from the tickets alone: that of everybody for whom there are slots besides
# all with lower numbers. Needs: most (slots; empty where the host's own count).
# Sets `slots`, and what of the host one is: `slot_cpus` in thousandths, `slot_kb`.
count_slots() {
  cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null)
  case $cores in '' | *[!0-9]*) cores=1 ;; esac
  kb=0
  while read -r key number _; do
    [ "$key" != MemTotal: ] || kb=$number
  done </proc/meminfo
  slots=$((kb / 1000000))
  [ "$slots" -le $((cores * 2)) ] || slots=$((cores * 2))
  [ "$slots" -ge 2 ] || slots=2
  slot_cpus=$((cores * 1000 / slots))
  slot_kb=$((kb / slots + 1))
  # Who rules the host knows best.
  for number in "${CARGO_E2E_MAX_SANDBOXES-}" "$most"; do
    case $number in '' | 0 | *[!0-9]* | ??????*) continue ;; esac
    slots=$number
    return
  done
}
# Sets `place` to 0 when it is this sandbox's turn, else to its place among those who wait, and
# `waiting` to their number; fails where it has no ticket.
look() {
  place=
  waiting=0
  given=0
  hidden=
  # Where a host hides processes of others, their tickets count as long as they are there.
  [ -r /proc/1/stat ] || hidden=yes
  for ticket_file in "$queue"/[0-9]*; do
    [ -f "$ticket_file" ] || continue
    { read -r of of_since asks <"$ticket_file"; } 2>/dev/null || continue
    [ -n "$hidden" ] || lives "$of" "$of_since" || continue
    case $asks in '' | *[!0-9]* | ??????*) asks=1 ;; esac
    given=$((given + asks))
    if [ "$given" -gt "$slots" ]; then waiting=$((waiting + 1)); fi
    case $ticket_file in
      *".$id") if [ "$given" -gt "$slots" ]; then place=$waiting; else place=0; fi ;;
    esac
  done
  [ -n "$place" ]
}
# sign PID SINCE: writes the sandbox's ticket, whole or not at all, with this guard's life.
sign() {
  { read -r asked ticket <"$lease/ticket"; } 2>/dev/null || return 1
  rm -f "${ticket%/*}/.$id"
  (umask 022 && set -C && printf '%s %s %s\n' "$1" "$2" "$asked" >"${ticket%/*}/.$id") 2>/dev/null &&
    mv "${ticket%/*}/.$id" "$ticket"
}
