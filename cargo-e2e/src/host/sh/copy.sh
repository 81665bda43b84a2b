# Gives the sandbox its private copy of the mirror. Never shared inodes: containers write here.
# Needs: mirror.
fenced && gone
cp -a --reflink=auto "$root/mirrors/$mirror/." "$dir/repo/" 2>/dev/null && exit
# Not every cp knows reflinks.
fenced && gone
cp -a "$root/mirrors/$mirror/." "$dir/repo/"
