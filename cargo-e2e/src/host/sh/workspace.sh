# Opens the scripts that deal with a workspace: a folder with a repo, which one run after another
# takes. Idle ones are in $root/workspaces, each named REPO.SYNC.BOOT.KB: whose it is (slug and
# hash), the sync after which it was given back, the boot of this host in which that was, its size.
# Whether a rename moves a folder between here and there.
same_disk() {
  # shellcheck disable=SC2046 # two numbers
  set -- $(stat -c %d "$dir" "$root/workspaces" 2>/dev/null)
  [ "$#" = 2 ] && [ "$1" = "$2" ]
}
newline='
'
# Lists all in the current folder in sorted lines, `INODE CTIME OWNER TYPE PATH`, and `end` if all
# could be read. The arguments are find's for what gets no line, with -o at the end.
list() {
  { find . -mindepth 1 "$@" -printf '%i %C@ %U %y %p\n' && echo end; } | LC_ALL=C sort
}
is_whole() { [ "$(tail -n 1 "$1" 2>/dev/null)" = end ]; }
