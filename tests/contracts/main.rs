//! The devnet's chain: our contracts on a real anvil, records signed and published by the
//! library, lookups driven by hand and by alloy. anvil is found by `ANVIL`, in PATH, or fetched
//! by npm into `target/`. Without it the trials are ignored and say so; with `CI=true` they fail
//! instead.

#![allow(clippy::unwrap_used)]

mod browser;
mod cli;
mod needs;
mod node;
mod peers;
mod people;
mod place;
#[allow(dead_code)] // Other tests use the rest of it.
#[path = "../support/process.rs"]
mod process;
mod proxy;
#[allow(dead_code)] // Other tests use the rest of it.
#[path = "../support/reports.rs"]
mod reports;
mod world;
mod trials {
    pub mod alike;
    pub mod batch;
    pub mod browser;
    pub mod browser_odd;
    pub mod browser_tabs;
    pub mod build;
    pub mod clients;
    pub mod clones;
    pub mod contract_wallets;
    pub mod database;
    pub mod dev3;
    pub mod dialects;
    pub mod flat;
    pub mod foreign;
    pub mod forms;
    pub mod gateways;
    pub mod hostile;
    pub mod invoice;
    pub mod levels;
    pub mod lookups;
    pub mod names;
    pub mod nodes;
    pub mod plain;
    pub mod plan;
    pub mod refused;
    pub mod resolve;
    pub mod rotate;
    pub mod setters;
    pub mod setup;
    pub mod setup_owners;
    pub mod setup_partial;
    pub mod setup_refused;
    pub mod setup_takes;
    pub mod setup_unsure;
    pub mod signers;
    pub mod stale;
    pub mod stealth;
    pub mod universal;
    pub mod unsteady;
    pub mod values;
    pub mod web;
    pub mod whole_way;
    pub mod write;
    pub mod write_ipns;
    pub mod write_partial;
}

