# Opens the scripts that deal with jobs: folders below `jobs/RUN`, one for each attempt. Its `pid`
# is that of the session's leader, with when it began; its `status` is there once it has ended.
# Whether a job runs. Sets `leader` to its pid.
runs() {
  [ ! -e "$1/status" ] && { read -r leader leader_since <"$1/pid"; } 2>/dev/null && lives "$leader" "$leader_since"
}
