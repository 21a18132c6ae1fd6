//! The nodes of `--rpc-url`, by the chain they are on.

use namesys::chain::{Rpc, RpcUrl};
use namesys::report::ErrorKind;

use super::Args;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::rpc_args::no_rpc;

/// Nodes of one or more chains.
pub struct Chains {
    /// Of the name's resolver.
    pub main: Rpc,
    pub main_id: u64,
    others: Vec<(u64, Rpc)>,
    /// Those that do not answer: nobody knows their chain.
    silent: Vec<RpcUrl>,
}

impl Chains {
    /// Asks every node which chain it is on. Those of one chain stand in for each other, and agree
    /// where --rpc-quorum says so.
    pub fn open(args: &Args, context: &Context) -> Result<Self, CliError> {
        let http = context.http()?;
        let no_node = || no_rpc("what the resolver says", context);
        let each = args.rpc.open_each(context, &http)?;
        let expected = args.chain_id.or(context.network()?.0.chain_id());
        if each.len() < 2 {
            let main = args.rpc.open(context, &http)?.ok_or_else(no_node)?;
            let main_id = context.block_on(async { Ok(main.check_chain_id(expected).await?) })?;
            return Ok(Self { main, main_id, others: Vec::new(), silent: Vec::new() });
        }
        let (found, silent) = by_chain(each, context)?;
        let main_id = expected.or(found.first().map(|(id, _)| *id)).ok_or_else(no_node)?;
        let ids: Vec<String> = found.iter().map(|(id, _)| id.to_string()).collect();
        let (mut main, mut others) = (None, Vec::new());
        for (id, urls) in found {
            let rpc = args.rpc.open_some(urls, context, &http)?;
            match id == main_id {
                true => main = Some(rpc),
                false => others.push((id, rpc)),
            }
        }
        let main = main.ok_or_else(|| {
            let (ids, silent) = (ids.join(", "), unanswered(&silent));
            let message =
                format!("no node is on chain {main_id}: those of --rpc-url are on {ids}{silent}");
            CliError::usage(message).hint("give --chain-id, or a node of that chain")
        })?;
        Ok(Self { main, main_id, others, silent })
    }

    /// In words, that some do not answer: the chain that is missed may be theirs.
    pub fn silent(&self) -> String {
        unanswered(&self.silent)
    }

    /// Nodes of a chain, where some are given.
    pub fn of(&self, chain_id: u64) -> Option<&Rpc> {
        if chain_id == self.main_id {
            return Some(&self.main);
        }
        self.others.iter().find(|(id, _)| *id == chain_id).map(|(_, rpc)| rpc)
    }
}

type ByChain = (Vec<(u64, Vec<RpcUrl>)>, Vec<RpcUrl>);

/// The nodes by their chain, and those that do not answer: the others go on without them.
///
/// # Errors
/// Where none answers: those of the first.
fn by_chain(each: Vec<(RpcUrl, Rpc)>, context: &Context) -> Result<ByChain, CliError> {
    let (mut found, mut silent) = (Vec::<(u64, Vec<RpcUrl>)>::new(), Vec::new());
    let mut first = None;
    for (url, rpc) in each {
        let id = match context.block_on(async { Ok(rpc.check_chain_id(None).await?) }) {
            Ok(id) => id,
            Err(error) if error.kind == ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                context.output.warn(format_args!("{url} is left out: {}", error.message));
                first.get_or_insert(error);
                silent.push(url);
                continue;
            }
        };
        match found.iter_mut().find(|(known, _)| *known == id) {
            Some((_, urls)) => urls.push(url),
            None => found.push((id, vec![url])),
        }
    }
    match first {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok((found, silent)),
    }
}

fn unanswered(silent: &[RpcUrl]) -> String {
    let urls: Vec<String> = silent.iter().map(ToString::to_string).collect();
    match urls.len() {
        0 => String::new(),
        1 => format!("; {} does not answer", urls[0]),
        _ => format!("; {} do not answer", urls.join(", ")),
    }
}
