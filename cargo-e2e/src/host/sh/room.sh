# Says how much room there is where a sandbox writes: `space|inodes FREE ALL MOUNT` lines, space in
# KB. Needs: engine_root (Docker's data folder; empty: not known).
# Once where both are on one filesystem, although what is free changes between two looks.
for place in "$dir" "$engine_root"; do
  [ -n "$place" ] || continue
  # POSIX columns: a long device name would break the line otherwise.
  df -Pk "$place" 2>/dev/null | awk 'NR == 2 { print "space", $0 }'
  df -Pi "$place" 2>/dev/null | awk 'NR == 2 { print "inodes", $0 }'
done | awk '{
  mount = $7
  for (word = 8; word <= NF; word++) mount = mount " " $word
  if (!seen[$1 " " $2 " " mount]++) print $1, $5, $3, mount
}'
