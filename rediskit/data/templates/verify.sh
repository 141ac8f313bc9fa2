#!/usr/bin/env bash
# Verifies a shared Redis from a pod, and prints one line per check: id, target, status, measured value and detail, separated by tabs.
# Statuses: passed, failed, skipped, unknown (no data). Exit codes: 0 no check failed, 1 a check failed, 3 a result is unknown.
# Variables: PHASES, HOST, PORT, REPLICAS ("host:port ..."), PASSWORD_FILE, DISABLED, SETTINGS ("name=value" per line), REQUESTS,
# OPERATIONS, P95 (microseconds), WAIT (seconds to wait for the first answer and the replicas).
set -u -o pipefail
export LC_ALL=C
RESULT=/dev/termination-log
ENDPOINT="$HOST:$PORT"
PASSWORD="$(cat "$PASSWORD_FILE")" || PASSWORD=""
KEY="rediskit:verify:${HOSTNAME:-here}:$RANDOM$RANDOM"
RESULTS=()

report() { # id target status measured detail
  local line
  line="$(printf '%s\t%s\t%s\t%s\t%s' "$1" "$2" "$3" "${4:0:100}" "$(tr '\t\r\n' '   ' <<< "${5:0:160}")")"
  RESULTS+=("${line%"${line##*[! ]}"}")
  printf '%s\n' "$line"
}

limited() { # id target measured limit detail: passed if measured is a number up to the limit
  if [[ ! $3 =~ ^-?[0-9]+$ ]]; then report "$1" "$2" unknown "" "$5"
  elif (($3 <= $4)); then report "$1" "$2" passed "$3" ""
  else report "$1" "$2" failed "$3" "$5"; fi
}

equals() { # id target answer expected detail: passed if the answer is the expected one, unknown without an answer
  case "$3" in
  "$4") report "$1" "$2" passed "$3" "" ;;
  "" | "Could not connect"*) report "$1" "$2" unknown "" "no answer: $3" ;;
  *) report "$1" "$2" failed "$3" "$5" ;;
  esac
}

ask() { # host:port command...: with the password
  REDISCLI_AUTH="$PASSWORD" timeout 10 redis-cli --no-auth-warning -h "${1%:*}" -p "${1##*:}" "${@:2}" 2>&1 | tr -d '\r'
}

stranger() { # host:port command...: without the password
  env -u REDISCLI_AUTH timeout 10 redis-cli -h "${1%:*}" -p "${1##*:}" "${@:2}" 2>&1 | head -n 1
}

field() { # name text: a field of INFO
  sed -n "s/^$1://p" <<< "$2"
}

wait_until() { # command...: until it succeeds, or WAIT seconds after the start
  until "$@"; do
    ((SECONDS < WAIT)) || return 0
    sleep 2
  done
}

answers() { # host:port...: each of them answers
  local endpoint
  for endpoint in "$@"; do [[ "$(ask "$endpoint" PING)" == PONG ]] || return 1; done
}

in_sync() { # number: so many replicas are online
  [[ "$(online "$(ask "$ENDPOINT" INFO replication)")" == "$1" ]]
}

connect_time() { # prints the milliseconds of the median of three connections
  local _
  for _ in 1 2 3; do
    # shellcheck disable=SC2016
    timeout 3 bash -c 's=${EPOCHREALTIME/./}; exec 3<>"/dev/tcp/$0/$1" || exit 1; e=${EPOCHREALTIME/./}; echo $(((e - s + 999) / 1000))' \
      "$HOST" "$PORT" 2> /dev/null
  done | sort -n | sed -n 2p
}

