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
