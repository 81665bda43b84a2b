# Asks Slurm, on a login host or wherever its commands are. Needs: verb, partition.
# `place` asks for a node, and says `waiting PLACE OF REASON`, `placed JOB NODE` and `held`, or `ended JOB STATE`. The
# request ends with standard input, unless `taken` came before. Needs: run, name, slot (the script that
# holds it), grace, cpus, memory (MB), minutes, exclude (nodes that are not asked for), stays (yes for a
# sandbox that may be kept), again (yes where this is not the first try).
# `nodes` says `node NAME STATE`; `holds` what this user has: `slot JOB NODE RUN NAME`; `end` ends `job` on `node`, and
# says what Slurm knows of both.
set -u
umask 077
trap '' PIPE HUP
for tool in sbatch srun squeue scancel sinfo; do
  command -v "$tool" >/dev/null 2>&1 && continue
  echo "it has no \`$tool\`" >&2
  exit 3
done
user=$(id -un)
newline='
'
# Jobs get their environment from here: the client's own may have secrets. Needs: instead (`exec`, or nothing).
instead=
clean() { $instead env -i HOME="$HOME" PATH="$PATH" ${SLURM_CONF:+"SLURM_CONF=$SLURM_CONF"} "$@"; }
# Sets `limit` to the partition's longest time; fails where there is no such partition.
know_partition() {
  limit=$(sinfo -h -p "$partition" -o %l) || exit 1
  limit=${limit%%"$newline"*}
  limit=${limit%% *}
  [ -n "$limit" ] && return
  echo "it has no partition \`$partition\`" >&2
  exit 4
}
# Sets `minutes` to no more than the partition gives: a request for more would wait without end.
fit_time() {
  most=$(printf '%s\n' "$limit" | awk -F '[-:]' '
    /-/ { print ($1 * 24 + $2) * 60 + $3; exit }
    NF == 3 { print $1 * 60 + $2; exit }
    NF == 2 { print $1; exit }')
  case $most in '' | *[!0-9]* | 0) return ;; esac
  [ "$minutes" -le "$most" ] || minutes=$most
}
# ask MORE…: what every request says. Needs: command.
ask() {
  # shellcheck disable=SC2086 # words
  clean root="$root" id="$run" grace="$grace" $command -N 1 -n 1 -c "$cpus" --mem="$memory" -t "$minutes" \
    -p "$partition" ${exclude:+-x "$exclude"} ${near:+-w "$near"} -J "$name" --comment="$run" -D / \
    -i /dev/null -o /dev/null -e /dev/null --export=ALL "$@"
}
# Asks for a node. Sets `job`, or says why there is none and fails. A controller that has too much to do is
# asked again.
submit() {
  [ -z "$job" ] || forget
  until ask_once; do
    said=$(printf '%s\n' "$said" | sed -n 's/^[a-z]*: error: //; /./h; $ { g; p; }')
    case $said in
      *'timed out'* | *'Unable to contact'* | *'onnection'* | *'try again'*) ;;
      *)
        if [ -n "$near" ]; then
          near=
          continue
        fi
        echo "refused $said"
        return 1
        ;;
    esac
    echo "waiting 0 0 Slurm's controller does not answer: $said"
    # It may have heard the request.
    forget
    pause 1
  done
}
# Ends an earlier request. Its srun must have no last word: a controller that was restarted gives the same
# number again.
forget() {
  [ -z "$asking" ] || kill -KILL "$asking" 2>/dev/null
  scancel -u "$user" -n "$name" 2>/dev/null
}
# Asks for a node once. Sets `job`, and `seen` where how it stands is known; or `said`, and fails. Slurm grants at once what srun asks for, and what
# sbatch asks for when it next looks; but a slot of srun may end with the login host.
ask_once() {
  job=
  seen=
  launched=
  if [ -n "$stays" ]; then
    command='sbatch --parsable --no-requeue'
    said=$(printf '%s\n' "$slot" | ask 2>&1)
    job=$(printf '%s\n' "$said" | sed -n 's/^\([0-9][0-9]*\)\(;.*\)*$/\1/p' | tail -n 1)
    [ -n "$job" ]
    return
  fi
  # srun writes the job's number when it waits or is granted. Nothing of this session may stay open, which ends
  # before the slot: a shell keeps what it redirects for one command.
  said=$(mktemp) || exit 1
  exec 3>"$said"
  exec 4<"$said"
  rm -f "$said"
  # A node by name is had at once or not at all: where it is busy or out of use, a request that waits for it
  # would have to be taken back.
  command="setsid srun -v${near:+ -I}"
  (
    exec </dev/null >/dev/null 2>&3 3>&- 4<&-
    instead='exec'
    ask sh -c "$slot"
  ) &
  asking=$!
  said=
  looks=0
  unknown=0
  while kill -0 "$asking" 2>/dev/null; do
    hear
    # Not every srun may have these words. The controller's list is long, so it is not asked at once; one that
    # was restarted has forgotten the request, and srun waits on without a word.
    if [ -z "$job" ] && [ $((looks % 10)) = 9 ] &&
      seen=$(squeue -h -u "$user" -n "$name" -t PD,CF,R -o '%i|%T|%N|%r' 2>/dev/null); then
      unknown=$((unknown + 1))
      seen=${seen##*"$newline"}
      job=${seen%%|*}
      seen=${seen#*|}
    fi
    [ -z "$job" ] || return 0
    if [ "$unknown" -gt 10 ]; then
      said='it knows nothing of the request, try again'
      return 1
    fi
    looks=$((looks + 1))
    pause 0.03
  done
  hear
  return 1
}
# Reads on what srun writes, into `said`. Sets `job` once it names it, `seen` where it was granted, and `launched`
# once its step is.
hear() {
  while IFS= read -r line <&4; do
    said=$said$newline$line
    case $line in
      "srun: jobid "[0-9]*": nodes(1):\`"*)
        job=${line#srun: jobid }
        job=${job%%:*}
        seen=${line#*\`}
        seen="RUNNING|${seen%%\'*}|"
        ;;
      "srun: job "[0-9]*" queued and waiting"*)
        job=${line#srun: job }
        job=${job%% *}
        ;;
      "srun: launching "*) launched=yes ;;
    esac
  done
}
# Waits until the step of a granted request is launched, or refused, which ends srun. Not every srun may have
# these words.
await_step() {
  looks=0
  while [ -n "$asking" ] && [ -z "$launched" ] && [ "$looks" -lt 100 ] && kill -0 "$asking" 2>/dev/null; do
    hear
    [ -n "$launched" ] || pause 0.03
    looks=$((looks + 1))
  done
}
# Ends jobs of this user whose srun was killed: Slurm has ended their only step, and waits for another one.
abandoned() {
  steps=$(squeue -h -s -u "$user" -o %i 2>/dev/null) || return 0
  squeue -h -u "$user" -p "$partition" -t R -o '%i %j %M' 2>/dev/null |
    while read -r number what time; do
      case "$what $time" in
        # In its first minute its step may be on its way.
        'e2e-'*' 0:'*) continue ;;
        'e2e-'*) ;;
        *) continue ;;
      esac
      printf '%s\n' "$steps" | grep -q "^$number\." || scancel "$number" 2>/dev/null
    done
}
# The same once a minute, however many requests there are. Needs: noted.
look_for_abandoned() {
  looked=${noted%/*}/looked
  [ -z "$(find "$looked" -mmin -1)" ] && : >"$looked" && abandoned
}
# Sets `place` and `of`: where the request stands among those that wait.
stand() {
  all=$(squeue -h -p "$partition" -t PD -S -p,i -o %i 2>/dev/null)
  of=$(printf '%s\n' "$all" | grep -c .)
  place=$(printf '%s\n' "$all" | grep -nx "$job" | cut -d : -f 1)
  place=${place:-0}
}
# In the background, because a trap waits for what is in the foreground.
pause() {
  sleep "$1" >/dev/null 2>&1 &
  napping=$!
  wait "$napping"
  [ -n "$ending" ] || return 0
  kill "$napping" 2>/dev/null
  # Its own and no other: there may be a newer one of the same run.
  if [ "$ending" = taken ]; then
    remember "$node" >/dev/null 2>&1 </dev/null &
  else
    if [ -n "$job" ]; then scancel "$job" 2>/dev/null; fi
    if [ -n "$asking" ]; then kill "$asking" 2>/dev/null; fi
  fi
  exit 0
}
follow() {
  ending=
  asking=
  job=
  trap 'ending=over' TERM
  trap 'ending=taken' USR1
  submit || return
  looks=0
  hopeless=0
  while :; do
    place=1
    of=1
    line=$seen
    seen=
    if [ -n "$line" ] || line=$(squeue -h -t all -j "$job" -o '%T|%N|%r' 2>&1); then
      state=${line%%|*}
      rest=${line#*|}
      reason=${rest#*|}
      case $state in
        RUNNING)
          await_step
          # Its srun could not be told so.
          if [ -n "$asking" ] && ! kill -0 "$asking" 2>/dev/null; then
            scancel "$job" 2>/dev/null
            submit || return
            continue
          fi
          node=${rest%%|*}
          echo "placed $job $node"
          echo held
          (look_for_abandoned) 2>/dev/null
          while :; do pause 5; done
          ;;
        PENDING)
          case $reason in
            # It would wait without end.
            PartitionConfig | PartitionNodeLimit | PartitionTimeLimit | BadConstraints | Invalid* | AccountNotAllowed | QOSNotAllowed)
              hopeless=$((hopeless + 1))
              if [ "$hopeless" -gt 20 ]; then
                scancel "$job" 2>/dev/null
                echo "refused the partition gives no such node ($reason): $cpus CPUs, $memory MB"
                return
              fi
              ;;
          esac
          # Not looked at yet.
          if [ "$reason" != None ] || [ "$looks" -gt 20 ]; then
            # Another may be free.
            if [ -n "$near" ]; then
              near=
              submit || return
              continue
            fi
            stand
            echo "waiting $place $of $reason"
          fi
          ;;
        CONFIGURING | REQUEUED | REQUEUE_HOLD | SPECIAL_EXIT) echo "waiting 1 1 $state" ;;
        # A controller that was restarted has forgotten a request that came just before.
        '') submit || return ;;
        *)
          echo "ended $job $state"
          return
          ;;
      esac
    else
      case $line in
        *'Invalid job id'*) submit || return ;;
        *) echo "waiting 0 0 Slurm's controller does not answer" ;;
      esac
    fi
    looks=$((looks + 1))
    # Who is far behind need not look often.
    halves=$place
    [ "$halves" -le 30 ] || halves=30
    [ "$halves" -ge 1 ] || halves=4
    if [ "$looks" -le 20 ]; then pause 0.05; else pause "$((halves / 2)).$((halves % 2 * 5))"; fi
  done
}
case $verb in
  place)
    root=${CARGO_E2E_ROOT:-${XDG_STATE_HOME:-$HOME/.local/state}/cargo-e2e}
    know_partition
    fit_time
    whole=slurm-$partition
    recall
    # What was asked for over a connection that broke.
    [ -z "$again" ] || scancel -u "$user" -n "$name" 2>/dev/null
    follow &
    following=$!
    if read -r word && [ "$word" = taken ]; then end=USR1; else end=TERM; fi
    kill -"$end" "$following" 2>/dev/null
    wait "$following" 2>/dev/null
    ;;
  nodes)
    know_partition
    abandoned
    sinfo -h -N -p "$partition" -o 'node %N %t' | sort -u
    ;;
  holds)
    know_partition
    abandoned
    squeue -h -u "$user" -p "$partition" -t R -S -i -o 'slot %i %N %k %j'
    ;;
  end)
    echo "job $job $(squeue -h -t all -j "$job" -o '%T %r' 2>/dev/null)"
    [ -z "$node" ] || echo "node $node $(sinfo -h -N -n "$node" -o '%T' 2>/dev/null | head -n 1)"
    scancel "$job" 2>/dev/null
    ;;
esac
exit 0
