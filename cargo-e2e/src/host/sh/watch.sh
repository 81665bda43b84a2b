# Shows every container at once, and again whenever one changes.
containers
docker events --since "$(date +%s)" --filter type=container --filter "label=cargo-e2e.run=$id" --format '{{.Action}}' |
  while read -r action _; do
    case $action in
      start | die | oom | restart | health_status:) containers ;;
    esac
  done
