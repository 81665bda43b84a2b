# Opens the scripts that give out ports. One at a time on this host, for this user; the
# runs of other users are seen by their published ports. A port is `tcp/5432` or `udp/53` here. Needs:
# groups, where numbers are enough, and engine.sh then.
# Ports on which a process listens, at an address that stands in the way of loopback's.
listening() {
  # shellcheck disable=SC2046,SC2183 # two words each
  printf '%s/%d\n' $(awk 'FNR > 1 {
    protocol = FILENAME ~ /udp/ ? "udp" : "tcp"
    if (protocol == "tcp" && $4 != "0A") next
    split($2, at, ":")
    # Any address, 127.x.y.z (bytes reversed), or ::1.
    if (at[1] !~ /^0+$/ && at[1] !~ /7F$/ && at[1] !~ /^0+1000000$/) next
    print protocol, "0x" at[2]
  }' /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null)
}
# `PORT RUN REPO CONTAINER` of every port that Docker publishes, ranges spelled out.
published() {
  docker ps --format '{{if not (.Label "cargo-e2e.image")}}{{.Label "cargo-e2e.run"}}{{end}}	{{.Label "cargo-e2e.repo"}}	{{.Names}}	{{.Ports}}' |
    awk -F '	' '{
      many = split($4, each, ", ")
      for (i = 1; i <= many; i++) {
        if (split(each[i], side, "->") < 2) continue
        numbers = side[1]
        sub(/.*:/, "", numbers)
        protocol = side[2] ~ /udp$/ ? "udp" : "tcp"
        ends = split(numbers, end, "-")
        for (port = end[1]; port <= end[ends]; port++)
          print protocol "/" port, ($1 == "" ? "-" : $1), ($2 == "" ? "-" : $2), $3
      }
    }'
}
# The numbers alone, by the engine's socket, for those who need no more.
numbers() {
  listed=$(ask '' http://docker/containers/json) || return 1
  printf '%s\n' "$listed" | awk '{ many = split($0, part, /"PublicPort":/); for (i = 2; i <= many; i++) print part[i] + 0 }'
}
# Before the lock, because Docker takes its time where many ask: what this user's sandboxes publish
# stands in their folders too, and is read under it.
[ -n "${groups-}" ] && containers=$(numbers) || containers=$(published) || exit 1
exec 9>"$root/locks/ports"
lock 9 20 || { echo "no turn at the lock within 20 s" >&2; exit 1; }
fenced && gone
