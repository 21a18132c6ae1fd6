#!/bin/sh
# Puts `namesys` into $PREFIX/bin, on a machine that has nothing of it:
#
# RELEASE_URL, RELEASE_SHA256   the archive of a release (namesys-TARGET.tar.gz, which
#                               .github/workflows/release.yml makes) and its SHA-256: no compiler
#                               is needed
# SOURCE                        or namesys's own repository: a checkout, or a URL that git clones;
#                               it is built with cargo, Rust 1.95 or newer
# SOURCE_REVISION               the tag or commit of a cloned SOURCE
# PREFIX                        /usr/local
set -eu
prefix=${PREFIX:-/usr/local}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

needs() {
    command -v "$1" >/dev/null || { echo "install.sh needs $1: $2" >&2; exit 2; }
}

if [ -n "${RELEASE_URL:-}" ]; then
    [ -n "${RELEASE_SHA256:-}" ] || { echo "RELEASE_URL is taken only with RELEASE_SHA256" >&2; exit 2; }
    needs curl "it fetches RELEASE_URL"
    curl --fail --silent --show-error --location --output "$work/namesys.tar.gz" "$RELEASE_URL"
    echo "$RELEASE_SHA256  $work/namesys.tar.gz" | sha256sum --check --quiet
    tar -xzf "$work/namesys.tar.gz" -C "$work" namesys
    mkdir -p "$prefix/bin"
    install -m 755 "$work/namesys" "$prefix/bin/namesys"
elif [ -n "${SOURCE:-}" ]; then
    needs cargo "install Rust, or set RELEASE_URL and RELEASE_SHA256"
    needs cc "install a C compiler (Debian: build-essential), or set RELEASE_URL and RELEASE_SHA256"
    source=$SOURCE
    if [ ! -d "$source" ]; then
        needs git "it clones SOURCE"
        git clone --quiet "$source" "$work/source"
        source=$work/source
        [ -z "${SOURCE_REVISION:-}" ] || git -C "$source" checkout --quiet "$SOURCE_REVISION"
    fi
    cargo install --locked --profile dist --path "$source" --root "$prefix"
else
    echo "set RELEASE_URL and RELEASE_SHA256, or SOURCE: install.sh says what they are" >&2
    exit 2
fi
"$prefix/bin/namesys" --version