unauthenticated() { # host:port: no command may succeed without the password or with a wrong one
  local answer command accepted=() silent=0 all=0
  for command in PING "GET $KEY" "SET $KEY 1" INFO "HELLO 3" "AUTH wrong-password" "HELLO 3 AUTH default wrong-password"; do
    # shellcheck disable=SC2086
    answer="$(stranger "$1" $command)"
    all=$((all + 1))
    case "$answer" in
    *NOAUTH* | *WRONGPASS* | *DENIED* | "ERR unknown command"* | "ERR AUTH"*) ;;
    "" | "Could not connect"* | "Error:"*) silent=$((silent + 1)) ;;
    *) accepted+=("${command%% *}") ;;
    esac
  done
  if ((silent == all)); then report unauthenticated "$1" unknown "" "no answer"
  elif [[ -n ${accepted[*]:-} ]]; then report unauthenticated "$1" failed "${accepted[*]}" "accepted without the password"
  elif ((silent > 0)); then report unauthenticated "$1" unknown "" "$silent of $all commands have no answer"
  else report unauthenticated "$1" passed 0 "$all commands refused"; fi
}

disabled_commands() { # COMMAND INFO answers nothing about a command that is disabled; the command itself is not called
  local command answer enabled=()
  [[ -n $DISABLED ]] || { report disabled-commands "$ENDPOINT" skipped "" "no command is disabled"; return; }
  [[ "$(ask "$ENDPOINT" COMMAND INFO PING)" == *ping* ]] || { report disabled-commands "$ENDPOINT" unknown "" "no answer"; return; }
  for command in $DISABLED; do
    answer="$(ask "$ENDPOINT" COMMAND INFO "$command")"
    [[ -z ${answer//[[:space:]]/} ]] || enabled+=("$command")
  done
  if [[ -n ${enabled[*]:-} ]]; then report disabled-commands "$ENDPOINT" failed "${enabled[*]}" "Redis executes these commands"
  else report disabled-commands "$ENDPOINT" passed "$DISABLED" ""; fi
}

setting() { # name: its value, from CONFIG or, where CONFIG is disabled, from INFO
  local answer
  answer="$(ask "$ENDPOINT" CONFIG GET "$1")"
  case "$answer" in
  *"unknown command"*) ;;
  *) sed -n 2p <<< "$answer"; return ;;
  esac
  case "$1" in
  maxmemory) field maxmemory "$(ask "$ENDPOINT" INFO memory)" ;;
  maxmemory-policy) field maxmemory_policy "$(ask "$ENDPOINT" INFO memory)" ;;
  appendonly) [[ "$(field aof_enabled "$(ask "$ENDPOINT" INFO persistence)")" == 1 ]] && echo yes || echo no ;;
  esac
}

settings() {
  local line name expected value different=() hidden=()
  while IFS= read -r line; do
    name="${line%%=*}" expected="${line#*=}"
    value="$(setting "$name")"
    if [[ $name == save && -z $value ]]; then [[ "$(ask "$ENDPOINT" CONFIG GET save)" == save* ]] || hidden+=("$name"); fi
    [[ $value == "$expected" ]] && continue
    if [[ -z $value && $name != save ]]; then hidden+=("$name"); else different+=("$name=$value"); fi
  done <<< "$SETTINGS"
  if [[ -n ${different[*]:-} ]]; then report settings "$ENDPOINT" failed "${different[*]}" "expected: ${SETTINGS//$'\n'/, }"
  elif [[ "${hidden[*]:-}" == save ]]; then report settings "$ENDPOINT" passed "${SETTINGS//$'\n'/ }" "save is not visible: CONFIG is disabled"
  elif [[ -n ${hidden[*]:-} ]]; then report settings "$ENDPOINT" unknown "" "not visible: ${hidden[*]}"
  else report settings "$ENDPOINT" passed "${SETTINGS//$'\n'/ }" ""; fi
}

connectivity() {
  local address time answer endpoint replicas
  address="$(getent ahosts "$HOST" | sed -n '1s/ .*//p')"
  if [[ -n $address ]]; then report resolves "$HOST" passed "$address" ""; else report resolves "$HOST" failed "" "the name has no address"; fi
  time="$(connect_time)"
  if [[ -n $time ]]; then limited connect-time "$ENDPOINT" "$time" 100 "the connection took longer"
  else report connect-time "$ENDPOINT" failed "" "no connection within 3 s"; fi
  equals ping "$ENDPOINT" "$(ask "$ENDPOINT" PING)" PONG "Redis does not accept the password of the Secret"
  read -r -a replicas <<< "$REPLICAS"
  wait_until answers "${replicas[@]}" # a chart can start the replicas after the primary
  for endpoint in "$ENDPOINT" "${replicas[@]}"; do unauthenticated "$endpoint"; done
  answer="$(ask "$ENDPOINT" SET "$KEY" value EX 60) $(ask "$ENDPOINT" GET "$KEY") $(ask "$ENDPOINT" DEL "$KEY")"
  equals read-write "$ENDPOINT" "$answer" "OK value 1" "SET, GET and DEL of a key with a lifetime of 60 s"
  [[ -n $SETTINGS ]] || return 0
  disabled_commands
  settings
}

