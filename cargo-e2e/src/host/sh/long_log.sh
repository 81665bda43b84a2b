# Prints all of a container's log, packed where that is wanted and can be had. Needs: container,
# packed (empty: no).
all() { docker logs --timestamps "$container" 2>&1 || echo "docker failed to read all of it" >&2; }
if [ -n "$packed" ] && command -v gzip >/dev/null 2>&1; then
  all | gzip -1
else
  all
fi
