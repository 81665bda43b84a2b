# Asks Docker Swarm, on a manager. Needs: verb, manager (the name by which the client reaches it).
# `place` asks for a node, and says `waiting 0 OF REASON`, `placed SERVICE NODE` once Swarm has given it one,
# `held` once that has taken it, `refused REASON`, or `ended SERVICE STATE`. The request ends with standard input, unless `taken` came before. Needs: run, name,
# slot (the script that holds it), image (which has sh; may be empty), grace, cpus, memory (MB), exclude (nodes that are
# not asked for, with commas), why (the last of them is not), again (yes where this is not the first try).
# `nodes` says `node NAME STATE`; `holds` what this user has: `slot SERVICE NODE RUN NAME`; `end` removes
# `service` of `node`, and says what Swarm knows of both; `release` only removes it.
# Swarm lists a service until it is removed, also after its task: `place`, `nodes` and `holds` remove this
# user's that are over.
set -u
umask 077
trap '' PIPE HUP
command -v docker >/dev/null 2>&1 || {
  echo "it has no \`docker\`" >&2
  exit 3
}
# An engine that hangs must not take all the time there is. Not every timeout reads its words alike.
if timeout 1 true 2>/dev/null; then soon='timeout 20'; else soon=; fi
owner=$(id -u)
engine() { $soon docker "$@"; }
# Prints what the engine knows of nodes.
inspect_nodes() {
  engine node inspect --format '{{.ID}}|{{with index .Spec.Labels "cargo-e2e.ssh"}}{{.}}{{end}}|{{.Description.Hostname}}|{{.Status.State}}|{{.Spec.Availability}}|{{.Description.Resources.NanoCPUs}}|{{.Description.Resources.MemoryBytes}}' "$@" 2>/dev/null
}
# Prints `ID NAME STATE CPUS MB` of these: a label, or the name of the machine.
describe() {
  while IFS='|' read -r this label host state availability nano bytes; do
    if [ -z "$label" ]; then
      label=$host
      # Its own name is one that the client knows already.
      [ "$this" != "$self" ] || label=$manager
    fi
    [ "$state" != ready ] || [ "$availability" = active ] || state=$availability
    echo "$this $label $state $((nano / 1000000000)) $((bytes / 1048576))"
  done
}
# Says, once, that Swarm has given the request `node`. Sets `called`, its name for the client; fails where that
# is not known yet.
grant() {
  [ -z "$called" ] || return 0
  [ -n "$node" ] || return 1
  case $nearby in "$node|"*) ;; *) nearby=$(inspect_nodes "$node") ;; esac
  [ -n "$nearby" ] || return 1
  called=$(printf '%s\n' "$nearby" | describe | cut -d ' ' -f 2)
  echo "placed $name $called"
}
all_nodes() {
  # shellcheck disable=SC2046 # ids
  inspect_nodes $(engine node ls -q) | describe
}
# Removes a service, also where the manager is away for a while.
remove() {
  tries=0
  until said=$(engine service rm "$1" 2>&1); do
    case $said in *'not found'* | *[Nn]'o such service'*) return ;; esac
    [ "$tries" -lt 30 ] || return
    tries=$((tries + 1))
    sleep 1
  done
}
# Prints `SERVICE|NAME|RUN|NODE|WANTED|STATE` of this user's services, the newest first; those whose task is
# not made yet have no line.
mine() {
  ids=$(engine service ls -q --filter label=cargo-e2e.hold --filter "label=cargo-e2e.owner=$owner" 2>/dev/null)
  [ -n "$ids" ] || return 0
  {
    # shellcheck disable=SC2086 # ids
    engine service inspect --format 'service|{{.ID}}|{{.Spec.Name}}|{{index .Spec.Labels "cargo-e2e.hold"}}' $ids
    # shellcheck disable=SC2086
    engine service ps --no-trunc --no-resolve --format 'task|{{.Name}}|{{.Node}}|{{.DesiredState}}|{{.CurrentState}}' $ids
  } 2>/dev/null | awk -F '|' '
    $1 == "service" { name[$2] = $3; run[$2] = $4 }
    $1 == "task" {
      id = $2
      sub(/\.[^.]*$/, "", id)
      if (id in name && !(id in seen)) print id "|" name[id] "|" run[id] "|" $3 "|" $4 "|" $5
      seen[id] = 1
    }' | sort -t '|' -k 3 -r
}
# Removes of them those that are over.
sweep() {
  while IFS='|' read -r this _ _ _ wanted state; do
    case $state in
      # Who asked for it may want to know why.
      Rejected*second* | Failed*second*) ;;
      Complete* | Shutdown* | Rejected* | Failed* | Orphaned* | Remove*) engine service rm "$this" ;;
      *)
        # Of a node that is lost, or drained.
        [ "$wanted" != Shutdown ] || engine service rm "$this"
        ;;
    esac
  done >/dev/null 2>&1 <<END
