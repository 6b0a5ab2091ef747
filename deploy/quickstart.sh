#!/bin/bash
# From a bare Debian 12 to a first answer: installs, builds, starts a collector and a sensor on this
# machine's interfaces with real keys, makes a little traffic, shows the view and the alert.
#   --once   ends there (exit code 0); otherwise it stays in `seine top hosts --watch` until Ctrl-C
#   --keep   leaves the temporary folder with keys, configuration, state and logs
set -euo pipefail
cd "$(dirname "$0")/.."
once=
keep=
for argument in "$@"; do
  case $argument in
  --once) once=1 ;;
  --keep) keep=1 ;;
  *)
    echo "quickstart.sh: '$argument' is not known: expected --once or --keep" >&2
    exit 2
    ;;
  esac
done

say() { printf '\n== %s\n' "$*"; }
say "packages and build"
deploy/install-packages.sh build run
cmake --preset release >/dev/null
cmake --build --preset release | tail -n 1
bin=$PWD/build/release/bin
python=/usr/bin/python3

home=$(mktemp -d "${TMPDIR:-/tmp}/seine-quickstart.XXXXXX")
pids=()
# shellcheck disable=SC2317 # called by the trap
finish() {
  trap - EXIT INT TERM
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  for pid in "${pids[@]}"; do
    wait "$pid" 2>/dev/null || true
  done
  if [ -n "$keep" ]; then
    echo "kept: $home"
  else
    rm -rf "$home"
  fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
begin=$(date +%s.%N)
since() { $python -c "import sys,time; print(f'{time.time() - float(sys.argv[1]):.1f}')" "$1"; }

say "keys, configuration and programs, all under $home"
mkdir -m 700 "$home/authorized" "$home/state"
collector_key=$("$bin/seine-collector" --make-key="$home/collector.key")
"$bin/seine-sensor" --make-key="$home/sensor.key" >"$home/authorized/quickstart.pub"

# The receiver's input is a pipe that ends with this script.
mkfifo "$home/alive"
$python deploy/quickstart_receiver.py <"$home/alive" >"$home/received" &
pids+=($!)
exec 9>"$home/alive"
receiver_port=
until [ -n "$receiver_port" ]; do
  kill -0 "${pids[0]}" || exit 1
  receiver_port=$(sed -n 's/^port //p' "$home/received")
done
bus_port=$($python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')

cat >"$home/collector.yaml" <<END
listen: 127.0.0.1:$bus_port
key_file: $home/collector.key
authorized_dir: $home/authorized
state_dir: $home/state
socket: $home/collector.sock
checkpoint: 1s
receivers:
  - name: quickstart
    type: generic
    url: http://127.0.0.1:$receiver_port/
    allow_http: true
END
cat >"$home/sensor.yaml" <<END
name: quickstart
collector:
  address: 127.0.0.1:$bus_port
  key: "$collector_key"
key_file: $home/sensor.key
interfaces: [auto, lo]
END
"$bin/seine-collector" --config "$home/collector.yaml" 9>&- 2>"$home/collector.log" &
pids+=($!)
"$bin/seine-sensor" --config "$home/sensor.yaml" 9>&- 2>"$home/sensor.log" &
pids+=($!)
export SEINE_SOCKET=$home/collector.sock

# Asks until a window is closed; what the programs say of trouble is shown.
ready() {
  "$bin/seine" status --json 2>/dev/null | $python -c '
import json, sys
try:
    answer = json.load(sys.stdin)
except ValueError:
    sys.exit(1)
sys.exit(0 if answer.get("state") == "ok" else 1)'
}
echo "waiting for the first closed window: no data yet"
limit=$((SECONDS + 30))
until ready; do
  if [ $SECONDS -gt $limit ] || ! kill -0 "${pids[1]}" 2>/dev/null || ! kill -0 "${pids[2]}" 2>/dev/null; then
    echo "quickstart.sh: no answer; the programs said:" >&2
    cat "$home/collector.log" "$home/sensor.log" >&2
    exit 1
  fi
  sleep 0.1
done
answer_s=$(since "$begin")
say "first true answer, $answer_s s after the build"
"$bin/seine" status || true

say "a little traffic: 8 MB over loopback in two seconds"
load_begin=$(date +%s.%N)
$python deploy/quickstart_load.py >"$home/load" &
pids+=($!)
# The next line of the receiver, as it comes.
alert=$($python - "$home/received" <<'END'
import sys, time
path, end = sys.argv[1], time.time() + 30
with open(path) as lines:
    while time.time() < end:
        line = lines.readline()
        if line.startswith("{") and line.endswith("\n"):
            print(line.strip())
            break
        time.sleep(0.02)
END
)
if [ -z "$alert" ]; then
  echo "quickstart.sh: no alert came within 30 s; the programs said:" >&2
  cat "$home/collector.log" "$home/sensor.log" >&2
  exit 1
fi
wait "${pids[3]}"
webhook_s=$($python -c 'import json, sys
print("%.1f" % (json.loads(sys.argv[1])["received"] - float(sys.argv[2])))' "$alert" "$load_begin")
"$bin/seine" status || true
say "seine top hosts"
"$bin/seine" top hosts --last 1m || true
say "the alert as the local receiver got it, $webhook_s s after the start of the load"
$python -m json.tool <<<"$alert"
echo
echo "first answer $answer_s s after the build; webhook $webhook_s s after the load began"
[ -z "$once" ] || exit 0
say "seine top hosts --watch (Ctrl-C ends everything)"
"$bin/seine" top hosts --last 1m --watch
