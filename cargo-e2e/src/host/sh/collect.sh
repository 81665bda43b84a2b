# Gathers each container's log and state in files, and prints the states. Of a service that logs
# without end, the end is kept.
mkdir -p "$dir/collected/logs" "$dir/collected/inspect" || exit 1
docker ps -a --no-trunc --filter "label=cargo-e2e.run=$id" \
  --format '{{.ID}} {{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.container-number"}}' |
  {
    while read -r container service number; do
      name=$service
      [ "${number:-1}" = 1 ] || name=$service-$number
      docker logs --timestamps "$container" 2>&1 | tail -c 16777216 >"$dir/collected/logs/$name.log" &
      docker inspect --type container "$container" >"$dir/collected/inspect/$name.json" &
    done
    wait
  }
containers