use std::future::Future;
use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use needs::Need;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let on_chain = |name: &str, run: fn() -> Result<()>| trial(name, Need::Anvil, run);
    let with_npm = |name: &str, run: fn() -> Result<()>| trial(name, Need::AnvilAndNpm, run);
    let in_browser = |name: &str, run: fn() -> Result<()>| trial(name, Need::Chromium, run);
    let trials = vec![
        trial("browser::the_whole_way", Need::ChromiumAndAnvil, || on(trials::browser::way())),
        trial(
            "browser::apply_in_one_page",
            Need::ChromiumAndAnvil,
            || on(trials::browser::apply()),
        ),
        trial("browser::a_wallet_that_stays_on_its_chain", Need::ChromiumAndAnvil, || {
            on(trials::browser::wrong_chain())
        }),
        trial("browser::a_transaction_takes_no_others_place", Need::ChromiumAndAnvil, || {
            on(trials::browser::overtaken())
        }),
        trial("stealth::by_browser", Need::ChromiumAndAnvil, || on(trials::stealth::by_browser())),
        in_browser("browser::says_no_and_fails", || on(trials::browser_odd::declined())),
        in_browser("browser::answers_that_are_none", || on(trials::browser_odd::liars())),
        in_browser("browser::two_wallets_and_another_account", || {
            on(trials::browser_odd::accounts())
        }),
        in_browser("browser::a_wallet_that_is_locked", || on(trials::browser_odd::locked())),
        in_browser("browser::no_wallet_there", || on(trials::browser_odd::nothing())),
        in_browser("browser::reload_second_tab_and_closed", || on(trials::browser_tabs::tabs())),
        in_browser("browser::ctrl_c_and_no_time", || on(trials::browser_tabs::ends())),
        trial("build::artifacts_match_the_sources", Need::Npm, trials::build::artifacts),
        on_chain("write::every_database_form", || on(trials::write::databases())),
        on_chain("write::batches", || on(trials::write::batches())),
        on_chain("write::own_gateway", || on(trials::write::own_gateway())),
        on_chain("write::refused", || on(trials::write::refused())),
        on_chain("write::ipns_handlers", || on(trials::write_ipns::handlers())),
        on_chain("write::ipns_outside", || on(trials::write_ipns::outside())),
        on_chain("write::ipns_outside_first", || on(trials::write_ipns::outside_first())),
        on_chain("write::within_resolve", || on(trials::write_partial::within_resolve())),
        on_chain("write::ipns_version", || on(trials::write_ipns::version())),
        on_chain("write::some_messages_taken", || on(trials::write_partial::of_messages())),
        on_chain("write::some_setters_taken", || on(trials::write_partial::of_setters())),
        on_chain("write::loud_gateways", || on(trials::write_partial::loud())),
        on_chain("write::nodes_of_two_chains", || on(trials::write_partial::nodes())),
        on_chain("write::other_chain", || on(trials::write::other_chain())),
        on_chain("write::on_chain", || on(trials::write::on_chain())),
        on_chain("invoice::asked_and_paid", || on(trials::invoice::paid())),
        on_chain("signers::owner_signs_every_record_type", || on(trials::signers::owner())),
        on_chain("signers::derived_signer_with_sign3", || on(trials::signers::derived())),
        on_chain("signers::manager_on_chain_signs_sign3", || on(trials::signers::manager())),
        on_chain("signers::signer_approved_on_chain", || on(trials::signers::on_chain())),
        on_chain("signers::signatures_of_64_65_and_96_bytes", || on(trials::signers::lengths())),
        on_chain("levels::subname_own_recordhash", || on(trials::levels::own())),
        on_chain("levels::subname_under_the_parent", || on(trials::levels::parents())),
        on_chain("levels::ownerhash", || on(trials::levels::ownerhash())),
        on_chain("levels::wrapped_name", || on(trials::levels::wrapped())),
        on_chain("levels::https_recordhash", || on(trials::levels::https())),
        on_chain("levels::redirects", || on(trials::levels::redirects())),
        on_chain("gateways::urls_are_the_clients_own", || on(trials::gateways::urls())),
        on_chain("gateways::at_most_three_of_the_block", || on(trials::gateways::many())),
        on_chain("refused::what_was_not_signed", || on(trials::refused::signatures())),
        on_chain("refused::who_may_not_sign", || on(trials::refused::approvals())),
        on_chain("refused::what_was_not_asked", || on(trials::refused::requests())),
        on_chain("setters::owners_and_managers_only", || on(trials::setters::authority())),
        on_chain("setters::forms_fees_and_chain_id", || on(trials::setters::forms())),
        on_chain("plain::every_record_type", || on(trials::plain::records())),
        on_chain("clients::alloy_through_the_universal_resolver", || on(trials::clients::alloy())),
        on_chain("clients::multicall_and_errors", || on(trials::clients::batch())),
        on_chain("resolve::owner_signs_everything", || on(trials::resolve::owner())),
        on_chain("resolve::whoever_may_sign", || on(trials::resolve::signers())),
        on_chain("resolve::wherever_records_are", || on(trials::resolve::levels())),
        on_chain("resolve::signed_redirects", || on(trials::resolve::redirects())),
        on_chain("resolve::records_on_chain_and_reverse", || on(trials::resolve::plain())),
        on_chain("resolve::the_flat_layout", || on(trials::flat::flat())),
        on_chain("resolve::attacks_end_with_3", || on(trials::resolve::attacks())),
        on_chain("setup::an_unwrapped_name", || on(trials::setup::unwrapped())),
        on_chain("setup::a_wrapped_name", || on(trials::setup::wrapped())),
        on_chain("setup::wallet_storage_with_a_fee", || on(trials::setup::ownerhash())),
        on_chain("setup::https_and_subnames", || on(trials::setup::forms())),
        on_chain("setup::signer_approved_on_chain", || on(trials::setup::approval())),
        on_chain("clones::of_a_wallet", || on(trials::clones::of_a_wallet())),
        on_chain("clones::of_a_signer_approved_on_chain", || {
            on(trials::clones::of_a_signer_approved_on_chain())
        }),
        on_chain("plan::signed_published_and_set_up", || on(trials::plan::whole())),
        on_chain("plan::a_key_from_stdin", || on(trials::plan::from_stdin())),
        on_chain("plan::what_was_not_planned", || on(trials::plan::refused())),
        on_chain("names::several_of_one_wallet", || on(trials::names::several())),
        on_chain("names::what_is_on_chain_is_replaced", || on(trials::names::replaced())),
        on_chain("setup::for_a_multisig", || on(trials::setup::multisig())),
        on_chain("setup_refused::strangers_and_new_owners", || on(trials::setup_refused::owners())),
        on_chain("setup_refused::keys_that_a_stranger_wrote", || {
            on(trials::setup_refused::claims())
        }),
        on_chain("setup_refused::other_keys", || on(trials::setup_refused::keys())),
        on_chain("setup_refused::without_a_yes", || on(trials::setup_refused::unasked())),
        on_chain("setup_refused::by_the_contract", || on(trials::setup_refused::contract())),
        on_chain("setup_refused::nodes_that_differ", || on(trials::setup_refused::nodes())),
        #[cfg(target_os = "linux")]
        on_chain("setup_refused::by_whoever_is_asked", || on(trials::setup_refused::asked())),
        on_chain("setup_refused::a_node_that_lies_about_costs", || {
            on(trials::setup_refused::dear())
        }),
        on_chain("rotate::another_password", || on(trials::rotate::password())),
        on_chain("rotate::another_wallet", || on(trials::rotate::wallet())),
        on_chain("rotate::a_signer_on_chain", || on(trials::rotate::signer_on_chain())),
        on_chain("setup_takes::hashes_are_emptied", || on(trials::setup_takes::cleared())),
        on_chain("setup_takes::a_signer_is_revoked", || on(trials::setup_takes::revoked())),
        on_chain("setup_takes::names_after_one_that_failed", || {
            on(trials::setup_takes::not_begun())
        }),
        on_chain("setup_takes::what_is_hidden", || on(trials::setup_takes::hidden())),
        on_chain("setup_takes::storages_and_keys", || on(trials::setup_takes::storages())),
        on_chain("setup_takes::several_at_once", || on(trials::setup_takes::several())),
        on_chain("setup_partial::one_that_reverts", || on(trials::setup_partial::reverted())),
        on_chain("setup_partial::one_that_is_dropped", || on(trials::setup_partial::dropped())),
        on_chain("setup_partial::an_answer_that_is_lost", || on(trials::setup_partial::lost())),
        on_chain(
            "setup_partial::ctrl_c_while_waiting",
            || on(trials::setup_partial::interrupted()),
        ),
        with_npm("setup_owners::a_contract", || on(trials::setup_owners::contract())),
        on_chain("setup_partial::ctrl_c_while_sending", || {
            on(trials::setup_partial::interrupted_while_sending())
        }),
        on_chain("setup_partial::not_read_back", || on(trials::setup_partial::not_read_back())),
        on_chain("setup_owners::a_burned_fuse", || on(trials::setup_owners::fuse())),
        on_chain("setup_owners::a_registration_that_ended", || on(trials::setup_owners::ended())),
        on_chain("setup_owners::other_wallets", || on(trials::setup_owners::wallets())),
        on_chain("nodes::busy", || on(trials::nodes::busy())),
        on_chain("nodes::the_next_one", || on(trials::nodes::next())),
        on_chain("nodes::of_another_chain", || on(trials::nodes::chains())),
        on_chain("nodes::each_answer_has_its_witness", || on(trials::nodes::witnesses())),
        on_chain("nodes::keys_are_kept_before_names_are_asked_for", || {
            on(trials::nodes::keys_first())
        }),
        on_chain("nodes::that_lag", || on(trials::nodes::lagging())),
        on_chain("nodes::what_is_not_said", || on(trials::nodes::secrets())),
        on_chain("whole_way::doctor_good_and_bad", || on(trials::whole_way::doctor())),
        on_chain("whole_way::status_and_the_chain", || on(trials::whole_way::status())),
        on_chain("whole_way::status_and_what_changed", || on(trials::whole_way::drift())),
        on_chain("whole_way::demo_on_a_chain", || on(trials::whole_way::demo())),
        on_chain("whole_way::devnet_with_a_chain", || on(trials::whole_way::devnet())),
        on_chain("resolve::a_resolver_of_another_chain_id", || on(trials::resolve::elsewhere())),
        on_chain("resolve::many_names", || on(trials::resolve::many())),
        with_npm("foreign::ethers", || on(trials::foreign::ethers())),
        with_npm("write::read_by_viem", || on(trials::write::read_by_viem())),
        with_npm("foreign::viem", || on(trials::foreign::viem())),
        with_npm("foreign::registry_and_public_resolver", || on(trials::foreign::contracts())),
        with_npm("stealth::the_reference_library", || on(trials::stealth::peer())),
        on_chain("stealth::ether_and_tokens", || on(trials::stealth::paid())),
        on_chain("stealth::the_same_again", || on(trials::stealth::gone_on_with())),
        on_chain("stealth::numbered", || on(trials::stealth::numbered())),
        on_chain("stealth::odd_tokens", || on(trials::stealth::odd_tokens())),
        on_chain("stealth::announcements_read", || on(trials::stealth::scanned())),
        on_chain("stealth::what_is_there_moved", || on(trials::stealth::swept())),
        on_chain("stealth::registered", || on(trials::stealth::registered())),
        on_chain("stale::a_former_owner", || on(trials::stale::former_owner())),
        on_chain("stale::an_older_record", || on(trials::stale::older_record())),
        on_chain("stale::an_older_ipns_record", || on(trials::stale::older_ipns_record())),
        on_chain("stale::an_expired_ipns_record", || on(trials::stale::expired())),
        on_chain("batch::answered_locally", || on(trials::batch::local())),
        on_chain("batch::behind_a_redirect", || on(trials::batch::redirected())),
        on_chain("contract_wallets::refused", || on(trials::contract_wallets::refused())),
        on_chain("contract_wallets::that_delegate", || on(trials::contract_wallets::delegated())),
        on_chain("contract_wallets::not_checked", || on(trials::contract_wallets::not_checked())),
        on_chain("dev3::good_records", || on(trials::dev3::good())),
        on_chain("dev3::bad_records", || on(trials::dev3::bad())),
        on_chain("dev3::core_names", || on(trials::dev3::core())),
        on_chain("forms::ipns_and_ipfs", || on(trials::forms::content())),
        on_chain("forms::ipld_and_none", || on(trials::forms::words())),
        on_chain("forms::nonsense", || on(trials::forms::nonsense())),
        on_chain("universal::a_name_that_moved", || on(trials::universal::moved())),
        on_chain("values::every_coin_and_codec", || on(trials::values::every())),
        on_chain("unsteady::another_fork_answers", || on(trials::unsteady::forks())),
        on_chain("unsteady::blocks_are_mined_meanwhile", || on(trials::unsteady::mines())),
        on_chain("unsteady::a_node_is_behind", || on(trials::unsteady::lags())),
        on_chain("unsteady::the_chain_goes_back", || on(trials::unsteady::reverts())),
        on_chain("dialects::of_reverts", || on(trials::dialects::reverts())),
        on_chain("dialects::resolvers_that_are_none", || on(trials::dialects::resolvers())),
        on_chain("dialects::what_is_not_set", || on(trials::dialects::unset())),
        on_chain("database::owners", || on(trials::database::owners())),
        on_chain("web::https_recordhash", || on(trials::web::https())),
        on_chain("web::publish_to_https", || on(trials::web::publish())),
        on_chain("hostile::private_gateways", || on(trials::hostile::private())),
        on_chain("hostile::private_addresses", || on(trials::hostile::private_addresses())),
        on_chain("hostile::gateways", || on(trials::hostile::gateways())),
        on_chain("hostile::nodes_and_their_secrets", || on(trials::hostile::nodes())),
        on_chain("hostile::nodes_must_agree", || on(trials::hostile::quorum())),
        on_chain("hostile::doctor_and_its_lookup", || on(trials::hostile::doctor())),
        on_chain("hostile::lookups_without_end", || on(trials::hostile::lookups())),
        on_chain("alike::mutated_payloads", || on(trials::alike::mutations())),
        on_chain("alike::by_every_way", || on(trials::alike::ways())),
        on_chain("lookups::many_gateways_and_none", || on(trials::lookups::many())),
        on_chain("lookups::what_gateways_say", || on(trials::lookups::messages())),
        on_chain("lookups::what_is_signed_by_nobody", || on(trials::lookups::unsigned())),
        on_chain("lookups::forms_of_answers", || on(trials::lookups::forms())),
        on_chain("setup_unsure::what_waits_to_be_mined", || on(trials::setup_unsure::pending())),
        on_chain("setup_unsure::one_node_has_not_heard_of_it", || {
            on(trials::setup_unsure::pending_at_one_node())
        }),
        on_chain(
            "setup_unsure::nodes_differ_on_a_receipt",
            || on(trials::setup_unsure::receipts()),
        ),
        on_chain("setup_unsure::a_block_is_lost_and_found", || {
            on(trials::setup_unsure::lost_block())
        }),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn on(trial: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(trial)
}

fn trial(name: &str, need: Need, run: fn() -> Result<()>) -> Trial {
    Trial::ignorable_test(name, move || {
        if let Some(missing) = need.missing() {
            return if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
                Err(Failed::from(format!("{missing}, and CI=true lets nothing be missing")))
            } else {
                Ok(Completion::ignored_with(missing))
            };
        }
        run().map(|()| Completion::Completed).map_err(|error| Failed::from(format!("{error:#}")))
    })
}
