# Shows every container at once, and again whenever one changes.
# From before the first look: what changes meanwhile is told again rather than missed.
since=$(date +%s)
containers
# The engine's events as it writes them, by its socket where it has one here.
changes() {
  label=cargo-e2e.run=$id
  events='"start","die","oom","restart","health_status"'
  to_engine 0 -N -G -d since="$since" http://docker/events \
    --data-urlencode "filters={\"type\":[\"container\"],\"label\":[\"$label\"],\"event\":[$events]}"
  docker events --since "$since" --filter type=container --filter "label=$label" --format '{{json .}}'
}
changes |
  while IFS= read -r line; do
    case $line in
      *'"Action":"start"'* | *'"Action":"die"'* | *'"Action":"oom"'* | *'"Action":"restart"'* | *'"Action":"health_status:'*) containers ;;
    esac
  done