online() { # text of INFO replication: the number of replicas that are online
  grep -c '^slave[0-9]*:.*state=online' <<< "$1"
}

furthest() { # text: the replica that is the most bytes behind
  local offset most="" own
  own="$(field master_repl_offset "$1")"
  while IFS= read -r offset; do
    [[ -n $offset && -n $own ]] || continue
    [[ -n $most ]] && ((own - offset <= most)) || most=$((own - offset))
  done < <(sed -n 's/^slave[0-9]*:.*offset=\([0-9]*\).*/\1/p' <<< "$1")
  echo "$most"
}

replication() {
  local info replica count answer
  read -r -a replicas <<< "$REPLICAS"
  count="$(wc -w <<< "$REPLICAS")"
  ((count > 0)) || { report roles "$ENDPOINT" skipped "" "the config has no replicas"; return; }
  wait_until in_sync "$count"
  info="$(ask "$ENDPOINT" INFO replication)"
  equals roles "$ENDPOINT" "$(field role "$info")" master "the Service does not lead to a primary"
  for replica in "${replicas[@]}"; do
    answer="$(ask "$replica" INFO replication)"
    equals roles "$replica" "$(field role "$answer") $(field master_link_status "$answer")" "slave up" "not a replica with a link to its primary"
  done
  if [[ -z $info || $info == "Could not"* ]]; then report replicas-online "$ENDPOINT" unknown "" "no answer"
  else equals replicas-online "$ENDPOINT" "$(online "$info")" "$count" "$count replicas are expected"; fi
  limited replica-lag "$ENDPOINT" "$(sed -n 's/^slave[0-9]*:.*lag=\([0-9]*\).*/\1/p' <<< "$info" | sort -n | tail -n 1)" 1 "seconds since the last acknowledgement"
  limited replica-offset "$ENDPOINT" "$(furthest "$info")" 1048576 "bytes behind the primary"
  answer="$(printf 'SET %s value EX 60\nWAIT %d 1000\n' "$KEY" "$count" | ask "$ENDPOINT" | tail -n 1)"
  equals wait "$ENDPOINT" "$answer" "$count" "replicas that acknowledged a write within 1 s"
  for replica in "${replicas[@]}"; do
    equals replica-reads "$replica" "$(ask "$replica" --no-raw GET "$KEY")" '"value"' "the written value is not on the replica"
    answer="$(ask "$replica" SET "$KEY" other EX 60)"
    case "$answer" in
    READONLY*) report replica-refuses-writes "$replica" passed READONLY "" ;;
    "" | "Could not"*) report replica-refuses-writes "$replica" unknown "" "no answer: $answer" ;;
    *) report replica-refuses-writes "$replica" failed "${answer%% *}" "the replica accepts writes" ;;
    esac
  done
  ask "$ENDPOINT" DEL "$KEY" > /dev/null
}

in_use() { # prints why a load test would harm this Redis; nothing if it would not
  local memory used max rate
  memory="$(ask "$ENDPOINT" INFO memory)"
  used="$(field used_memory "$memory")" max="$(field maxmemory "$memory")"
  rate="$(field instantaneous_ops_per_sec "$(ask "$ENDPOINT" INFO stats)")"
  if [[ -z $used || -z $max || -z $rate ]]; then echo "no answer"
  elif ((max > 0 && used * 100 > max * 85)); then echo "the memory is $((used * 100 / max)) % full: the test could evict keys"
  elif ((rate > 1000)); then echo "Redis executes $rate commands per second: the test would slow down the clients"; fi
}

