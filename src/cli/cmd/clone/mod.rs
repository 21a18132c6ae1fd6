//! `clone`: the workspace that would publish what is published. No key is needed.

mod facts;
mod folder;
mod report;

use std::path::{Path, PathBuf};

use namesys::chain::Rpc;
use namesys::ens::Name;
use namesys::keys::{IpnsName, Storage};
use namesys::net::{Guard, Http};
use namesys::publish::{Look, Witnesses, look};
use namesys::published::{PublishedTree, Verifier};
use namesys::pull::{CloneRequest, PullError, ReadTree, TreeFiles, TreeSource, clone, web_tree};
use namesys::recordhash::Recordhash;
use namesys::report::ErrorKind;
use namesys::resolve::{BlockServers, FetchLimits};
use namesys::wallet::Address;
use namesys::workspace::Facts;
use url::Url;

use super::init::name_of_workspace;
use crate::cli::context::Context;
use crate::cli::endpoints::{GatewayArgs, PublisherArgs, UploadArgs, record_sources};
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
use crate::cli::owner_args::{ChainWord, OwnerArgs, approve, chain_word, unchecked};
use crate::cli::rpc_args::how_to_give;
use facts::{Place, Source};
use folder::Folder;

/// Names whose owners the chain is asked for, at most.
const MAX_ASKED: usize = 100;

/// What a tree may have; [`FetchLimits::WHOLE`] in words.
const BUDGETS: &str = "\
The whole tree is fetched, and every block of it checked. More is refused, by name: 1,048,576 blocks \
or directories, 1 GiB of blocks and files, 4 GiB from one server. 100,000 subnames have some 300,000 \
blocks. What is fetched lies in a file meanwhile, not in memory.";

/// `clone …`
#[derive(Debug, clap::Args)]
#[command(after_long_help = BUDGETS)]
pub struct Args {
    /// The ENS name; with --ipns or --recordhash it may be left out, and what is signed says it
    name: Option<String>,
    /// The folder, which is empty or not there [default: the name]
    // Not `dir`, which is the global flag's: they would be one value.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// What is published under an IPNS name, in place of the chain's word
    #[arg(long, value_name = "K51…", conflicts_with = "recordhash")]
    ipns: Option<IpnsName>,
    /// Where the records are, in place of the chain's word: ipns://k51…, ipfs://bafy…
    #[arg(long, value_name = "RECORDHASH")]
    recordhash: Option<Recordhash>,
    /// Leave out the files that do not verify
    #[arg(long)]
    drop_invalid: bool,
    /// The chain whose id stands in the texts [default: the node's, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=i64::MAX as u64))]
    chain_id: Option<u64>,
    #[command(flatten)]
    publishers: PublisherArgs,
    #[command(flatten)]
    gateways: GatewayArgs,
    #[command(flatten)]
    owner: OwnerArgs,
}

/// What was fetched.
struct Fetched {
    files: TreeFiles,
    root: cid::Cid,
    ipns_name: Option<IpnsName>,
    trees: Vec<PublishedTree>,
}

/// Whose it is.
struct Whose {
    read: ReadTree,
    names: Vec<Name>,
    storage: Storage,
    chain_id: u64,
    owner: Address,
}

/// Fetches, verifies, writes.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    context.forget_workspace();
    let name = args.name.as_ref().map(|name| name_of_workspace(context, name, "clone"));
    let name = name.transpose()?;
    let wanted = args.folder.as_ref().or(context.dir.as_ref());
    let early = wanted.map(|dir| Folder::new(dir)).transpose()?;
    // What is fetched lies where the workspace will.
    let scratch = early.as_ref().map_or_else(|| PathBuf::from("."), Folder::path);
    let http = context.http()?;
    let rpc = args.owner.rpc.open(context, &http)?;
    if rpc.is_none() && args.owner.owner.is_none() {
        let message = "who owns the name is not known, so that nothing can be verified";
        return Err(CliError::new(Exit::Usage, ErrorKind::NoRpc, message)
            .hint(format!("--owner ADDRESS, with --ipns k51…; or {}", how_to_give(context))));
    }
    let expected = args.chain_id.or(context.settings.network(None).0.chain_id());
    let by_hand = (args.ipns.as_ref(), args.recordhash.as_ref());
    let (place, fetched, whose) = context.block_on(async {
        let mut place =
            facts::place(by_hand, name.as_ref(), rpc.as_ref(), expected, context).await?;
        let fetched = fetch(&args, context, (&http, &scratch), name.as_ref(), &place).await?;
        let chain = (rpc.as_ref(), expected);
        let whose = whose(&args, context, name, chain, &fetched, &mut place).await?;
        Ok((place, fetched, whose))
    })?;
    let folder = match early {
        Some(folder) => folder,
        None => Folder::new(Path::new(whose.names[0].as_str()))?,
    };
    let own_keys = context.own_keys();
    let sequence = fetched.trees.first().map(PublishedTree::sequence);
    let request = CloneRequest {
        files: &fetched.files,
        read: &whose.read,
        names: &whose.names,
        storage: whose.storage,
        chain_id: whose.chain_id,
        owner: whose.owner,
        ipns_name: fetched.ipns_name,
        trees: fetched.trees.clone(),
        by_client: sequence.is_some_and(|sequence| fetched.files.are_by_client(sequence)),
        drop_invalid: args.drop_invalid,
        own_keys: &own_keys,
    };
    let cloned = clone(&folder.path(), &request)?;
    let dir = folder.dir().display().to_string();
    folder.keep()?;
    report::remarks(context, &request, &place, &cloned);
    let report = report::report(dir, &request, (fetched.root, sequence), &cloned);
    let error = report::unverified(&report);
    Ok(Outcome::partial(report, error))
}

