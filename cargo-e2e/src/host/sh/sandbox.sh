# Opens every script that works on one sandbox. Needs: root, id.
set -u
umask 077
dir=$root/sandboxes/$id
# The fence: once teardown has begun, nothing new starts for this sandbox.
fenced() { [ -e "$dir/fence" ] || [ ! -d "$dir" ]; }
