# Runs a command in a container, for a test. Needs: container (id), words (quoted for a shell).
if fenced; then
  echo "the sandbox is being taken down" >&2
  exit 75
fi
eval "set -- $words"
exec docker exec -i "$container" "$@"
