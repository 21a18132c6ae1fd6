//! The flags of `setup`.

use alloy_primitives::Address;
use namesys::chain::setup::Clear;

use super::pointer::PointerArgs;
use super::signers::SignersArgs;
use super::terms::Terms;
use crate::cli::cost_args::SendingArgs;
use crate::cli::deriver::DeriveArgs;
use crate::cli::keys_args::{IpnsKeyArgs, SignerKeyArgs};
use crate::cli::rpc_args::RpcArgs;
use crate::cli::wallet_args::address;

/// `setup …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name; default: the workspace's names
    pub name: Option<String>,
    #[command(flatten)]
    pub pointer: PointerArgs,
    /// Set it up for a subname that need not be registered: its labels, leftmost first
    #[arg(long, value_name = "LABELS", num_args = 1.., value_parser = label)]
    pub sub: Vec<String>,
    #[command(flatten)]
    pub signers: SignersArgs,
    /// The records resolver; default: the name's own where it is one, else the deployed one
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub resolver: Option<Address>,
    #[command(flatten)]
    pub sending: SendingArgs,
    /// The chain that is expected [default: the workspace's]
    #[arg(long, value_name = "N")]
    pub chain_id: Option<u64>,
    #[command(flatten)]
    pub ipns_key: IpnsKeyArgs,
    #[command(flatten)]
    pub signer_key: SignerKeyArgs,
    #[command(flatten)]
    pub derive: DeriveArgs,
    #[command(flatten)]
    pub rpc: RpcArgs,
}

impl Args {
    /// Whether something is only taken away.
    pub fn only_takes(&self) -> bool {
        let takes = self.signers.revoke() || self.pointer.clear() != Clear::default();
        takes && !self.signers.approve() && !self.pointer.is_given()
    }

    /// How names are set up.
    pub fn terms(&self) -> Terms {
        Terms {
            resolver: self.resolver,
            set_resolver: !self.only_takes(),
            clear: self.pointer.clear(),
            chain_id: self.chain_id,
            wait: self.sending.wait,
            max_cost: self.sending.cost.max_cost,
            yes: self.sending.yes,
            sends: self.sending.sends(),
            safe: self.sending.safe.clone(),
            checks_tree: true,
            planned: None,
        }
    }

    /// Whether the workspace's IPNS name is set.
    pub fn sets_own_name(&self) -> bool {
        self.pointer.is_workspaces() && !self.only_takes()
    }
}

/// A dot may mean the name itself, which would then be set up below itself.
fn label(text: &str) -> Result<String, String> {
    match text.contains('.') {
        true => Err("a label has no dot; give labels apart, and NAME before --sub".to_owned()),
        false => Ok(text.to_owned()),
    }
}
