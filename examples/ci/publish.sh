#!/bin/sh
# What a CI job runs in a checkout of a workspace: signs what changed in records.toml, publishes
# it, and does nothing when nothing changed. The two keys come from `namesys keygen --export` and
# are given as secrets, NAMESYS_SIGNER_KEY and NAMESYS_IPNS_KEY; the wallet stays at home.
#
# A new subname needs the wallet's approval once: run `namesys approve --name NEW.nick.eth` where
# the wallet is and commit namesys.toml (or approve the signer on chain: `--approval on-chain`).
set -eu

namesys diff
namesys sign
namesys verify
namesys publish
# Exit 1 when what is served expires within 30 days, or a publisher does not have it.
namesys status