/// What is published now, whole.
async fn fetch(
    args: &Args,
    context: &Context,
    (http, scratch): (&Http, &Path),
    name: Option<&Name>,
    place: &Place,
) -> Result<Fetched, CliError> {
    let gateways = args.gateways.get(context, None)?;
    let nodes = UploadArgs::default().readable(context, None)?;
    let servers = BlockServers::new(nodes, gateways.clone(), scratch.to_owned());
    // For gateways that are asked by name; without one they cannot be.
    let any = match name {
        Some(name) => name.clone(),
        None => Name::parse("eth")?,
    };
    let (ipns_name, trees) = match facts::source(&place.target)? {
        Source::Root(root) => return whole(http, servers, any, root, None, Vec::new()).await,
        Source::Web(url) => return web(args, context, name, &url, scratch).await,
        Source::Ipns(ipns) => {
            let publishers = args.publishers.get(context, None)?;
            let records = record_sources(http, &gateways, &any);
            let witnesses = Witnesses { name: &ipns, publishers: &publishers, gateways: &records };
            let Look { standing, silent, refuted, .. } = look(witnesses, None).await;
            if standing.newest.is_empty() && !refuted.is_empty() {
                return Err(PullError::Refuted(refuted).into());
            }
            if standing.newest.is_empty() {
                return Err(PullError::NothingPublished { name: ipns, silent }.into());
            }
            for silent in silent {
                let what = "it tells nothing, and may have something newer";
                context.output.warn(format_args!("{what}: {silent}"));
            }
            for refuted in refuted {
                context
                    .output
                    .warn(format_args!("it does not verify, and does not count: {refuted}"));
            }
            let no_tree = |value: &str| {
                CliError::from(PullError::Unread(format!("its value {value:?} is no tree")))
            };
            let trees = standing.newest.iter().map(|stands| {
                PublishedTree::of(&stands.record)
                    .ok_or_else(|| no_tree(&stands.record.fields().value))
            });
            (ipns, trees.collect::<Result<Vec<_>, _>>()?)
        }
    };
    if let [first, other, ..] = &trees[..] {
        context.output.warn(format_args!(
            "two records of sequence {} stand: {} is cloned, and namesys pull takes {} over",
            first.sequence(),
            first.root(),
            other.root()
        ));
    }
    // What the others have is not known yet.
    let first: Vec<PublishedTree> = trees.into_iter().take(1).collect();
    let root = *first[0].root();
    whole(http, servers, any, root, Some(ipns_name), first).await
}

/// The tree that a web host has, by its manifest. Its address is the chain's, or the user's own.
async fn web(
    args: &Args,
    context: &Context,
    name: Option<&Name>,
    url: &Url,
    scratch: &Path,
) -> Result<Fetched, CliError> {
    let Some(name) = name else {
        return Err(CliError::usage("whose files are there is not said").hint(
            "name it: namesys clone NAME --recordhash https://…, the first name of the workspace \
             that published there",
        ));
    };
    let trusted = args.recordhash.is_some().then(|| url.clone());
    let http = context.gateway_http(Some(Guard::trusting(trusted)))?;
    let found = web_tree(&http, url, name, &FetchLimits::WHOLE, scratch).await;
    let found = found.map_err(|error| match error {
        PullError::Unread(_) => CliError::from(error).hint(
            "the same again, when it answers; what is read of the records there can be taken over \
             too: namesys init NAME, then namesys import --from-chain NAME",
        ),
        error => error.into(),
    })?;
    context.output.note(format_args!(
        "which files are there is the web server's word, what they say is signed; [[sites]] in \
         namesys.toml says where namesys publish --to https brings them"
    ));
    let (files, root) = (found.files, found.root);
    Ok(Fetched { files, root, ipns_name: None, trees: Vec::new() })
}

