#!/bin/sh
# Puts this machine, or a simulated estate, under load until the alerts about it arrive at a webhook, and says pass or fail.
#
#   scripts/test-alerts.sh [--simulate] [cpu|memory|disk|network|all]
#
# It runs a stack of its own beside whatever runs here, on loopback, in a folder that it removes: the shipped rules with `for` and intervals
# cut to seconds and their expressions as they are, Prometheus, Alertmanager, node_exporter, a webhook. Loads end by themselves, but until
# then, five minutes at most for each (TEST_ALERTS_SECONDS), all of the machine's processors, its memory or its disk are busy: what else
# runs there notices. It wants stress-ng for cpu and memory, fio for disk. With --simulate there is no load and neither is needed.
#
# Exit status: 0 all passed, 1 some failed, 2 it was called wrongly, 3 nothing failed but some could not be tried here.
set -eu

repository=$(cd "$(dirname "$0")/.." && pwd)
martlet=${MARTLET:-$repository/.build/release/martlet}
# The first of ten ports; without it, the first ten that nobody listens on.
base=${TEST_ALERTS_PORT:-}
# How long a load lasts, and with it the wait for an alert. Means over five minutes need some of them to climb.
seconds=${TEST_ALERTS_SECONDS:-300}
simulate=no
wanted=

say() { printf 'test-alerts: %s\n' "$*"; }
usage() { sed -n '4s/^#   /Usage: /p' "$0"; }

while [ $# -gt 0 ]; do
    case $1 in
    --simulate) simulate=yes ;;
    cpu | memory | disk | network) wanted="$wanted $1" ;;
    all) wanted="cpu memory disk network" ;;
    --help | -h) usage; exit 0 ;;
    *) say "unknown word $1" >&2; usage >&2; exit 2 ;;
    esac
    shift
done
wanted=${wanted:-cpu memory disk network}

need() {
    command -v "$1" >/dev/null || { say "$1 is missing: apt-get install $2" >&2; exit 2; }
}
need curl curl
if [ "$simulate" = no ]; then
    case $wanted in *cpu* | *memory*) need stress-ng stress-ng ;; esac
    case $wanted in *disk*) need fio fio ;; esac
fi
[ -x "$martlet" ] || { say "$martlet is missing: make build" >&2; exit 2; }

if [ -z "$base" ]; then
    base=28100
    while command -v ss >/dev/null && ss -Hltn "sport >= :$base and sport <= :$((base + 9))" | grep -q . && [ "$base" -lt 32000 ]; do
        base=$((base + 10))
    done
fi

# On a disk, which /tmp need not be: fio writes past the cache here.
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/martlet-alerts.XXXXXX")
stack=
receiver=
load=
tap=

end() {
    status=$?
    trap - EXIT INT TERM
    [ -z "$load" ] || kill "$load" 2>/dev/null || true
    [ -z "$tap" ] || ip link delete "$tap" 2>/dev/null || true
    if [ -n "$stack" ]; then
        kill "$stack" 2>/dev/null || true
        wait "$stack" 2>/dev/null || true
    fi
    [ -z "$receiver" ] || kill "$receiver" 2>/dev/null || true
    rm -rf "$folder"
    exit "$status"
}
trap end EXIT
trap 'exit 130' INT TERM

port() { echo $((base + $1)); }
webhook=http://127.0.0.1:$(port 5)
prometheus=http://127.0.0.1:$(port 2)
scenario=http://127.0.0.1:$(port 7)/api/v1/scenario

# The files under test: what waits is cut to seconds, what decides stays.
mkdir "$folder/rules"
for file in "$repository"/prometheus/rules/*.yml; do
    sed -E 's/^( +(for|keep_firing_for|interval): )[0-9a-z]+$/\12s/' "$file" > "$folder/rules/$(basename "$file")"
done
# What is only to be looked at is told here too. Of mail there is none.
sed -E -e '/^ *# mail: begin$/,/^ *# mail: end$/d' -e 's/(group_wait|group_interval): .*/\1: 1s/' -e "s/^( +- receiver: )'null'\$/\1webhook/" \
    -e "s#http://127.0.0.1:9099#$webhook#" "$repository/alertmanager/alertmanager.yml" > "$folder/alertmanager.yml"

