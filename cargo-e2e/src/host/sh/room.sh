# Says how much room there is where a sandbox writes: `space|inodes FREE ALL MOUNT` lines, space in
# KB. Needs: engine_root (Docker's data folder; empty: not known).
for place in "$dir" "$engine_root"; do
  [ -n "$place" ] || continue
  # POSIX columns: a long device name would break the line otherwise.
  df -Pk "$place" 2>/dev/null | awk 'NR == 2 { print "space", $4, $2, $6 }'
  df -Pi "$place" 2>/dev/null | awk 'NR == 2 { print "inodes", $4, $2, $6 }'
done | sort -u