async fn whole(
    http: &Http,
    servers: BlockServers,
    name: Name,
    root: cid::Cid,
    ipns_name: Option<IpnsName>,
    trees: Vec<PublishedTree>,
) -> Result<Fetched, CliError> {
    let source = TreeSource { http: http.clone(), servers, name, disk: Vec::new() };
    let files = source.files(root).await.map_err(|error| match error {
        PullError::Unread(_) => {
            CliError::from(error).hint("name another gateway that has it: --gateway URL")
        }
        error => error.into(),
    })?;
    Ok(Fetched { files, root, ipns_name, trees })
}

/// Whose names, keys and records: what verifies says it where nobody else does.
async fn whose(
    args: &Args,
    context: &Context,
    name: Option<Name>,
    (rpc, expected): (Option<&Rpc>, Option<u64>),
    fetched: &Fetched,
    place: &mut Place,
) -> Result<Whose, CliError> {
    let asked = name.clone().or_else(|| fetched.files.names().into_iter().next());
    if let (None, Some(rpc), Some(name)) = (&place.word, rpc, &asked) {
        place.word = Some(chain_word(rpc, expected, name).await?);
    }
    let word = place.word.as_ref();
    let owner = args.owner.owner.or(word.map(|word| word.owner)).filter(|owner| !owner.is_zero());
    let Some(owner) = owner else {
        let message = "nobody owns the name, as far as the chain knows";
        return Err(CliError::new(Exit::NotFound, ErrorKind::NotRegistered, message)
            .hint("say who does: --owner ADDRESS"));
    };
    let chain_id = args.chain_id.or(word.map(|word| word.chain_id)).or(expected).unwrap_or(1);
    let mut facts = Facts::default();
    facts.chain_id = chain_id;
    facts.set_owner(owner);
    facts.approved.extend(&args.owner.approved_signer);
    let signers = fetched.files.signers_to_approve(&Verifier::new(facts.clone()));
    match rpc {
        Some(rpc) => _ = approve(&mut facts, rpc, place.word.as_slice(), &signers).await?,
        None if signers.is_empty() => {}
        None => return Err(unchecked(context, &signers)),
    }
    let stop = context.stop()?;
    let mut read = fetched.files.read(&Verifier::new(facts.clone()), &stop)?;
    let (mut names, storage) = names(name, &read, word)?;
    // Whoever owns the first name may not own the others.
    if let (Some(rpc), None) = (rpc, args.owner.owner) {
        let others = names.get(1..).unwrap_or_default();
        if others.len() > MAX_ASKED {
            let message = format!("the tree has records of {} names", names.len());
            return Err(CliError::new(Exit::Failed, ErrorKind::BadTree, message)
                .hint("say who owns all of them: --owner ADDRESS"));
        }
        for other in others {
            let word = chain_word(rpc, expected, other).await?;
            facts.set_owner_of(other.clone(), word.owner);
            approve(&mut facts, rpc, &[word], &signers).await?;
        }
        read = fetched.files.read(&Verifier::new(facts), &stop)?;
        let (first, found) = (names.first().cloned(), read.names());
        names.retain(|name| Some(name) == first.as_ref() || found.contains(name));
    }
    Ok(Whose { read, names, storage, chain_id, owner })
}

/// The name that was asked for; with wallet storage all whose records verify.
fn names(
    name: Option<Name>,
    read: &ReadTree,
    word: Option<&ChainWord>,
) -> Result<(Vec<Name>, Storage), CliError> {
    let found = read.names();
    let first = name.or_else(|| found.first().cloned());
    let Some(first) = first else {
        let message = "no record of the tree verifies, so whose it is is not known";
        let error = CliError::new(Exit::Unverified, ErrorKind::Unverified, message);
        return Err(error.hint("name it: namesys clone NAME --ipns k51… --owner 0x…"));
    };
    let others = found.into_iter().filter(|other| !other.is_or_is_under(&first));
    let others: Vec<Name> = others.filter(|other| !first.is_or_is_under(other)).collect();
    let mut all = vec![first];
    all.extend(others);
    let (storage, _) = facts::storage(word, &all);
    if storage == Storage::Domain {
        all.truncate(1);
    }
    Ok((all, storage))
}
