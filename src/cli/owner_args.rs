//! Whose word is taken for who owns a name: the user's, the chain's, or the recorded one.

use std::collections::BTreeSet;

use clap::Args;
use namesys::chain::{Rpc, Walk};
use namesys::ens::Name;
use namesys::net::Http;
use namesys::report::ErrorKind;
use namesys::wallet::Address;
use namesys::workspace::{Config, Facts};

use super::context::Context;
use super::error::{CliError, Exit};
use super::rpc_args::{RpcArgs, how_to_give};
use super::wallet_args::address;

/// The flags of an owner.
#[derive(Debug, Args)]
pub struct OwnerArgs {
    /// Who owns the name, in place of the chain's word
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub owner: Option<Address>,
    /// A signer that the owner approved on chain, in place of the chain's word; may be given more
    /// than once
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub approved_signer: Vec<Address>,
    #[command(flatten)]
    pub rpc: RpcArgs,
}

/// What a person should know of a tree that the web client made.
pub const CLIENT_CANNOT_GO_ON: &str = "the deployed web client published this; after a publication \
     from here it cannot go on by itself: its next one has a lower sequence and is refused";

/// What the chain says of a name.
pub struct ChainWord {
    /// The chain.
    pub chain_id: u64,
    /// The name.
    pub name: Name,
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
    let (owner, of) = (facts.owner(), name.clone());
    let Some(resolver) = facts.resolver.map(|resolver| resolver.address) else {
        return Ok(ChainWord { chain_id, name: of, owner, walk: None });
    };
    if !view.is_records_resolver(resolver).await?.value {
        return Ok(ChainWord { chain_id, name: of, owner, walk: None });
    }
    let walk = view.walk(resolver, name).await?.value;
    Ok(ChainWord { chain_id, name: of, owner: walk.owner, walk: Some((resolver, walk)) })
}

/// Who owns the names of a workspace, and who has to be asked for more.
pub struct Owners {
    /// What records are checked against.
    pub facts: Facts,
    /// The chain, where it was asked, and what it said.
    chain: Option<(Rpc, Vec<ChainWord>)>,
}

impl Owners {
    /// Asks the chain whether the owners approved these signers. `true` where one is approved that
    /// was not known to be; none where there is nobody to ask.
    ///
    /// # Errors
    /// Those of the chain.
    pub fn approve(
        &mut self,
        context: &Context,
        signers: &BTreeSet<Address>,
    ) -> Result<Option<bool>, CliError> {
        if signers.is_empty() {
            return Ok(Some(false));
        }
        let Some((rpc, words)) = &self.chain else { return Ok(None) };
        let facts = &mut self.facts;
        context.block_on(approve(facts, rpc, words, signers)).map(Some)
    }
}

/// Takes up which of `signers` the owners of `words` approved on chain, each for its name; whether
/// there are any.
///
/// # Errors
/// Those of the chain.
pub async fn approve(
    facts: &mut Facts,
    rpc: &Rpc,
    words: &[ChainWord],
    signers: &BTreeSet<Address>,
) -> Result<bool, CliError> {
    let view = rpc.at(rpc.latest().await?.value);
    let mut is_any = false;
    for ChainWord { name, walk, .. } in words {
        let Some((resolver, walk)) = walk else { continue };
        for signer in signers {
            let (owner, node) = (walk.owner, walk.node);
            if view.is_approved_signer(*resolver, owner, node, *signer).await?.value {
                facts.approve_for(name, [*signer]);
                is_any = true;
            }
        }
    }
    Ok(is_any)
}

/// Records of `signers` stand or not by the chain's word, and it was not asked.
pub fn unchecked(context: &Context, signers: &BTreeSet<Address>) -> CliError {
    let by: Vec<String> = signers.iter().map(ToString::to_string).collect();
    let message = format!(
        "what was signed by {} stands only if the owner approved that signer on chain, which could \
         not be checked: nothing was written",
        by.join(", ")
    );
    let hint = format!("{}; or say it: --approved-signer ADDRESS", how_to_give(context));
    CliError::new(Exit::Failed, ErrorKind::UnknownPublished, message).hint(hint)
}

impl OwnerArgs {
    /// Who owns the names of a workspace: who is given, whom the chain knows, or who is recorded.
    ///
    /// # Errors
    /// Exit 2 where no owner is recorded and no chain is asked, 4 where the chain knows none either.
    pub fn owners(
        &self,
        context: &Context,
        config: &Config,
        http: &Http,
    ) -> Result<Owners, CliError> {
        let mut facts = Facts::of(config);
        facts.approved.extend(&self.approved_signer);
        if let Some(owner) = self.owner {
            facts.set_owner(owner);
            return Ok(Owners { facts, chain: None });
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
            return Ok(Owners { facts, chain: None });
        };
        let mut words = Vec::new();
        for name in config.names() {
            let word = context.block_on(chain_word(&rpc, Some(config.chain_id), name))?;
            take_word(context, &mut facts, name, word.owner)?;
            words.push(word);
        }
        Ok(Owners { facts, chain: Some((rpc, words)) })
    }
}

/// Takes the chain's word for who owns `name`. Of a name that it does not know the recorded owner
/// counts.
fn take_word(
    context: &Context,
    facts: &mut Facts,
    name: &Name,
    owner: Address,
) -> Result<(), CliError> {
    let recorded = facts.have_owner().then(|| facts.owner_of(name));
    match (owner.is_zero(), recorded) {
        (true, None) => {
            let message = format!("{name} has no owner on chain, so that nothing can be verified");
            let error = CliError::new(Exit::NotFound, ErrorKind::NotRegistered, message);
            return Err(error.hint("say who owns it: --owner ADDRESS"));
        }
        (true, Some(recorded)) => context.output.warn(format_args!(
            "{name} has no owner on chain: records are checked against {recorded}, whom \
             namesys.toml records"
        )),
        (false, Some(recorded)) if recorded != owner => context.output.warn(format_args!(
            "{name} belongs to {owner}, by the chain, and namesys.toml records {recorded}: records \
             are checked against the chain's word"
        )),
        (false, _) => {}
    }
    if !owner.is_zero() {
        let _ = facts.owner.get_or_insert(owner);
        facts.set_owner_of(name.clone(), owner);
    }
    Ok(())
}
