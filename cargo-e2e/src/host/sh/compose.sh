# Opens the commands that run Compose: nobody's COMPOSE_* settings, and no stray .env.
for setting in $(env | sed -n 's/^\(COMPOSE_[A-Za-z0-9_]*\)=.*/\1/p'); do
  unset "$setting"
done
export COMPOSE_DISABLE_ENV_FILE=1 DOCKER_CLI_HINTS=false
