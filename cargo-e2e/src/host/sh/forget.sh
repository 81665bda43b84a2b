# Removes from the sandbox's workspace what is named on standard input, NUL-separated: what an
# earlier sync sent and is no longer there. Files come before the folders that they are in, and
# folders (with a slash at the end) go only when nothing else is in them. Never through a link: what
# it points to is not ours.
fenced && gone
repo=$(cd -P "$dir/repo" && pwd) || exit 1
export repo
xargs -0 -r sh -c '
for name; do
  path=$repo/${name%/}
  cd -P "${path%/*}" 2>/dev/null && [ "$PWD" = "${path%/*}" ] || continue
  case $name in
    */) rmdir "$path" 2>/dev/null || : ;;
    *) [ -d "$path" ] && [ ! -L "$path" ] || rm -f "$path" || exit 255 ;;
  esac
done' sh
