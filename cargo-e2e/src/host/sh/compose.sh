# Opens the commands that run Compose: of this account's environment, only what programs and Docker
# need. Nobody's COMPOSE_* settings, no stray .env, and no value of the host's in the user's model.
for setting in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
  case $setting in
    # Not even a shell may unset these.
    BASHOPTS | SHELLOPTS | UID | EUID | PPID) ;;
    PATH | HOME | USER | LOGNAME | SHELL | PWD | LANG | LC_* | TMPDIR | XDG_* | SSH_AUTH_SOCK) ;;
    DOCKER_* | BUILDKIT_* | BUILDX_* | CARGO_E2E_*) ;;
    [Hh][Tt][Tt][Pp]_[Pp][Rr][Oo][Xx][Yy] | [Hh][Tt][Tt][Pp][Ss]_[Pp][Rr][Oo][Xx][Yy]) ;;
    [Nn][Oo]_[Pp][Rr][Oo][Xx][Yy] | [Aa][Ll][Ll]_[Pp][Rr][Oo][Xx][Yy]) ;;
    *) unset "$setting" 2>/dev/null ;;
  esac
done
export COMPOSE_DISABLE_ENV_FILE=1 DOCKER_CLI_HINTS=false
# Docker's program asks Compose what it is before it starts it, which takes as long as all that Compose does
# by itself: where the preflight found Compose, it is started as Docker's program starts it. Needs: cargo_e2e_root.
# Its variables have names that no compose file uses.
docker_compose() {
  cargo_e2e_compose=
  { read -r _ && IFS= read -r cargo_e2e_compose; } 2>/dev/null <"$cargo_e2e_root/programs"
  if [ -x "$cargo_e2e_compose" ]; then
    DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND=$(command -v docker) "$cargo_e2e_compose" compose "$@"
  else
    docker compose "$@"
  fi
}
