# Runs the commands on standard input in a session of their own; follow.sh shows what they print.
# Their output and status are files, so that nothing is lost when a connection is; each attempt has
# a folder of its own, so that none reads another's. The output comes there by a pipe: a command that opens
# /dev/stderr anew would empty a file.
# Commands that print more than `most` bytes are ended, with `much` as their status: a disk is
# others' too. Needs: run, name, key (of this attempt), most.
fenced && gone
# One run at a time is in here: what others left behind, and earlier attempts, are read by nobody.
for old in "$dir/jobs"/*/*; do
  case $old in
    "$dir/jobs/$run/$name".*) ;;
    "$dir/jobs/$run"/*) continue ;;
  esac
  [ ! -e "$old" ] || runs "$old" || rm -rf "$old"
done
job=$dir/jobs/$run/$name.$key
{ [ -d "$dir/jobs/$run" ] || mkdir "$dir/jobs/$run"; } && mkdir "$job" && cat >"$job/commands" && : >"$job/output" || exit 1
# Half of them is not what was asked for: the connection broke while they were sent.
if [ "$(tail -n 1 "$job/commands")" != '# complete' ]; then
  echo "the commands arrived incomplete" >&2
  exit 75
fi
# A full disk has no room for the status when it is known: it is written into this.
echo '    ' >"$job/status.new" || exit 1
# A program for each look at the output takes a fifth of the processors of a host on which many run; GNU's tail
# looks by itself.
case $(tail --version 2>/dev/null) in *GNU*) tail=yes ;; *) tail= ;; esac
setsid sh -c '
  most=$1
  fence=$2
  # Opened to read and write first, since each end waits for the other.
  mkfifo "$0/pipe" && exec 3<>"$0/pipe" 4<"$0/pipe" 5>"$0/pipe" 3>&- || exit
  # Out of the session: it reads on for what the commands leave behind, and ends with the last of them.
  setsid cat <&4 >>"$0/output" 2>/dev/null 4<&- 5>&- &
  reader=$!
  exec 4<&-
  read -r line <"/proc/$$/stat"
  set -- ${line##*) }
  echo "$$ ${20}" >"$0/pid.new" && mv "$0/pid.new" "$0/pid"
  [ -e "$fence" ] && exit 75
  (
    # Its sleep goes with it: nothing stays when the commands have ended.
    trap "kill \$! 2>/dev/null; exit" TERM
    while :; do
      sleep 1 &
      wait "$!"
      [ "$(wc -c <"$0/output")" -gt "$most" ] || continue
      printf "%-4s\n" much 1<>"$0/status.new" && mv "$0/status.new" "$0/status"
      kill -KILL "-$$"
    done
  ) 5>&- &
  watcher=$!
  sh "$0/commands" >&5 2>&1 5>&-
  status=$?
  kill "$watcher" 2>/dev/null
  # It has read all that the commands printed once it sleeps, but for FUSE. It ends before this shell does
  # only where it could not write.
  while :; do
    line= where=
    { read -r line <"/proc/$reader/stat"; read -r where <"/proc/$reader/wchan"; } 2>/dev/null
    case ${line##*) },$where in
      S*,*fuse* | S*,request_wait*) ;;
      S*) break ;;
      ,* | [ZX]*) [ "$status" != 0 ] || status=lost; break ;;
    esac
    sleep 0.01
  done
  printf "%-4s\n" "$status" 1<>"$0/status.new" && mv "$0/status.new" "$0/status"
' "$job" "$most" "$dir/fence" </dev/null >/dev/null 2>&1 &
# Before it has written down itself when it began.
started=$!
began "$started"
started_since=$since
own=yes
offset=0
