# Holds the mirror of one repo for as long as standard input stays open.
# Needs: mirror (a folder name), patience (seconds).
mkdir -p "$root/mirrors/$mirror" || exit 1
exec 9>"$root/locks/mirror-$mirror"
lock 9 "$patience" || exit 75
echo held
cat >/dev/null
