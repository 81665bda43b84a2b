# Opens the scripts that ask Docker's engine by its socket, where it has one here: Docker's program
# takes many times as long to start. Needs: root, id.
# Who reads its JSON goes through the words between the quotes: no text has a quote without a backslash, and to
# cut a text behind a word takes a shell time by the square of what is before that.
# ask LABELS URL…: prints the engine's answers on what carries these labels, a JSON document a line;
# on all there is, where LABELS is empty.
# Fails where the engine has no socket here, or does not answer.
ask() {
  labels=$1
  shift
  to_engine 10 -G --data-urlencode "filters={\"label\":[$labels]}" "$@"
}
find_socket() {
  socket=
  { read -r socket <"$root/leases/$id/engine"; } 2>/dev/null
  [ -n "$socket" ] && [ -S "$socket" ]
}
# to_engine SECONDS ARGUMENTS…: the same of any request of curl's.
to_engine() {
  find_socket || return 1
  seconds=$1
  shift
  curl -q -sSf --fail-early --max-time "$seconds" --unix-socket "$socket" "$@" 2>/dev/null
}
# nothing_has LABELS: whether the engine says that nothing carries these labels; fails too where its words
# for that are others.
nothing_has() {
  answers=$(ask "$1" 'http://docker/containers/json?all=1' http://docker/networks http://docker/volumes \
    http://docker/images/json) || return 1
  joined=
  while IFS= read -r answer; do joined=$joined$answer; done <<END
$answers
END
  case $joined in
    '[][]{"Volumes":[],"Warnings":null}[]' | '[][]{"Volumes":null,"Warnings":null}[]') ;;
    *) return 1 ;;
  esac
}
