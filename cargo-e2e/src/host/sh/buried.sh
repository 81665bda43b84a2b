# Says how these runs' sandboxes ended, as far as that was not their client's doing and nothing is
# left of them: `ID TIME WHY` lines. Needs: root, ids.
for id in $ids; do
  { { read -r why && read -r at; } <"$root/ended/$id"; } 2>/dev/null || continue
  printf '%s %s %s\n' "$id" "$at" "$why"
done
exit 0