benchmark() { # one run: lines "SET operations microseconds"
  local names="" row test rate p95
  # redis-benchmark reads no variable. Only processes of this container see its arguments.
  timeout 120 redis-benchmark -h "$HOST" -p "$PORT" -a "$PASSWORD" -t set,get -n "$REQUESTS" -c 50 --csv 2> /dev/null | tr -d '"\r' |
    while IFS= read -r row; do
      if [[ -z $names ]]; then names="$row"; [[ $names == test,rps,*,p95_latency_ms,* ]] || return 0; continue; fi
      IFS=, read -r test rate _ _ _ p95 _ <<< "$row"
      [[ $test =~ ^(SET|GET)$ && $rate =~ ^[0-9]+\. && $p95 =~ ^[0-9]+\.[0-9]{3}$ ]] && echo "$test ${rate%.*} $((10#${p95/./}))"
    done
}

median() { # test column: the median of three runs
  local values
  values="$(sed -n "s/^$1 //p" <<< "$RUNS" | cut -d ' ' -f "$2" | sort -n)"
  [[ "$(wc -l <<< "$values")" == 3 ]] && sed -n 2p <<< "$values"
}

performance() {
  local reason test name value _
  reason="$(in_use)"
  case "$reason" in
  "") ;;
  "no answer") for test in set get; do report "operations-$test" "$ENDPOINT" unknown "" "$reason"; report "p95-$test" "$ENDPOINT" unknown "" "$reason"; done; return ;;
  *) for test in set get; do report "operations-$test" "$ENDPOINT" skipped "" "$reason"; report "p95-$test" "$ENDPOINT" skipped "" "$reason"; done; return ;;
  esac
  RUNS="$(for _ in 1 2 3; do benchmark; done)"
  ask "$ENDPOINT" DEL key:__rand_int__ > /dev/null
  for test in SET GET; do
    name="${test,,}"
    value="$(median "$test" 1)"
    if [[ -z $value ]]; then report "operations-$name" "$ENDPOINT" unknown "" "redis-benchmark gave no three results"
    elif ((value >= OPERATIONS)); then report "operations-$name" "$ENDPOINT" passed "$value" ""
    else report "operations-$name" "$ENDPOINT" failed "$value" "$OPERATIONS per second are required"; fi
    value="$(median "$test" 2)"
    if [[ -z $value ]]; then report "p95-$name" "$ENDPOINT" unknown "" "redis-benchmark gave no three results"
    elif ((value < P95)); then report "p95-$name" "$ENDPOINT" passed "$value" ""
    else report "p95-$name" "$ENDPOINT" failed "$value" "microseconds; less than $P95 are required"; fi
  done
}

finish() { # the termination message has 4096 bytes: if it is full, failed checks come first, and each passed one has one line without values
  local text line status name passed=" " ordered=()
  text="$(printf '%s\n' "${RESULTS[@]}")"
  if (("$(wc -c <<< "$text")" > 4000)); then
    for status in failed unknown passed skipped; do
      for line in "${RESULTS[@]}"; do
        [[ $line == *$'\t'"$status"$'\t'* ]] || continue
        name="${line%%$'\t'*}"
        if [[ $status != passed ]]; then ordered+=("${line:0:250}")
        elif [[ $passed != *" $name "* ]]; then passed+="$name " ordered+=("$name"$'\t'"$ENDPOINT"$'\tpassed'); fi
      done
    done
    text="$(printf '%s\n' "${ordered[@]}" | head -c 3900)"$'\ntruncated\t-\tskipped\t\tall results are in the log of the pod'
  fi
  printf '%s\n' "$text" > "$RESULT"
}

trap finish EXIT
trap 'exit 3' TERM INT
wait_until answers "$ENDPOINT"
for phase in $PHASES; do "$phase"; done
for line in "${RESULTS[@]}"; do [[ $line != *$'\tfailed\t'* ]] || exit 1; done
for line in "${RESULTS[@]}"; do [[ $line != *$'\tunknown\t'* ]] || exit 3; done
exit 0
