# Says what this sandbox's containers are doing. Needs: label.
show='{"id":{{json .Id}},"service":{{json (index .Config.Labels "com.docker.compose.service")}},"number":{{json (index .Config.Labels "com.docker.compose.container-number")}},"image":{{json .Config.Image}},"state":{{json .State}},"config":{{json .Config}},"restarts":{{.RestartCount}},"policy":{{json .HostConfig.RestartPolicy}},"ports":{{json .NetworkSettings.Ports}}}'
containers() {
  for look in 1 2 3 4 5; do
    one_look && return
    [ "$look" = 5 ] || sleep 0.1
  done
  return 1
}
one_look() {
  ids=$(docker ps -aq --no-trunc --filter "label=cargo-e2e.run=$id") || return 1
  # shellcheck disable=SC2086 # ids
  # One that is gone meanwhile has no state: another look.
  [ -z "$ids" ] || docker inspect --type container --format "$show" $ids 2>/dev/null || return 1
  echo end
}
