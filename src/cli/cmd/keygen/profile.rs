//! `keygen NAME --profile …`: the keys of another write profile, by one request.

use alloy_primitives::Address;
use namesys::keys::{Compat, Derivation, IpnsKey, Storage};
use namesys::report::{IpnsKeyReport, KeygenReport, RequestsReport, SignerReport};
use namesys::request::Caip10;
use namesys::wallet::sign_twice;
use namesys::write::{Profile, WriteKeys};

use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::CliError;
use crate::cli::output::Outcome;
use crate::cli::suggest::profiles;
use crate::cli::wallet_args::address;

/// Whose keys.
#[derive(Debug, clap::Args)]
pub struct ProfileArgs {
    /// Keys of ensip19, eip5559 or erc7700, by a request of their own: shown, and not recorded
    #[arg(long, value_name = "PROFILE", value_parser = profiles(), conflicts_with = "export",
          hide_possible_values = true)]
    profile: Option<Profile>,
    /// With --profile, the resolver whose address stands in the text
    #[arg(long, value_name = "ADDRESS", requires = "profile", value_parser = address)]
    resolver: Option<Address>,
}

impl ProfileArgs {
    /// The profile, where it has others than SIGN 1 and 2 give.
    pub fn other_keys(&self) -> Option<(Profile, Option<Address>)> {
        let profile = self.profile.filter(|profile| *profile != Profile::EnsipY)?;
        Some((profile, self.resolver))
    }
}

/// Shows the text, or derives; nothing is recorded, for a workspace has keys of SIGN 1 and 2.
pub fn run(
    (profile, resolver): (Profile, Option<Address>),
    requests: bool,
    keys_for: KeysFor,
    derive: &DeriveArgs,
    context: &Context,
) -> Result<Outcome, CliError> {
    let contract = resolver.ok_or_else(|| {
        CliError::usage(format!("for which resolver? Its address stands in the text of {profile}"))
            .hint("give it: --resolver ADDRESS")
    })?;
    let wallet = derive.wallet.open(context)?;
    let wallet_id = Caip10::new(keys_for.chain_id, wallet.as_wallet().address());
    let for_wallet = keys_for.storage == Storage::Wallet;
    let name = keys_for.name;
    let keys = WriteKeys { profile, name, for_wallet, wallet: wallet_id, contract };
    let password = derive.password.get(context, true)?;
    let spice = keys.stretch(&password)?;
    let request = keys.request(&spice)?;
    if requests {
        return Ok(Outcome::done(RequestsReport { requests: vec![request.into()] }));
    }
    let signature =
        context.block_on(async { Ok(sign_twice(wallet.as_wallet(), &request).await?) })?;
    let pair = keys.derive(signature.expose(), &password, &spice)?;
    if profile == Profile::Erc7700 {
        context.output.note("erc7700 uses the signer alone");
    }
    Ok(Outcome::done(KeygenReport {
        name: keys.name.to_string(),
        storage: keys_for.storage.to_string(),
        signer_storage: keys_for.storage.to_string(),
        origin: keys.origin().to_string(),
        chain_id: keys_for.chain_id,
        wallet: wallet_id.address.to_string(),
        derivation: Derivation::default().to_string(),
        compat: Compat::default().to_string(),
        ipns: IpnsKeyReport::from(&IpnsKey::from_seed(&pair.ipns_seed).name()),
        signer: SignerReport { address: pair.signer.address().to_string() },
        deterministic: wallet.compares(&request),
        contract: None,
        exported: Vec::new(),
    }))
}
