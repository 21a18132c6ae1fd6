//! The nodes of `--rpc-url`, by the chain they are on.

use namesys::chain::{Rpc, RpcUrl};

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
            return Ok(Self { main, main_id, others: Vec::new() });
        }
        let mut found: Vec<(u64, Vec<RpcUrl>)> = Vec::new();
        for (url, rpc) in each {
            let id = context.block_on(async { Ok(rpc.check_chain_id(None).await?) })?;
            match found.iter_mut().find(|(known, _)| *known == id) {
                Some((_, urls)) => urls.push(url),
                None => found.push((id, vec![url])),
            }
        }
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
            let ids = ids.join(", ");
            let message = format!("no node is on chain {main_id}: those of --rpc-url are on {ids}");
            CliError::usage(message).hint("give --chain-id, or a node of that chain")
        })?;
        Ok(Self { main, main_id, others })
    }

    /// Nodes of a chain, where some are given.
    pub fn of(&self, chain_id: u64) -> Option<&Rpc> {
        if chain_id == self.main_id {
            return Some(&self.main);
        }
        self.others.iter().find(|(id, _)| *id == chain_id).map(|(_, rpc)| rpc)
    }
}