"$martlet" simulate webhook --listen "127.0.0.1:$(port 5)" > "$folder/webhook.log" 2>&1 &
receiver=$!
if [ "$simulate" = yes ]; then estate="--simulate.nodes 3 --simulate.guests 24"; else estate="--simulate.nodes 1 --simulate.guests 1"; fi
: > "$folder/log"
# Settings of its own, and none that lie about where it is called.
: > "$folder/martlet.yml"
# shellcheck disable=SC2086 # a list of words
"$martlet" up --config.file "$folder/martlet.yml" --simulate $estate --state-dir "$folder/state" --prometheus.rules-dir "$folder/rules" --prometheus.scrape-interval 2s \
    --alertmanager.config-file "$folder/alertmanager.yml" --web.listen-address "127.0.0.1:$(port 0)" \
    --discovery.listen-address "127.0.0.1:$(port 1)" --prometheus.listen-address "127.0.0.1:$(port 2)" \
    --alertmanager.listen-address "127.0.0.1:$(port 3)" --node-exporter.listen-address "127.0.0.1:$(port 4)" \
    --simulate.proxmox-address "127.0.0.1:$(port 6)" \
    --simulate.scenario-address "127.0.0.1:$(port 7)" --simulate.hosts-address "127.0.0.2:$(port 8)" --simulate.windows-port "$(port 9)" --simulate.gpus 0 --simulate.domains 0 \
    >> "$folder/log" 2>&1 &
stack=$!
waited=0
until grep -q 'Everything is ready' "$folder/log"; do
    if ! kill -0 "$stack" 2>/dev/null || [ "$waited" -ge 90 ]; then
        say "the stack did not come up:" >&2
        cat "$folder/log" >&2
        exit 1
    fi
    sleep 1
    waited=$((waited + 1))
done

# arrived ALERT LABELS: whether the webhook was told of the alert, with this text among its labels.
arrived() {
    curl -s --max-time 10 "$webhook/api/v1/notifications" | grep -o '"status":"firing","labels":{[^}]*}' | grep -F "\"alertname\":\"$1\"" | grep -qF "$2"
}

# value EXPRESSION: the first value that Prometheus has for it now, or nothing.
value() {
    curl -s --max-time 10 -G "$prometheus/api/v1/query" --data-urlencode "query=$1" | sed -n 's/.*"value":\[[^,]*,"\([^"]*\)"\].*/\1/p'
}

# expect WORD ALERT LABELS EXPRESSION: waits for the alert at the webhook, and says how far it came if it does not arrive.
failed=0
untried=0
expect() {
    begun=$(date +%s)
    while :; do
        took=$(($(date +%s) - begun))
        if arrived "$2" "$3"; then
            say "pass: $1: the webhook was told of $2 after $took s ($4 is $(value "$4"))"
            return 0
        fi
        if [ "$took" -ge "$seconds" ]; then
            say "FAIL: $1: nobody was told of $2 within $seconds s ($4 is $(value "$4"))"
            failed=$((failed + 1))
            return 0
        fi
        sleep 1
    done
}

cannot() {
    say "not tried: $1: $2"
    untried=$((untried + 1))
}

end_load() {
    [ -z "$load" ] || kill "$load" 2>/dev/null || true
    [ -z "$load" ] || wait "$load" 2>/dev/null || true
    load=
}

node=$(hostname -s)
here="\"node\":\"$node\""

try_cpu() {
    stress-ng --quiet --cpu 0 --timeout "${seconds}s" &
    load=$!
    expect cpu HostCpuSaturation "$here" "node:cpu_utilization:avg5m{node=\"$node\"}"
    end_load
}

