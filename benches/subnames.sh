#!/bin/sh
# Subnames from CSV to signed files, each with its own SIGN 3: `namesys import` and `namesys sign`
# beside npm ethers@5, which makes the same signatures and writes the same files. Both trees are
# compared byte for byte. Needs `cargo build --release`, Node and npm.
#
#     benches/subnames.sh [COUNT]         # 20,000; goal: 20 times as fast
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
count=${1:-20000}
work=$(mktemp -d "$memory/namesys-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

[ -d "$here/ethers/node_modules" ] || npm ci --prefix "$here/ethers" >/dev/null
rate() { echo "$1: $(($2 / 1000000)) ms, $((count * 1000000000 / $2)) subnames a second"; }

cd "$work"
rows
unset NAMESYS_DIR NAMESYS_SIGNER_KEY NAMESYS_IPNS_KEY ETH_PRIVATE_KEY
export NAMESYS_KEY_PASSWORD=benchmark
"$namesys" -q -C workspace init bench.eth >/dev/null
start=$(now)
"$namesys" -q -C workspace import records.csv
imported=$(now)
"$namesys" -q -C workspace sign --private-key-file wallet.key | tail -1
signed=$(now)
"$namesys" -q -C workspace keygen --private-key-file wallet.key --export keys >/dev/null

reference=$(now)
node "$here/ethers/sign.js" records.csv wallet.key keys/signer.key ethers
referenced=$(now)
diff -r workspace/.well-known ethers/.well-known
"$namesys" -q -C workspace verify

ours=$((signed - start))
theirs=$((referenced - reference))
echo "import: $(((imported - start) / 1000000)) ms, sign: $(((signed - imported) / 1000000)) ms"
rate namesys "$ours"
rate ethers@5 "$theirs"
awk -v a="$theirs" -v b="$ours" 'BEGIN { printf "ratio: %.1f\n", a / b }'
