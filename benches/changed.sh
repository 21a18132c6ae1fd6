#!/bin/sh
# A large workspace, from scratch and after one change: import, sign, verify, pack and publish, then
# `set` of one record, `sign` and `publish`, `status` and `plan`; on a memory file system, with the
# devnet. What is uploaded is what blocks.car of the devnet grows by. Of each command the time, the
# time of the processor (user and system, of all threads), and the most memory, as far as
# /proc/PID/status tells it every 20 ms. Needs `cargo build --release`.
#
#     benches/changed.sh [COUNT...]       # 10000 100000; goals for 100,000: sign and publish of one
#                                         # change 1.5 s and 64 KiB, status and plan 0.7 s
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -gt 0 ] || set -- 10000 100000

# Milliseconds of processor time that ended commands took, into `used`.
processor() {
    times > "$work/times"
    used=$(awk 'NR == 2 { split($1 "m" $2, t, /[ms]+/); printf "%d", ((t[1] + t[3]) * 60 + t[2] + t[4]) * 1000 }' "$work/times")
}

# The most memory of a process until it ends, in KiB, into `peak`; 0 where the system does not tell.
watch() {
    peak=0
    while kill -0 "$1" 2>/dev/null; do
        while read -r key value _; do
            case $key in VmHWM:) peak=$value;; State:) [ "$value" != Z ] || return 0;; esac
        done 2>/dev/null < "/proc/$1/status" || return 0
        sleep 0.02
    done
}

# Runs a command and tells how long it took, and what it used.
timed() {
    label=$1; shift
    processor; before_cpu=$used
    start=$(now)
    "$@" >"$work/out" 2>"$work/err" &
    watch $!
    wait $! || { code=$?; [ "$label" = status ] || { cat "$work/err"; exit $code; }; }
    end=$(now)
    processor
    echo "$count $label: $(((end - start) / 1000000)) ms, processor $((used - before_cpu)) ms, $((peak / 1024)) MiB"
}

for count; do
    work=$(mktemp -d "$memory/namesys-bench.XXXXXX")
    devnet=
    trap '[ -z "$devnet" ] || kill "$devnet"; rm -rf "$work"' EXIT INT TERM
    cd "$work"
    rows
    unset NAMESYS_DIR NAMESYS_SIGNER_KEY NAMESYS_IPNS_KEY ETH_PRIVATE_KEY ETH_RPC_URL XDG_CACHE_HOME
    export NAMESYS_KEY_PASSWORD=benchmark HOME="$work"
    "$namesys" --json devnet --listen 127.0.0.1:0 --dir devnet > devnet.json &
    devnet=$!
    while [ ! -s devnet.json ]; do sleep 0.1; done
    url=$(sed 's/.*"kubo":"\([^"]*\)".*/\1/' devnet.json)
    export NAMESYS_W3NAME_URL="$url" NAMESYS_KUBO_URL="$url" NAMESYS_GATEWAY_URL="$url" NAMESYS_ROUTING_URL="$url"
    key="--private-key-file wallet.key"
    "$namesys" -q -C workspace init bench.eth >/dev/null
    timed import "$namesys" -q -C workspace import records.csv
    timed sign "$namesys" -q -C workspace sign $key
    timed verify "$namesys" -q -C workspace verify
    timed 'verify again' "$namesys" -q -C workspace verify
    timed pack "$namesys" -q -C workspace pack
    timed publish "$namesys" -q -C workspace publish $key --publisher "kubo=$url" --upload "kubo=$url"
    for round in 1 2 3; do
        "$namesys" -q -C workspace set address 60 "$(printf '0x%040x' $((1000000 + round)))" --name sub000777 >/dev/null 2>&1
        before=$(wc -c < devnet/blocks.car)
        timed "sign of one change" "$namesys" -q -C workspace sign $key
        timed "publish of one change" "$namesys" -q -C workspace publish $key --publisher "kubo=$url" --upload "kubo=$url"
        echo "$count new blocks: $(($(wc -c < devnet/blocks.car) - before)) bytes"
    done
    timed status "$namesys" -q -C workspace status --publisher "kubo=$url"
    timed plan "$namesys" -q -C workspace plan --publisher "kubo=$url" --upload "kubo=$url"
    timed diff "$namesys" -q -C workspace diff
    timed verify "$namesys" -q -C workspace verify
    kill "$devnet"; devnet=
    rm -rf "$work"
done
