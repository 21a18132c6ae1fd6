//! What `rotate` prints or sends: the workspace's names are to use its new keys.

use std::cell::Cell;
use std::path::PathBuf;

use namesys::chain::Rpc;
use namesys::chain::setup::{Clear, Nonces, SetupRequest, SignerChange, plan};
use namesys::report::SetupNamesReport;
use namesys::wallet::Address;
use namesys::workspace::{ApprovalMode, Config};

use super::checks::Claims;
use super::course::{Brought, Course, report_of_all};
use super::pointer::PointerArgs;
use super::terms::Terms;
use crate::cli::context::Context;
use crate::cli::cost_args::CostArgs;
use crate::cli::error::CliError;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::session::Session;

/// How long a transaction is waited for, in seconds.
const WAIT: u64 = 300;

/// What another command sets up for all names of its workspace, with keys that it has derived.
pub struct SetUp {
    /// Whether it is sent, and not printed.
    pub send: bool,
    /// A file for a multisig.
    pub safe: Option<PathBuf>,
    /// Without asking.
    pub yes: bool,
    /// What it may cost.
    pub cost: CostArgs,
    /// The nodes.
    pub rpc: Rpc,
    /// Who sends.
    pub wallet: OpenWallet,
}

/// Whether `sender` may set up the names of `session`, whose keys are the new ones. Nothing is sent.
///
/// # Errors
/// Those of the chain; where it may not.
pub fn may_set_up(
    rpc: &Rpc,
    sender: Address,
    context: &Context,
    session: &Session,
) -> Result<(), CliError> {
    let config = &session.config;
    let pointer = PointerArgs::default().get(Some(session))?;
    context.block_on(async {
        rpc.check_chain_id(Some(config.chain_id)).await?;
        let view = rpc.at(rpc.latest().await?.value);
        for name in config.names() {
            let request = SetupRequest {
                name: name.clone(),
                sender: Some(sender),
                resolver: None,
                set_resolver: true,
                pointer: pointer.clone(),
                clear: Clear::default(),
                signers: on_chain(config),
                with: Vec::new(),
            };
            let standing = view.standing(&request).await?;
            plan(view.contracts(), &request, &standing)?;
        }
        Ok(())
    })
}

/// Sets up the names of `session`, as `setup` without more words would.
///
/// # Errors
/// Those before which nothing was sent.
pub fn set_up(
    of: SetUp,
    context: &Context,
    session: Session,
) -> Result<(SetupNamesReport, Option<CliError>), CliError> {
    let SetUp { send, safe, yes, cost, rpc, wallet } = of;
    let terms = Terms {
        resolver: None,
        set_resolver: true,
        clear: Clear::default(),
        chain_id: None,
        wait: WAIT,
        max_cost: cost.max_cost,
        yes,
        sends: send,
        safe,
        checks_tree: true,
        planned: None,
    };
    let names = session.config.names().to_vec();
    let course = Course {
        terms: &terms,
        context,
        names: &names,
        pointer: PointerArgs::default().get(Some(&session))?,
        signers: on_chain(&session.config),
        session: Some(session),
        rpc,
        wallet: Some(wallet),
        claims: Claims::default(),
        nonces: Nonces::default(),
        spent: Cell::default(),
    };
    if !send {
        let all = course.prepare_all(&names)?;
        return Ok(report_of_all(Brought { ended: course.elsewhere(all)?, ..Brought::default() }));
    }
    let brought = course.bring_all(&names);
    match brought.error {
        Some(error) if brought.ended.is_empty() && brought.left.is_empty() => Err(error),
        error => Ok(report_of_all(Brought { error, ..brought })),
    }
}

/// The command that does the same later, with the workspace's keys.
pub fn goes_on(config: &Config) -> String {
    let mut words = "namesys setup".to_owned();
    for change in on_chain(config) {
        match change.approved {
            true => words.push_str(" --approve-signer"),
            false => words.push_str(&format!(" --revoke-signer {}", change.signer)),
        }
    }
    words
}

/// Where the signer is approved on chain: the one that is used now, and no former one.
fn on_chain(config: &Config) -> Vec<SignerChange> {
    if config.approval_mode() != Some(ApprovalMode::OnChain) {
        return Vec::new();
    }
    let former = config.former().iter().filter_map(|keys| keys.signer);
    let former = former.filter(|signer| Some(*signer) != config.keys().signer);
    let now = config.keys().signer.map(|signer| SignerChange { signer, approved: true });
    now.into_iter().chain(former.map(|signer| SignerChange { signer, approved: false })).collect()
}
