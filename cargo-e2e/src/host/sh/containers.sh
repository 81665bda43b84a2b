# Says what this sandbox's containers are doing. Needs: label.
show='{"id":{{json .Id}},"name":{{json .Name}},"service":{{json (index .Config.Labels "com.docker.compose.service")}},"number":{{json (index .Config.Labels "com.docker.compose.container-number")}},"image":{{json .Config.Image}},"state":{{json .State}},"config":{{json .Config}},"restarts":{{.RestartCount}},"policy":{{json .HostConfig.RestartPolicy}},"ports":{{json .NetworkSettings.Ports}}}'
containers() {
  ids=$(docker ps -aq --no-trunc --filter "label=cargo-e2e.run=$id") || return 1
  # shellcheck disable=SC2086 # ids
  # One that is gone meanwhile has no state; the next look knows.
  [ -z "$ids" ] || docker inspect --type container --format "$show" $ids 2>/dev/null || return 1
  echo end
}
