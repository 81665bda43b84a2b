# Opens the scripts that ask Docker's engine by its socket, where it has one here: Docker's program
# takes many times as long to start. Needs: root, id.
# ask LABELS URL…: prints the engine's answers on what carries these labels, a JSON document a line.
# Fails where the engine has no socket here, or does not answer.
ask() {
  socket=
  { read -r socket <"$root/leases/$id/engine"; } 2>/dev/null
  [ -n "$socket" ] && [ -S "$socket" ] || return 1
  labels=$1
  shift
  curl -q -sSf --fail-early --max-time 10 --unix-socket "$socket" \
    -G --data-urlencode "filters={\"label\":[$labels]}" "$@" 2>/dev/null
}
