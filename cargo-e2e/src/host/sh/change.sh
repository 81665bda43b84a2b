# Changes the state of containers, as a test asked for. Needs: verb, signal, containers (ids).
if fenced; then
  echo "the sandbox is being taken down" >&2
  exit 75
fi
# shellcheck disable=SC2086 # ids
case $verb in
  kill) docker kill --signal "$signal" $containers >/dev/null ;;
  *) docker "$verb" $containers >/dev/null ;;
esac
