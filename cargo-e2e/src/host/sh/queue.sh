# Opens the scripts that deal with the queue of this host. A sandbox takes slots of it, first come,
# first served, over all users of the engine.
# A ticket is a file NUMBER.RUN in a folder to which every user can write. In it, `PID SINCE SLOTS
# BOOT`: the guard with whose life the ticket ends, what the sandbox takes, and the boot of the host in
# which that guard lives. It has no names.
# The tickets alone say whose turn it is: that of each sandbox for which there are slots besides all with
# lower numbers. Needs: most (slots; empty where the host's own count).
# Sets `slots`, and what of the host one is: `slot_cpus` in thousandths, `slot_kb`.
count_slots() {
  cores=
  { read -r cores </sys/devices/system/cpu/online; } 2>/dev/null
  case $cores in
    0) cores=1 ;;
    0-*[!0-9]* | 0[!-]* | [!0]* | '') cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null) ;;
    *) cores=$((${cores#0-} + 1)) ;;
  esac
  case $cores in '' | *[!0-9]*) cores=1 ;; esac
  kb=0
  while read -r key number _; do
    [ "$key" != MemTotal: ] || kb=$number
  done </proc/meminfo
  slots=$((kb / 1000000))
  [ "$slots" -le $((cores * 2)) ] || slots=$((cores * 2))
  [ "$slots" -ge 2 ] || slots=2
  # The host's own variable is its admin's.
  for number in "$most" "${CARGO_E2E_MAX_SANDBOXES-}"; do
    case $number in '' | 0* | *[!0-9]* | ??????*) ;; *) slots=$number ;; esac
  done
  slot_cpus=$((cores * 1000 / slots + 1))
  slot_kb=$((kb / slots + 1))
}
# counts FILE PID SINCE BOOT: whether a ticket does.
counts() {
  [ "$4" = "$boot" ] || return 1
  # Where a host hides processes of others, a guard signs its ticket anew every minute.
  if [ -r /proc/1/stat ] || [ -e "$root/leases/${1##*.}" ]; then lives "$2" "$3"; else [ -n "$(find "$1" -mmin -5 2>/dev/null)" ]; fi
}
# Sets `place` to 0 when it is this sandbox's turn, else to its place among those who wait, and
# `waiting` to their number; fails where it has no ticket.
look() {
  place=
  waiting=0
  given=0
  for ticket_file in "$queue"/[0-9]*; do
    [ -f "$ticket_file" ] || continue
    { read -r of of_since asks of_boot _ <"$ticket_file"; } 2>/dev/null || continue
    counts "$ticket_file" "$of" "$of_since" "$of_boot" || continue
    case $asks in '' | 0* | *[!0-9]* | ??????*) asks=1 ;; esac
    # There may be fewer than when it was written.
    [ "$asks" -le "$slots" ] || asks=$slots
    given=$((given + asks))
    if [ "$given" -gt "$slots" ]; then waiting=$((waiting + 1)); fi
    case $ticket_file in
      *".$id") if [ "$given" -gt "$slots" ]; then place=$waiting; else place=0; fi ;;
    esac
  done
  [ -n "$place" ]
}
# Makes the folder, where it is not there.
open_queue() {
  # shellcheck disable=SC2174 # the folder above is there
  [ -d "$queue" ] || mkdir -m 1777 "$queue" 2>/dev/null
  [ -d "$queue" ] && [ ! -L "$queue" ]
}
# sign PID SINCE: writes the sandbox's ticket, whole or not at all, with this guard's life.
sign() {
  { read -r asked ticket <"$lease/ticket"; } 2>/dev/null || return 1
  queue=${ticket%/*}
  open_queue || return 1
  # Another script may sign too.
  signed=$queue/.$id.$1.$$
  (umask 022 && set -C && printf '%s %s %s %s\n' "$1" "$2" "$asked" "$boot" >"$signed") 2>/dev/null && mv "$signed" "$ticket" && return
  rm -f "$signed"
  return 1
}
# Takes the ticket away, and what a script that died left of one; also where nothing says which.
tear_up() { rm -f "$lease/ticket" /tmp/cargo-e2e-queue-*/[0-9]*."$id" /tmp/cargo-e2e-queue-*/."$id".*; }
