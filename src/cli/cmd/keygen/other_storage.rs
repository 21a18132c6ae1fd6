//! Whether the chain says that clients derive other keys than these.

use namesys::chain::RecordhashSource;
use namesys::keys::{IpnsKey, Storage};
use namesys::recordhash::{Recordhash, Target};

use crate::cli::context::Context;
use crate::cli::derived::Deriver;
use crate::cli::error::{CliError, Exit};
use crate::cli::rpc_args::RpcArgs;

/// Where a node is given: warns when the chain says the other storage, with which clients derive
/// other keys ([keys](namesys::spec::keys)). Without one nothing is asked.
pub(super) fn warn_of_storage(
    rpc: &RpcArgs,
    deriver: &Deriver,
    ipns: &IpnsKey,
    context: &Context,
) -> Result<(), CliError> {
    if !rpc.is_given(context)? {
        return Ok(());
    }
    let Some(rpc) = rpc.open(context, &context.http()?)? else { return Ok(()) };
    let (plan, name) = (&deriver.plan, &deriver.plan.name);
    let asked = context.block_on(async {
        rpc.check_chain_id(Some(plan.wallet.chain_id)).await?;
        let view = rpc.at(rpc.latest().await?.value);
        let resolver = view.name_facts(name).await?.value.resolver;
        let Some(resolver) = resolver.map(|found| found.address) else { return Ok(None) };
        match view.is_records_resolver(resolver).await?.value {
            true => Ok(Some(view.walk(resolver, name).await?.value)),
            false => Ok(None),
        }
    });
    let walk = match asked {
        Ok(Some(walk)) => walk,
        Ok(None) => return Ok(()),
        Err(error) if error.exit == Exit::Interrupted => return Err(error),
        Err(error) => {
            context.output.note(format_args!(
                "whether the chain says the other storage could not be asked: {}",
                error.message
            ));
            return Ok(());
        }
    };
    let is_this = Recordhash::parse(&walk.recordhash)
        .is_ok_and(|found| *found.target() == Target::Ipns(ipns.name()));
    let origin = match (&walk.source, plan.storage) {
        (RecordhashSource::Name(_), Storage::Wallet) => {
            format!(
                "a recordhash for {name}: clients derive its keys with the origin {name} (--storage domain)"
            )
        }
        (RecordhashSource::Owner(owner), Storage::Domain) => {
            format!(
                "an ownerhash for {owner}, and none for {name}: clients derive its keys with the origin eth:{owner} (--storage wallet)"
            )
        }
        _ => return Ok(()),
    };
    if !is_this {
        context
            .output
            .warn(format_args!("the chain has {origin}, and those are others than these"));
    }
    Ok(())
}
