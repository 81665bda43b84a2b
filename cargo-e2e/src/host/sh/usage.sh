# Says what each container has used at most, as the kernel counts it: `usage ID BYTES MILLISECONDS`,
# of memory with the files that it cached, and of processors. Reads what `containers` says. Nothing of
# those that have ended: the kernel has forgotten them.
usage() {
  sed -n 's/^{"id":"\([0-9a-f]*\)".*"Pid":\([1-9][0-9]*\),.*/\1 \2/p' | while read -r container pid; do
    memory=
    cpu=
    while IFS=: read -r _ controllers group; do
      case ",$controllers," in
        ,,)
          { read -r memory <"/sys/fs/cgroup$group/memory.peak"; } 2>/dev/null
          while read -r key value; do
            [ "$key" != usage_usec ] || cpu=$((value / 1000))
          done 2>/dev/null <"/sys/fs/cgroup$group/cpu.stat"
          ;;
        *,memory,*) { read -r memory <"/sys/fs/cgroup/memory$group/memory.max_usage_in_bytes"; } 2>/dev/null ;;
        *,cpuacct,*) { read -r value <"/sys/fs/cgroup/cpuacct$group/cpuacct.usage"; } 2>/dev/null && cpu=$((value / 1000000)) ;;
      esac
    done 2>/dev/null <"/proc/$pid/cgroup"
    [ -z "$memory$cpu" ] || echo "usage $container ${memory:-0} ${cpu:-0}"
  done
}
