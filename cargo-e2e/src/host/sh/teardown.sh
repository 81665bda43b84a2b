# Takes one sandbox down, for a run, its guard, gc and `down`. Says `found` when there was one, and
# what is left: `left KIND NAME` lines.
# May run at the same time as itself, and again after it was cut off. Removes only what carries
# this sandbox's label.
# It continues when its caller is gone, and with it the reader of its output.
trap '' PIPE HUP
# What this starts is not the sandbox's to end.
unset CARGO_E2E_RUN
[ -d "$root/locks" ] || mkdir -p "$root/locks"
# Made by provision: a disk without a free inode has no room for it now.
exec 9>"$root/locks/teardown-$id"
lock 9 120 || { echo "another teardown of this sandbox did not end within 120 s" >&2; exit 1; }
if [ -d "$dir" ] && [ ! -L "$dir" ]; then fence; echo found; elif [ -e "$lease" ]; then echo found; fi

start_removal
# Meanwhile whatever could still make something: this sandbox's own processes.
# Not every grep sees beyond the first NUL of a file.
if printf 'x\000needle' | grep -qF needle; then
  marked() {
    grep -lsF "CARGO_E2E_RUN=$id" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do echo "$pid"; done
  }
else
  marked() {
    for process in /proc/[0-9]*; do
      { tr '\000' '\n' <"$process/environ" | grep -qxF "CARGO_E2E_RUN=$id"; } 2>/dev/null && echo "${process#/proc/}"
    done
  }
fi
# Sets `group` to that of a process, and `parent`. Its name may hold anything; what follows the last
# bracket is state, parent and group.
group_of() {
  group=
  # Without a process for each: there may be hundreds.
  while IFS= read -r line || [ -n "$line" ]; do group="$group$line "; done 2>/dev/null <"/proc/$1/stat"
  # shellcheck disable=SC2086 # words
  set -- ${group##*) }
  parent=${2-}
  group=${3-}
}
# The caller may stand in the sandbox's folder: it stays, with its group. What this starts does
# not stand there.
cd / || exit 1
askers=' '
asker=$$
while [ "${asker:-0}" -gt 0 ]; do
  group_of "$asker"
  askers="$askers$asker $group "
  asker=$parent
done
# Where the kernel says that processes in the sandbox's folder are.
inside=$(cd "$root" && pwd -P)/sandboxes/$id
is_inside() {
  group_of "$1"
  case $askers in *" $1 "* | *" $group "*) return 1 ;; esac
  # Not other users', nor a container's, which calls other folders by such names.
  [ -n "$(find "/proc/$1" -prune -user "$(id -u)" 2>/dev/null)" ] || return 1
  [ "$(readlink "/proc/$1/ns/mnt" 2>/dev/null)" = "$(readlink /proc/self/ns/mnt)" ] || return 1
  for link in cwd root exe; do
    case $(readlink "/proc/$1/$link" 2>/dev/null) in
      "$inside" | "$inside/"* | "$inside (deleted)") return 0 ;;
    esac
  done
  return 1
}
# Also those that left their environment behind: they work in the folder, or are programs of it.
ours() {
  marked
  near=$(for link in cwd root exe; do LC_ALL=C ls -ln /proc/[0-9]*/"$link" 2>/dev/null; done | grep -F " -> $inside") || return 0
  printf '%s\n' "$near" | sed -n 's|^[^/]* /proc/\([0-9]*\)/.*|\1|p' | sort -u |
    while read -r pid; do ! is_inside "$pid" || echo "$pid"; done
}
signal() {
  for pid in $(ours); do
    # Its group too: a child may have cleaned its environment.
    group_of "$pid"
    [ "$group" = "$pid" ] && kill "-$1" "-$pid" 2>/dev/null
    kill "-$1" "$pid" 2>/dev/null
  done
}
stubborn=$(ours)
if [ -n "$stubborn" ]; then
  signal TERM
  waited=0
  none=0
  # Until two looks in a row find nothing: one that is being ended can still start another, which as a rule
  # ends by itself.
  while [ "$none" -lt 2 ] && [ "$waited" -lt 40 ]; do
    sleep 0.1
    waited=$((waited + 1))
    stubborn=$(ours)
    if [ -z "$stubborn" ]; then
      none=$((none + 1))
      continue
    fi
    none=0
    [ "$waited" -lt 20 ] || signal KILL
  done
fi

continue_removal
# Nothing of the sandbox that could write there runs now: its workspace is looked at while the engine
# removes networks, which takes longest. What ran after that look, a sweep has found.
examined=
own=
{ read -r own <"$dir/sentinel"; } 2>/dev/null
if [ -z "$stubborn" ] && [ "$own" = "$id" ] && [ ! -L "$dir" ] && examine 2>/dev/null; then examined=yes; fi
if [ -z "$examined" ] && [ -n "$detaching" ]; then
  wait "$detaching"
  detaching=
fi
sweep_all

