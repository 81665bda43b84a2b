# Says what this sandbox's containers are doing: a line each, as the engine's socket says it or by `show`.
show='{"id":{{json .Id}},"service":{{json (index .Config.Labels "com.docker.compose.service")}},"number":{{json (index .Config.Labels "com.docker.compose.container-number")}},"image":{{json .Config.Image}},"state":{{json .State}},"config":{{json .Config}},"restarts":{{.RestartCount}},"policy":{{json .HostConfig.RestartPolicy}},"ports":{{json .NetworkSettings.Ports}}}'
containers() {
  for look in 1 2 3 4 5; do
    one_look && return
    [ "$look" = 5 ] || sleep 0.1
  done
  return 1
}
# Only a container's own id has its names behind it.
ids() {
  listed=$(ask "\"cargo-e2e.run=$id\"" 'http://docker/containers/json?all=1') || return 1
  while :; do
    case $listed in *'{"Id":"'*) listed=${listed#*'{"Id":"'} ;; *) break ;; esac
    container=${listed%%'"'*}
    case ${listed#"$container"} in '","Names":'[\[n]*) echo "$container" ;; esac
  done
}
newline='
'
one_look() {
  states=
  # shellcheck disable=SC2046,SC2086 # ids
  # One that is gone meanwhile has no state: another look.
  if ids=$(ids); then
    [ -z "$ids" ] || states=$(ask '' $(printf 'http://docker/containers/%s/json ' $ids)) || return 1
  else
    ids=$(docker ps -aq --no-trunc --filter "label=cargo-e2e.run=$id") || return 1
    [ -z "$ids" ] || states=$(docker inspect --type container --format "$show" $ids 2>/dev/null) || return 1
  fi
  printf '%s\n' "${states:+$states$newline}end"
}
