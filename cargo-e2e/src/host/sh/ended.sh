# Opens scripts that print until they are no longer wanted: they end, with all they started,
# when standard input does.
exec 4<&0
(cat <&4 >/dev/null; kill -TERM 0) &
