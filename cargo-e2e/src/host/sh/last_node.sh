# The node that a repo's last run had, which has its workspace and images. The login host knows it for all
# clients of its user. Needs: root, whole (the cluster), name, exclude.
# Sets `noted`, its file, and `near`, the node; empty where there is none.
recall() {
  repo=${name#e2e-}
  noted=$root/last-nodes/$whole/${repo%-*}
  near=
  [ ! -f "$noted" ] || read -r near <"$noted" || :
  case ",$exclude," in *",$near,"*) near= ;; esac
}
# Remembers the node of a run that has its sandbox there, and forgets repos that have not run for a month.
remember() {
  { [ -d "${noted%/*}" ] || mkdir -p "${noted%/*}"; } && echo "$1" >"$noted.$$" && mv "$noted.$$" "$noted"
  find "${noted%/*}" -type f -mtime +30 -exec rm -f {} +
}
