# Shows every container at once, and again whenever one changes.
# From before the first look: what changes meanwhile is told again rather than missed.
since=$(date +%s)
containers
docker events --since "$since" --filter type=container --filter "label=cargo-e2e.run=$id" --format '{{.Action}}' |
  while read -r action _; do
    case $action in
      start | die | oom | restart | health_status:) containers ;;
    esac
  done
