# Opens the scripts that give out ports. One at a time on this host, for this user; somebody
# else's run is seen by what it publishes.
exec 9>"$root/locks/ports"
flock -w 20 9 || { echo "no turn at the lock" >&2; exit 1; }
fenced && exit 75
# Numbers on which a process listens, whatever its network namespace calls itself.
listening() {
  # shellcheck disable=SC2046 # hexadecimal numbers, one a word
  printf '%d\n' $(awk 'FNR > 1 && ($4 == "0A" || FILENAME ~ /udp/) { split($2, at, ":"); print "0x" at[2] }' \
    /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null)
}
# `PORT RUN REPO CONTAINER` of every port that Docker publishes, ranges spelled out.
published() {
  docker ps --format '{{.Label "cargo-e2e.run"}}	{{.Label "cargo-e2e.repo"}}	{{.Names}}	{{.Ports}}' |
    awk -F '	' '{
      many = split($4, each, ", ")
      for (i = 1; i <= many; i++) {
        if (split(each[i], side, "->") < 2) continue
        numbers = side[1]
        sub(/.*:/, "", numbers)
        ends = split(numbers, end, "-")
        for (port = end[1]; port <= end[ends]; port++)
          print port, ($1 == "" ? "-" : $1), ($2 == "" ? "-" : $2), $3
      }
    }'
}
