//! Peers: the programs other people made for the same formats, run against
//! ours. The official w3name client (npm, in Node), boxo, the library Kubo is
//! made of (in a small Go program), the IPFS project's stand-in for pinning
//! services (npm), a bucket that checks signatures (Go) and actionlint are fetched pinned
//! and built under `target/`. Without Go or Node their trials are ignored and
//! say so; with `CI=true` they fail instead. A real Kubo is used where there is
//! one, `ipfs` in PATH or what `KUBO` names; without it its trials are ignored. So is an IPFS
//! Cluster, `ipfs-cluster-service` or what `CLUSTER` names, which needs a Kubo, the suite for
//! gateways that `GATEWAY_CONFORMANCE` names, and Speculos with the app Ethereum that `SPECULOS`
//! names.

#![allow(clippy::unwrap_used)]

mod cluster;
mod entry;
mod kubo;
mod peer;
mod runtime;
#[path = "../support/mod.rs"]
mod support;
mod trials {
    pub mod cluster;
    pub mod conformance;
    pub mod database;
    pub mod gateway;
    pub mod invoice;
    pub mod keys;
    pub mod kubo;
    pub mod ledger;
    pub mod nostr;
    pub mod publish;
    pub mod read_only;
    pub mod revision;
    pub mod roots;
    pub mod routing;
    pub mod rules;
    pub mod sites;
    pub mod uploads;
    pub mod validate;
    pub mod workflows;
}

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use runtime::Runtime;

type Run = fn() -> anyhow::Result<()>;

const GO: &[Runtime] = &[Runtime::Go];
const NODE: &[Runtime] = &[Runtime::Node];
const KUBO: &[Runtime] = &[Runtime::Kubo];
const CLUSTER: &[Runtime] = &[Runtime::Cluster, Runtime::Kubo];
const CONFORMANCE: &[Runtime] = &[Runtime::Conformance];
const SPECULOS: &[Runtime] = &[Runtime::Speculos];
const POSTGRES: &[Runtime] = &[Runtime::Postgres];
const BOTH: &[Runtime] = &[Runtime::Go, Runtime::Node];

const TRIALS: &[(&str, &[Runtime], Run)] = &[
    ("w3name::publishes_what_ipns_get_verifies", NODE, trials::publish::client_to_us),
    ("w3name::resolves_what_ipns_put_wrote", NODE, trials::publish::put_to_client),
    ("w3name::resolves_what_publish_wrote", NODE, trials::publish::publish_to_client),
    ("w3name::devnet_replaces_by_the_rules", NODE, trials::rules::replacement),
    ("w3name::devnet_refuses_what_is_invalid", NODE, trials::rules::invalid),
    ("w3name::reads_our_revisions", NODE, trials::revision::ours_to_client),
    ("w3name::revisions_increment_here", NODE, trials::revision::client_to_us),
    ("w3name::loads_our_keys", NODE, trials::keys::ours_to_client),
    ("w3name::keys_load_here", NODE, trials::keys::client_to_us),
    ("nostr::reads_our_keys_and_names", NODE, trials::nostr::keys),
    ("cryptico::makes_our_keys_and_reads_our_invoices", NODE, trials::invoice::both_ways),
    ("boxo::validates_as_we_do", GO, trials::validate::same_verdicts),
    ("boxo::serves_our_tree", GO, trials::gateway::resolve_verified),
    ("boxo::serves_a_tampered_tree", GO, trials::gateway::resolve_tampered),
    ("boxo::routes_our_records", GO, trials::routing::put_and_get),
    ("boxo::packs_to_the_same_roots", GO, trials::roots::same_roots),
    ("workflows::are_as_github_reads_them", GO, trials::workflows::are_valid),
    ("boxo::signs_with_other_keys", GO, trials::read_only::other_keys),
    ("boxo::makes_every_fan_out", GO, trials::read_only::fan_outs),
    ("pinning::pins_what_publish_asks_for", NODE, trials::uploads::pinning_service),
    ("pinning::lets_doctor_in_or_says_why_not", NODE, trials::uploads::doctor_pinning),
    ("s3::lets_doctor_in_or_says_why_not", GO, trials::uploads::doctor_bucket),
    ("s3::unpacks_what_publish_sends", GO, trials::uploads::bucket),
    ("s3::serves_what_publish_writes", GO, trials::sites::bucket),
    ("s3::two_publish_at_once", GO, trials::sites::two_at_once),
    ("postgres::does_what_sqlite_does", POSTGRES, trials::database::suite),
    ("boxo::accepts_w3name_through_us", BOTH, trials::routing::client_to_boxo),
    ("kubo::takes_what_publish_sends", KUBO, trials::kubo::publish_and_resolve),
    ("kubo::is_kept_up", KUBO, trials::kubo::upkeep),
    ("kubo::wants_a_token", KUBO, trials::kubo::token_and_api_file),
    ("kubo::puts_and_gets_our_records", KUBO, trials::kubo::records_by_rpc),
    ("kubo::routes_our_records", KUBO, trials::kubo::records_by_routing),
    ("kubo::without_network", KUBO, trials::kubo::offline),
    ("kubo::inspects_our_records", KUBO, trials::kubo::inspects_changed_records),
    ("kubo::adds_to_the_same_roots", KUBO, trials::kubo::same_roots),
    ("kubo::exchanges_keys", KUBO, trials::kubo::keys),
    ("speculos::signs_as_a_mnemonic", SPECULOS, trials::ledger::keys),
    ("conformance::presets", CONFORMANCE, trials::conformance::presets),
    ("cluster::adds_what_publish_sends", CLUSTER, trials::cluster::rest_api),
    ("cluster::pins_what_another_node_has", CLUSTER, trials::cluster::pinning_service),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = TRIALS.iter().map(|(name, needs, run)| trial(name, needs, *run)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, needs: &'static [Runtime], run: Run) -> Trial {
    Trial::ignorable_test(name, move || {
        let missing = needs.iter().find_map(|runtime| Some((runtime, runtime.missing()?)));
        if let Some((runtime, missing)) = missing {
            return if let Some(reason) = runtime.required() {
                Err(Failed::from(format!("{missing}, and {reason}")))
            } else {
                Ok(Completion::ignored_with(missing))
            };
        }
        run().map(|()| Completion::Completed).map_err(|error| Failed::from(format!("{error:#}")))
    })
}