$1
END
}
# Sets `exact` to the image as nodes know it without asking a registry again.
know_image() {
  [ -z "$exact" ] || return 0
  echo "waiting 0 0 the manager pulls $image"
  said=$(${soon:+timeout 300} docker pull --quiet "$image" 2>&1)
  exact=$(inspect_image "$image")
  [ -z "$exact" ] || return 0
  printf 'it has no image `%s`: %s\n' "$image" "$(printf '%s\n' "$said" | tail -n 1)" >&2
  exit 5
}
inspect_image() { engine image inspect --format '{{if .RepoDigests}}{{index .RepoDigests 0}}{{else}}{{.Id}}{{end}}' "$1" 2>/dev/null; }
# Sets `self`, the manager's id as a node; for a request `exact` too, and `nearby`, what the engine knows of `near`.
# All are asked at the same time: Docker's program takes its time to start.
know_self() {
  said=$({
    if [ "$verb" = place ]; then
      inspect_image "$image" | sed 's/^/image /' &
      [ -z "$near" ] || inspect_nodes "$near" | sed 's/^/near /' &
    fi
    engine node inspect self --format 'self {{.ID}}' 2>&1 &
    wait
  })
  self=$(printf '%s\n' "$said" | sed -n 's/^self //p')
  exact=$(printf '%s\n' "$said" | sed -n 's/^image //p')
  nearby=$(printf '%s\n' "$said" | sed -n 's/^near //p')
  [ -z "$self" ] || return 0
  said=$(printf '%s\n' "$said" | sed '/^image /d; /^near /d' | tail -n 1)
  printf '%s\n' "$said" >&2
  case $said in *manager*) exit 4 ;; esac
  exit 1
}
# Sets `seen`, the folder of a node that the slot sees, and `inside`, the root there: the root itself
# may be made later.
know_root() {
  root=${CARGO_E2E_ROOT:-${XDG_STATE_HOME:-$HOME/.local/state}/cargo-e2e}
  case $root in
    "$HOME"/*) seen=$HOME ;;
    *) seen=$(dirname "$root") ;;
  esac
  inside=/node/${root#"${seen%/}"/}
}
# Asks for a node that is none of `left`, ids. Sets `service`, or says why there is none and fails.
submit() {
  set -- ${near:+--constraint "node.id==$near"}
  for node in $left; do set -- "$@" --constraint "node.id!=$node"; done
  quoted=$(printf '%s' "$seen" | sed 's/"/""/g')
  asked=
  until said=$(engine service create --quiet --detach --name "$name" \
    --label "cargo-e2e.hold=$run" --label "cargo-e2e.owner=$owner" \
    --mode replicated --replicas 1 --restart-condition none --no-resolve-image \
    --reserve-cpu "$cpus" --reserve-memory "${memory}M" --stop-grace-period 120s \
    --mount "type=bind,\"source=$quoted\",target=/node" --user "$owner:$(id -g)" \
    --network host --read-only --log-driver none --no-healthcheck \
    --env "root=$inside" --env "id=$run" --env "grace=$grace" \
    --entrypoint sh "$@" "$exact" -c "$slot" 2>&1); do
    said=$(printf '%s\n' "$said" | tail -n 1)
    case $said in
      *'name conflicts'*)
        # Made before the manager went away; else one of the same run that is given back, by its id.
        if [ -n "$asked" ]; then
          said=$(engine service inspect --format '{{.ID}}' "$name" 2>/dev/null) && break
        else
          remove "$name"
        fi
        ;;
      *InvalidArgument* | *invalid* | *'unknown flag'*)
        printf 'refused %s\n' "${said##*desc = }"
        return 1
        ;;
      *)
        asked=yes
        printf "waiting 0 0 Swarm's manager does not answer: %s\n" "$said"
        ;;
    esac
    pause 0.5
  done
  # Its own and no other: there may be a newer one of the same run.
  service=$(printf '%s\n' "$said" | tail -n 1)
}
# Prints `NODE|WANTED|STATE|ERROR` of the request.
look() { engine service ps --no-trunc --no-resolve --format '{{.Node}}|{{.DesiredState}}|{{.CurrentState}}|{{.Error}}' "$service" 2>&1; }
# Sets `of` to how many requests wait, of all users.
count_waiting() {
  # shellcheck disable=SC2046 # ids
  of=$(engine service ps --filter desired-state=running --format '{{.CurrentState}}' \
    $(engine service ls -q --filter label=cargo-e2e.hold) 2>/dev/null | grep -c '^Pending')
  [ "$of" -ge 1 ] || of=1
}
# Whether some node, which may be away or full, is large enough and not left; where some are left, whether one
# of the others can be used now. Sets `most` to what they have.
may_fit() {
  known=$(all_nodes)
  [ -n "$known" ] || return 0
  most=$(printf '%s\n' "$known" | awk -v left=" $left " -v cpus="$cpus" -v memory="$memory" '
    $4 > most_cpus { most_cpus = $4 }
    $5 > most_memory { most_memory = $5 }
    index(left, " " $1 " ") { next }
    left ~ /[^ ]/ && $3 != "ready" { next }
    $4 >= cpus && $5 >= memory { fits = 1 }
    END { print most_cpus " CPUs, " most_memory " MB"; exit !fits }')
}
# In the background, because a trap waits for what is in the foreground.
pause() {
  sleep "$1" >/dev/null 2>&1 &
  napping=$!
  wait "$napping"
  [ -n "$ending" ] || return 0
  kill "$napping" 2>/dev/null
  if [ "$ending" = taken ]; then
    remember "$node" >/dev/null 2>&1 </dev/null &
  elif [ -n "$service$asked" ]; then
    remove "${service:-$name}"
  fi
  exit 0
}
follow() {
  called=
  submit || return
  looks=0
  missed=0
  of=1
  counted=-10
  # Swarm gathers requests for 50 ms before it looks for nodes.
  pause 0.04
  while :; do
    line=$(look)
    answered=$?
    line=$(printf '%s\n' "$line" | head -n 1)
    node=${line%%|*}
    rest=${line#*|}
    wanted=${rest%%|*}
    rest=${rest#*|}
    state=${rest%%|*}
    reason=$(printf '%s' "${rest#*|}" | sed 's/^"//; s/"$//')
    case $answered/$line in
      0/'') ;;
      0/*)
        missed=0
        case $wanted/$state in
          Running/Running*)
            if grant; then
              echo held
              # In braces, so that `mine` does not hold the session's pipes open either: `taken` waits for their end.
              { sweep "$(mine)"; } >/dev/null 2>&1 </dev/null &
              while :; do pause 5; done
            fi
            ;;
          Running/Pending*)
            # Not looked at yet, before that. Another may be free.
            if [ -n "$reason" ] && [ -n "$near" ]; then
              near=
              remove "$service"
              submit || return
              continue
            fi
            if [ -n "$reason" ] && [ $((looks - counted)) -ge 10 ]; then
              counted=$looks
              count_waiting
              may_fit || {
                remove "$service"
                [ -z "$left" ] || why=${why:-no other node can be used}
                # Of those that were left, the last one's reason says more.
                echo "refused ${why:-no node is large enough for $cpus CPUs, $memory MB: they have at most $most}"
                return
              }
            fi
            [ -z "$reason" ] || echo "waiting 0 $of $reason"
            ;;
          Running/*)
            # While it starts.
            ! grant || [ "$looks" -lt 20 ] || echo "waiting 0 0 $called prepares it: ${state%% *}"
            ;;
          *)
            # The node refuses it, or is lost.
            grant || called=
            remove "$service"
            echo "refused ${called:-a node}: ${reason:-$state}"
            return
            ;;
        esac
        ;;
      */*[Nn]'o such service'*)
        # A manager that was restarted reads its log first.
        missed=$((missed + 1))
        if [ "$missed" -gt 10 ]; then
          echo "ended $name removed"
          return
        fi
        pause 0.1
        ;;
      *) echo "waiting 0 0 Swarm's manager does not answer: $line" ;;
    esac
    looks=$((looks + 1))
    # Each look costs the manager something, and the more wait, the more look.
    if [ "$looks" -le 20 ]; then
      pause 0.03
    else
      tenths=$((of + 4))
      [ "$tenths" -le 50 ] || tenths=50
      pause "$((tenths / 10)).$((tenths % 10))"
    fi
  done
}
if [ "$verb" = release ]; then
  remove "$service"
  exit 0
