#!/bin/sh
# The Debian package, in target/debian: the dist build with its manual pages and completions.
# Needs cargo-deb.
set -eu
cd "$(dirname "$0")/../.."
cargo build --locked --profile dist
namesys=target/dist/namesys
rm -rf target/package
mkdir -p target/package/man
"$namesys" man target/package/man >/dev/null
"$namesys" completions bash >target/package/namesys.bash
"$namesys" completions zsh >target/package/_namesys
"$namesys" completions fish >target/package/namesys.fish
cargo deb --no-build --locked --profile dist
