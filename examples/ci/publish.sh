#!/bin/sh
# What a CI job runs in a checkout of a workspace: signs what changed in records.toml, publishes
# it, does nothing when nothing changed, and renews what expires soon. The two keys come from
# `namesys keygen --export` and are given as secrets, NAMESYS_SIGNER_KEY and NAMESYS_IPNS_KEY; the
# wallet stays at home.
#
# PUBLISH_TO  ipfs (the default), https (the [[sites]] of namesys.toml; it needs no IPNS key), or
#             both: "ipfs https"
# WARN_DAYS   an IPNS record that is valid for fewer days is renewed (30)
#
# NAMESYS_CREDENTIALS="HOST=VARIABLE …" says which host gets the upload's token, and
# NAMESYS_FOLDERS=/srv/www:… which folders outside the checkout namesys.toml may have written.
#
# published.toml says what was last seen published; commit it back, or what the job before published
# is unknown to the next (the jobs beside this do).
#
# A new subname needs the wallet's approval once: run `namesys approve --name NEW.nick.eth` where
# the wallet is and commit namesys.toml (or approve the signer on chain: `--approval on-chain`).
set -eu
# The checkout is the workspace, whoever owns its files.
export NAMESYS_DIR="${NAMESYS_DIR:-$PWD}"
publish_to=${PUBLISH_TO:-ipfs}
warn_days=${WARN_DAYS:-30}

namesys diff
namesys sign
namesys verify
for to in $publish_to; do
    # With nothing changed it asks every target, and those that lack something get it.
    namesys publish --to "$to"
done
case " $publish_to " in
*" ipfs "*)
    # Exit 1 when what is served expires soon: the same value then, valid for another year.
    namesys status --warn-days "$warn_days" || namesys renew
    ;;
esac
# The job fails, and somebody is told, when anything is still not as it should be.
namesys status --warn-days "$warn_days"