# ` (used by container A B)` for a list of names.
held() { [ -z "${1% }" ] || printf ' (used by container %s)' "${1% }"; }
# What could not be ended or removed.
remains() {
  for pid in $stubborn; do
    ours | grep -qx "$pid" && echo "left process $pid"
  done
  [ "$empty" -lt 2 ] || return 0
  docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || echo "left engine not-responding"
  docker ps -a --filter "$label" --filter "$owner" --format "${owned}left container {{.Names}}{{end}}" | grep .
  # As a rule, a foreign container holds it: the reader should know which.
  docker network ls --filter "$label" --filter "$owner" --format '{{.Name}}' | while read -r name; do
    holders=$(docker network inspect --format '{{range .Containers}}{{.Name}} {{end}}' "$name" 2>/dev/null)
    echo "left network $name$(held "$holders")"
  done
  docker volume ls --filter "$label" --filter "$owner" --format '{{.Name}}' | while read -r name; do
    holders=$(docker ps -a --filter "volume=$name" --format '{{.Names}}' 2>/dev/null | tr '\n' ' ')
    echo "left volume $name$(held "$holders")"
  done
  image_names | while read -r _ name; do
    holders=$(docker ps -a --filter "ancestor=$name" --format '{{.Names}}' 2>/dev/null | tr '\n' ' ')
    echo "left image $name$(held "$holders")"
  done
}
# Says what is left, if anything is: then the folder stays, so that a later try knows of this sandbox.
end_if_left() {
  rest=$(remains)
  # Nothing is there now, but no two looks have said so: that is no proof.
  if [ -z "$rest" ] && [ "$empty" -lt 2 ]; then
    rest="left sandbox $id (the engine did not say for sure that nothing of it is left)"
  fi
  [ -n "$rest" ] || return 0
  printf '%s\n' "$rest"
  exit 0
}
end_if_left

# Its slots are free from here on.
tear_up

# Writes down why it ended, where that was not the client's doing; then the guard is not needed.
bury() {
  # The caller may have died meanwhile: then only this knows how it ended.
  if [ -d "$lease" ] && [ ! -e "$lease/why" ]; then
    if [ -e "$lease/leaving" ]; then
      echo interrupted >"$lease/why"
    elif ! echo ended 2>/dev/null; then
      echo down >"$lease/why"
    fi
  fi
  if [ -e "$lease/why" ]; then
    mkdir -p "$root/ended"
    { cat "$lease/why"; date +%s; cat "$lease/about"; } >"$root/ended/$id.new" 2>/dev/null &&
      mv "$root/ended/$id.new" "$root/ended/$id"
  fi
  if guarded && [ "$guard" != "$$" ]; then guard_to_end=$guard; else guard_to_end=; fi
  [ ! -L "$lease" ] && rm -rf "$lease"
  # With the sleep that it is in.
  [ -z "$guard_to_end" ] || kill -KILL "-$guard_to_end" 2>/dev/null
  # It may have signed it once more meanwhile.
  tear_up
  rm -f "$root/locks/teardown-$id"
}
[ -d "$dir" ] || { bury; exit 0; }
# An empty sentinel is one that a full disk left; another's is not ours to touch.
case $(cat "$dir/sentinel" 2>/dev/null) in
  "$id" | '') other= ;;
  *) other=yes ;;
esac
if [ -L "$dir" ] || [ -n "$other" ]; then
  echo "left folder $dir (it is not a sandbox's)"
  exit 0
fi
mount=$(mounted "$dir")
if [ -n "$mount" ]; then
  echo "left mount $mount"
  exit 0
fi
# Runs a command as root, with the sandbox's folder as /sandbox: files that containers made as root,
# only a container can remove. Its image is empty; the programs are the host's own, read-only.
as_root() {
  [ "$(id -u)" != 0 ] || return 1
  image=$(tar -cf - -T /dev/null | docker import -c "LABEL cargo-e2e.run=$id cargo-e2e.owner=$(id -u) cargo-e2e.image=$id" -c 'CMD ["none"]' - 2>/dev/null)
  [ -n "$image" ] || return 1
  command=$1
  set --
  for part in /bin /lib /lib64 /usr; do
    [ -d "$part" ] && set -- "$@" --mount "type=bind,source=$part,target=$part,readonly"
  done
  docker run --rm --network none --label "cargo-e2e.run=$id" --label "cargo-e2e.owner=$(id -u)" --label cargo-e2e.image= "$@" \
    --mount "type=bind,source=$dir,target=/sandbox" "$image" /bin/sh -c "$command" >/dev/null 2>&1
  status=$?
  docker rmi -f "$image" >/dev/null 2>&1
  return "$status"
}
if [ -n "$examined" ] || examine 2>/dev/null; then give_back 2>/dev/null; fi
# A network whose removal failed is listed again.
if [ -n "$detaching" ] && ! wait "$detaching"; then
  sweep_all
  end_if_left
fi
# The sentinel goes last: half a folder must still be known as a sandbox's.
clear_out() { find "$dir" -mindepth 1 -maxdepth 1 ! -name sentinel ! -name fence -exec rm -rf {} + 2>/dev/null; }
leavings() { find "$dir" -mindepth 1 -maxdepth 1 ! -name sentinel ! -name fence 2>/dev/null; }
# Twice: what was told to end may have made one more file.
clear_out
rest=$(leavings)
if [ -n "$rest" ]; then
  clear_out
  if [ -n "$(leavings)" ]; then
    as_root 'rm -rf /sandbox/repo /sandbox/jobs /sandbox/collected'
    clear_out
  fi
  rest=$(leavings | head -n 1)
fi
if [ -n "$rest" ]; then
  echo "left folder $rest"
  exit 0
fi
rm -rf "$dir" || { echo "left folder $dir"; exit 0; }
bury
exit 0
