# Says what this sandbox's containers are doing: a line each, as the engine's socket says it or by `show`.
show='{"id":{{json .Id}},"service":{{json (index .Config.Labels "com.docker.compose.service")}},"number":{{json (index .Config.Labels "com.docker.compose.container-number")}},"image":{{json .Config.Image}},"state":{{json .State}},"config":{{json .Config}},"restarts":{{.RestartCount}},"policy":{{json .HostConfig.RestartPolicy}},"ports":{{json .NetworkSettings.Ports}}}'
containers() {
  for look in 1 2 3 4 5; do
    one_look && return
    [ "$look" = 5 ] || sleep 0.1
  done
  return 1
}
# Only a container's own id has its names behind it. To be called in a shell of its own.
ids() {
  listed=$(ask "\"cargo-e2e.run=$id\"" 'http://docker/containers/json?all=1') || return 1
  w5='' w4='' w3='' w2='' w1=''
  set -f
  IFS='"'
  for word in $listed; do
    case $word in
      ':['* | ':n'*) [ "$w5$w4$w2$w1" != 'Id:,Names' ] || echo "$w3" ;;
    esac
    w5=$w4 w4=$w3 w3=$w2 w2=$w1 w1=$word
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
