# Opens the scripts that ask the kernel what containers use; of those that have ended it has forgotten.
# use_of PID WHAT: sets what the container of a process uses: `memory`, in bytes, with the files that it
# cached, `now` or at `most`; and `cpu`, in milliseconds since it began. Fails where nothing is known.
use_of() {
  memory=
  cpu=
  case $2 in
    now) file=usage_in_bytes second=current ;;
    *) file=max_usage_in_bytes second=peak ;;
  esac
  while IFS=: read -r _ controllers group; do
    case ",$controllers," in
      ,,)
        { read -r memory <"/sys/fs/cgroup$group/memory.$second"; } 2>/dev/null
        while read -r key value; do
          [ "$key" != usage_usec ] || cpu=$((value / 1000))
        done 2>/dev/null <"/sys/fs/cgroup$group/cpu.stat"
        ;;
      *,memory,*) { read -r memory <"/sys/fs/cgroup/memory$group/memory.$file"; } 2>/dev/null ;;
      *,cpuacct,*) { read -r value <"/sys/fs/cgroup/cpuacct$group/cpuacct.usage"; } 2>/dev/null && cpu=$((value / 1000000)) ;;
    esac
  done 2>/dev/null <"/proc/$1/cgroup"
  [ -n "$memory$cpu" ]
}
