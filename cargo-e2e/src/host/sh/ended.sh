# Opens scripts that print until they are no longer wanted: they end, with all they started,
# when standard input does. Where they are to be `told`, they begin once a line has come.
[ -z "${told-}" ] || read -r _ || exit
exec 4<&0
(cat <&4 >/dev/null; kill -TERM 0) &