fi
if [ "$verb" = place ]; then
  image=${image:-${CARGO_E2E_SWARM_IMAGE:-busybox:1}}
  know_root
  whole=swarm
  recall
fi
know_self
case $verb in
  place)
    know_image
    service=
    asked=
    ending=
    # What was asked for over a connection that broke.
    [ -z "$again" ] || remove "$name"
    left=
    if [ -n "$exclude" ]; then
      left=$(all_nodes | awk -v exclude=",$exclude," 'index(exclude, "," $2 ",") { print $1 }' | tr '\n' ' ')
    fi
    case " $left" in *" $near "*) near= ;; esac
    {
      trap 'ending=over' TERM
      trap 'ending=taken' USR1
      follow
    } &
    following=$!
    if read -r word && [ "$word" = taken ]; then end=USR1; else end=TERM; fi
    kill -"$end" "$following" 2>/dev/null
    wait "$following" 2>/dev/null
    ;;
  nodes)
    sweep "$(mine)"
    all_nodes | while read -r _ label state _; do echo "node $label $state"; done
    ;;
  holds)
    all=$(mine)
    sweep "$all"
    known=$(all_nodes)
    printf '%s\n' "$all" | while IFS='|' read -r _ name run at wanted state; do
      case $wanted/$state in
        Running/Running*)
          label=$(printf '%s\n' "$known" | awk -v node="$at" '$1 == node { print $2; exit }')
          echo "slot $name $label $run $name"
          ;;
      esac
    done
    ;;
  end)
    line=$(look) || line=
    line=$(printf '%s\n' "$line" | head -n 1)
    state=${line#*|}
    echo "service $service: ${state:-removed}"
    [ -z "$node" ] || all_nodes | awk -v node="$node" '$2 == node { print "node " $2 " " $3; exit }'
    remove "$service"
    ;;
esac
exit 0
