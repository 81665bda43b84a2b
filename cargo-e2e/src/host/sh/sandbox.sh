# Opens every script that works on one sandbox. Needs: root, id.
set -u
umask 077
dir=$root/sandboxes/$id
# Marks every process of this sandbox for teardown, however it detaches itself.
export CARGO_E2E_RUN="$id"
# The fence: once teardown has begun, nothing new starts for this sandbox.
fenced() { [ -e "$dir/fence" ] || [ ! -d "$dir" ]; }
# lock FD SECONDS: not every flock can wait for a while.
lock() {
  tries=0
  until flock -n "$1"; do
    [ "$tries" -lt $(($2 * 10)) ] || return 1
    sleep 0.1
    tries=$((tries + 1))
  done
}
