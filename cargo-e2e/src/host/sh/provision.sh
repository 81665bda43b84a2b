# Makes the sandbox's folder, and says when it expires by this host's clock.
# Needs: slug, lifetime (seconds). Standard input: what `list` shows of the sandbox.
mkdir -p "$root/sandboxes" "$root/locks" "$root/mirrors" "$root/cache/$slug" || exit 1
mkdir "$dir" || exit 1
printf '%s\n' "$id" >"$dir/sentinel" || exit 1
cat >"$dir/about"
expires=$(($(date +%s) + lifetime))
printf '%s\n' "$expires" >"$dir/expires"
mkdir "$dir/repo" "$dir/jobs" "$dir/collected" "$dir/collected/artifacts" || exit 1
# A test service may run as anybody; the folders above are this user's alone.
chmod 0777 "$dir/collected/artifacts" "$root/cache/$slug"
# Marks the repo's cache as used: it is kept for 30 days from here.
touch "$root/cache/$slug"
printf 'expires=%s\n' "$expires"
