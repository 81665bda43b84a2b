# Renews the sandbox's lease with each `beat N` on standard input, and says `held`; or `ended WHY`
# when there is nothing to renew any more. `leaving` shortens it, `bye` ends this script. Needs:
# sure (yes when the end of standard input is the end of the client).
ended() {
  echo "ended $(gone 2>&1)"
  exit 0
}
# By way of a process that carries the cookie: teardown ends this script too, on a connection
# of which nobody noticed the end.
cat | {
  while read -r word count; do
    if [ -e "$lease/why" ] || [ ! -e "$lease/sentinel" ] || fenced; then ended; fi
    case $word in
      # In place, because a full disk has no room for another file.
      beat) printf '%s\n' "$count" 1<>"$lease/lease" ;;
      # Not every disk has room for it, and nothing is worse without it but the time it takes.
      leaving) (: >"$lease/leaving") 2>/dev/null ;;
      bye)
        echo bye
        exit 0
        ;;
    esac
    guarded || arm
    echo held
  done
  # The client's end was seen, if the client is what this script's parent is, and it is no more.
  for look in 1 2 3; do
    [ "$sure" = yes ] || break
    began "$PPID" || { (: >"$lease/gone") 2>/dev/null; break; }
    sleep 1
  done
}
