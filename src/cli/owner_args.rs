//! Whose word is taken for who owns a name: the user's, the chain's, or the recorded one.

use clap::Args;
use namesys::chain::{Rpc, Walk};
use namesys::ens::Name;
use namesys::net::Http;
use namesys::wallet::Address;
use namesys::workspace::{Config, Facts};

use super::context::Context;
use super::error::CliError;
use super::rpc_args::{RpcArgs, how_to_give};
use super::wallet_args::address;

/// The flags of an owner.
#[derive(Debug, Args)]
pub struct OwnerArgs {
    /// Who owns the name, in place of the chain's word
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub owner: Option<Address>,
    #[command(flatten)]
    pub rpc: RpcArgs,
}

/// What the chain says of a name.
pub struct ChainWord {
    /// The chain.
    pub chain_id: u64,
    /// Who owns it; zero where nobody does.
    pub owner: Address,
    /// Of a records resolver: its address, and where it looks for records.
    pub walk: Option<(Address, Walk)>,
}

/// Asks the chain.
///
/// # Errors
/// When it cannot be asked, or is another chain.
pub async fn chain_word(
    rpc: &Rpc,
    chain_id: Option<u64>,
    name: &Name,
) -> Result<ChainWord, CliError> {
    let chain_id = rpc.check_chain_id(chain_id).await?;
    let view = rpc.at(rpc.latest().await?.value);
    let facts = view.name_facts(name).await?.value;
    let owner = facts.owner();
    let Some(resolver) = facts.resolver.map(|resolver| resolver.address) else {
        return Ok(ChainWord { chain_id, owner, walk: None });
    };
    if !view.is_records_resolver(resolver).await?.value {
        return Ok(ChainWord { chain_id, owner, walk: None });
    }
    let walk = view.walk(resolver, name).await?.value;
    Ok(ChainWord { chain_id, owner: walk.owner, walk: Some((resolver, walk)) })
}

impl OwnerArgs {
    /// The facts of a workspace, with the owner that is given or that the chain knows.
    ///
    /// # Errors
    /// Exit 2 where no owner is known; those of the chain.
    pub fn facts(
        &self,
        context: &Context,
        config: &Config,
        http: &Http,
    ) -> Result<Facts, CliError> {
        let mut facts = Facts::of(config);
        if let Some(owner) = self.owner {
            facts.set_owner(owner);
            return Ok(facts);
        }
        let Some(rpc) = self.rpc.open(context, http)? else {
            if !facts.have_owner() {
                let message = "who owns the name is not known, so that nothing can be verified";
                return Err(CliError::usage(message)
                    .hint(format!("--owner ADDRESS; or {}", how_to_give(context))));
            }
            context.output.note(format_args!(
                "the owner is the one that namesys.toml records; the chain is not asked: {}",
                how_to_give(context)
            ));
            return Ok(facts);
        };
        let word = context.block_on(chain_word(&rpc, Some(config.chain_id), config.name()))?;
        if word.owner.is_zero() || facts.owner == Some(word.owner) {
            return Ok(facts);
        }
        if let Some(recorded) = facts.owner {
            context.output.warn(format_args!(
                "{} belongs to {}, by the chain, and namesys.toml records {recorded}: records are \
                 checked against the chain's word",
                config.name(),
                word.owner
            ));
        }
        facts.set_owner(word.owner);
        Ok(facts)
    }
}
