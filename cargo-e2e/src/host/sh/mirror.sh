# Holds the mirror of one repo for as long as standard input stays open.
# Needs: mirror (a folder name), patience (seconds).
mkdir -p "$root/mirrors/$mirror" || exit 1
exec 9>"$root/locks/mirror-$mirror"
lock 9 "$patience" || exit 75
# Marks it as used: it is kept for 30 days from here.
touch "$root/mirrors/$mirror"
echo held
cat >/dev/null
