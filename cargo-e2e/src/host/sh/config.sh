# Prints the canonical model of the user's compose files. Standard input: exports for
# interpolation. Needs: project, folder (in the repo), options (shell words).
fenced && gone
cargo_e2e_root=$root
eval "$(cat)"
cd "$dir/repo/$folder" || exit 1
eval "set -- $options"
# As Compose would: the project's own .env counts least.
[ ! -f .env ] || set -- --env-file .env "$@"
docker_compose -p "$project" --project-directory "$(pwd -P)" "$@" config --format json && exit
status=$?
# Ended with the sandbox, it has refused nothing.
fenced && gone
exit "$status"