try_memory() {
    total=$(awk '/^MemTotal:/ {print $2}' /proc/meminfo)
    available=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
    # 93 % in use is above the threshold of 90 % and below the one of 97 %, where programs begin to be killed.
    take=$((available - total * 7 / 100))
    if [ "$take" -le 0 ]; then
        cannot memory "more than 93 % of it are in use as it is"
        return
    fi
    # Should memory end all the same, the load is the first that the kernel takes.
    stress-ng --quiet --oomable --vm 1 --vm-bytes "${take}K" --vm-keep --vm-populate --timeout "${seconds}s" &
    load=$!
    expect memory HostMemoryHigh "$here" "node:memory_utilization:ratio{node=\"$node\"}"
    end_load
}

try_disk() {
    mkdir -p "$folder/disk"
    if ! fio --name=probe --directory="$folder/disk" --size=64M --rw=write --bs=1M --direct=1 >/dev/null 2>&1; then
        cannot disk "fio cannot write past the cache in ${TMPDIR:-/var/tmp}"
        return
    fi
    # A thousand blocks of 4 MiB in the queue: a disk that does 8 GB in a second takes half a second for each, in as many pieces as its queue holds.
    fio --name=load --directory="$folder/disk" --size=256M --numjobs=8 --rw=randrw --bs=4M --direct=1 --ioengine=libaio --iodepth=128 \
        --time_based --runtime="$seconds" --group_reporting >/dev/null 2>&1 &
    load=$!
    expect disk DiskLatencyHigh "$here" "max(node_device:disk_latency:avg5m{node=\"$node\"})"
    end_load
}

try_network() {
    if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null || ! command -v python3 >/dev/null; then
        cannot network "a network card that drops packets takes root, ip and python3"
        return
    fi
    # A card that receives what no program on the machine wants drops it. Its name begins as those of real cards do, so the rules count it.
    tap=enmartlet0
    if ! ip tuntap add dev $tap mode tap 2>/dev/null; then
        tap=
        cannot network "a TAP device cannot be made here"
        return
    fi
    ip link set $tap up
    # TUNSETIFF with IFF_TAP and IFF_NO_PI, then frames to everybody of a type that is set aside for experiments.
    python3 -c 'import fcntl, struct, sys, time
card = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(card, 0x400454CA, struct.pack("16sH", sys.argv[1].encode(), 0x1002))
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    card.write(b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x02" + b"\x88\xb5" + bytes(46))
    time.sleep(0.01)' "$tap" "$seconds" &
    load=$!
    expect network NetworkPacketDrops "\"device\":\"$tap\"" "max(node_device:network_drops:rate5m{node=\"$node\"})"
    end_load
    ip link delete $tap
    tap=
}

# simulated WORD SCENARIO ALERT EXPRESSION
simulated() {
    if [ "$(curl -s -o "$folder/answer" -w '%{http_code}' --max-time 10 -X PUT -d "$2" "$scenario")" != 200 ]; then
        say "FAIL: $1: the simulation refused the scenario $2: $(cat "$folder/answer")"
        failed=$((failed + 1))
        return
    fi
    expect "$1" "$3" '"cluster":"lab"' "$4"
    curl -s -o /dev/null --max-time 10 -X PUT -d normal "$scenario"
}

for word in $wanted; do
    if [ "$simulate" = yes ]; then
        case $word in
        cpu) simulated cpu host-saturated HostCpuSaturation 'max(node:cpu_utilization:avg5m{cluster="lab"})' ;;
        memory) simulated memory memory-high HostMemoryCritical 'max(node:memory_utilization:ratio{cluster="lab"})' ;;
        disk) simulated disk disk-latency DiskLatencyHigh 'max(node_device:disk_latency:avg5m{cluster="lab"})' ;;
        network) simulated network packet-drops NetworkPacketDrops 'max(node_device:network_drops:rate5m{cluster="lab"})' ;;
        esac
    else
        "try_$word"
    fi
done

[ "$failed" = 0 ] || exit 1
[ "$untried" = 0 ] || exit 3
