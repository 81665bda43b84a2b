# Prints the last lines of one container. Needs: container, lines.
docker logs --tail "$lines" "$container" 2>&1 | tail -c 65536
