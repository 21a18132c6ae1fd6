//! `keygen [NAME]`: both keys from SIGN 1 and 2.

mod other_storage;
mod profile;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use namesys::keys::sealed::SealTo;
use namesys::keys::{IpnsKey, NostrUsername, SignerKey, Storage, file};
use namesys::report::{IpnsKeyReport, KeygenReport, RequestReport, RequestsReport, SignerReport};
use namesys::workspace::RecordedKeys;

use super::nostr;
use crate::cli::account_code::refuse_contract;
use crate::cli::claims;
use crate::cli::context::Context;
use crate::cli::derived::Deriver;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::CliError;
use crate::cli::git;
use crate::cli::key_export;
use crate::cli::key_forms::{Format, SealArgs, of_ipns, of_signer};
use crate::cli::output::{Human, Outcome};
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::{Session, parse_name};
use crate::cli::suggest::{storages, words};
use other_storage::warn_of_storage;
use profile::ProfileArgs;

/// `keygen …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The ENS name; default: the workspace's
    name: Option<String>,
    /// Whose keys: domain or wallet
    #[arg(long, value_name = "STORAGE", value_parser = storages())]
    storage: Option<Storage>,
    /// The records signer's storage, where it differs
    #[arg(long, value_name = "STORAGE", value_parser = storages())]
    signer_storage: Option<Storage>,
    /// The chain whose id stands in the texts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=i64::MAX as u64))]
    chain_id: Option<u64>,
    /// Write the keys into a folder: ipns.key (PEM) and signer.key (hex), mode 0600, never over
    /// other files, never below .well-known; with a .gitignore where there is none
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// With --export, the form of both files: pem (the default; the signer's is hex), hex or base64
    /// (one line each, for secret stores), or age (encrypted, ipns.key.age and signer.key.age)
    #[arg(long, value_name = "FORMAT", value_parser = words(&["pem", "hex", "base64", "age"],
          export_format), requires = "export")]
    format: Option<Format>,
    #[command(flatten)]
    seal: SealArgs,
    /// Print the texts to sign elsewhere, and sign nothing
    #[arg(long, conflicts_with_all = ["export", "ipns_signature", "signer_signature"])]
    requests: bool,
    /// The nostr key instead, from a signature of its own
    #[arg(long, conflicts_with_all = ["export", "requests", "remember"])]
    nostr: bool,
    /// Whose nostr key: a petname, a domain, or name@domain [default: the name]
    #[arg(long, value_name = "USERNAME", requires = "nostr")]
    username: Option<NostrUsername>,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    derive: DeriveArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Derives and shows the public halves.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open_if_any(context)?;
    if session.is_none() && args.name.is_none() {
        context.refuse_foreign()?;
    }
    let keys_for = keys_for(&args, context, session.as_ref())?;
    if let Some(wanted) = args.profile.other_keys() {
        return profile::run(wanted, args.requests, keys_for, &args.derive, context);
    }
    // Keys of another name, or of choices made for this call, are shown and not recorded.
    let session = session.filter(|session| same(&keys_for, &KeysFor::from(&session.config)));
    let recorded = match &session {
        Some(session) => session.config.keys().clone(),
        None => RecordedKeys::default(),
    };
    if args.nostr {
        let (derive, username) = (&args.derive, args.username.as_ref());
        return nostr::keygen(derive, &args.rpc, keys_for, &recorded, username, context);
    }
    if args.requests {
        return requests(&args, context, keys_for, &recorded);
    }
    // Before the wallet is asked for anything.
    args.derive.remember.check(context)?;
    if session.is_none() && args.derive.remember.is_asked() {
        return Err(CliError::usage(
            "--remember is of the workspace's own keys, and these are others",
        )
        .hint("in its workspace, without what makes them others: namesys keygen --remember 8h"));
    }
    let format = args.format.unwrap_or(Format::Pem);
    let seal = args.seal.get(context, format)?;
    let mut deriver =
        args.derive.open_asking(context, &args.rpc, keys_for, &recorded)?.always_twice();
    let (ipns, signer) = deriver.both(context)?;
    // First of all: what somebody confirmed is not lost where a node does not answer.
    if let Some(mut session) = session {
        session.record_keys(&deriver.recorded(Some(&ipns), Some(&signer)))?;
        args.derive.remember.keep(context, Some(&ipns), Some(&signer))?;
    }
    let exported = match &args.export {
        Some(dir) => {
            let exported = export(dir, &ipns, &signer, format, seal.as_ref())?;
            exported
                .first()
                .into_iter()
                .for_each(|file| git::warn_unignored(context, file.as_ref()));
            exported
        }
        None => Vec::new(),
    };
    warn_of_storage(&args.rpc, &deriver, &ipns, context)?;
    Ok(Outcome::done(report(&deriver, &ipns, &signer, exported)))
}

fn keys_for(
    args: &Args,
    context: &Context,
    session: Option<&Session>,
) -> Result<KeysFor, CliError> {
    let config = session.map(|session| &session.config);
    let name = match (&args.name, config) {
        (Some(name), _) => parse_name(context, name)?,
        (None, Some(config)) => config.name().clone(),
        (None, None) => {
            return Err(CliError::usage("whose keys? There is no workspace here").hint(
                "give the name: namesys keygen NAME; or make a workspace: namesys init NAME",
            ));
        }
    };
    let config = config.filter(|config| config.names().contains(&name));
    let storage = args.storage.or(config.map(|config| config.storage)).unwrap_or_default();
    let signer_storage = args.signer_storage.or(args.storage);
    let signer_storage = signer_storage.or(config.map(|c| c.signer_storage)).unwrap_or(storage);
    // The keys of a wallet are of all its names: the workspace's first stands for them.
    let of_wallet = [storage, signer_storage] == [Storage::Wallet; 2];
    let name = match config.filter(|_| of_wallet) {
        Some(config) => config.name().clone(),
        None => name,
    };
    Ok(KeysFor {
        name,
        storage,
        signer_storage,
        chain_id: args
            .chain_id
            .or(config.map(|config| config.chain_id))
            .or(context.settings.network(config).0.chain_id())
            .unwrap_or(1),
        unrecorded: false,
    })
}

fn same(a: &KeysFor, b: &KeysFor) -> bool {
    (&a.name, a.storage, a.signer_storage, a.chain_id)
        == (&b.name, b.storage, b.signer_storage, b.chain_id)
}

fn requests(
    args: &Args,
    context: &Context,
    keys_for: KeysFor,
    recorded: &RecordedKeys,
) -> Result<Outcome, CliError> {
    let wallet = match (args.derive.wallet.address()?, recorded.wallet) {
        (Some(wallet), _) => wallet,
        (None, Some(wallet)) if !args.derive.wallet.is_at_hand(context)? => {
            claims::confirm("the wallet", &wallet, "give its address: --from ADDRESS")?;
            wallet
        }
        (None, _) => args.derive.wallet.open_as(context, recorded.wallet)?.as_wallet().address(),
    };
    refuse_contract(context, &args.rpc, (wallet, keys_for.chain_id), false)?;
    let password = args.derive.password.get(context, true)?;
    let plan = args.derive.plan_for(keys_for, wallet, recorded);
    if !context.output.is_json() {
        context.output.note(
            "sign each text as it is, without a line end after its last line; --json has them \
             exact; the signatures are as secret as the keys. cast wallet sign does it, or a \
             wallet's own page for messages",
        );
    }
    let requests = [plan.sign1(&password), plan.sign2(&password)];
    Ok(Outcome::done(RequestsReport { requests: requests.map(RequestReport::from).into() }))
}

/// The forms of both keys alike; PEM is the IPNS key's, and the signer is hex then.
fn export_format(word: &str) -> Result<Format, String> {
    Format::from_str(word, false)
        .ok()
        .filter(|format| !format.is_binary())
        .ok_or_else(|| "the forms are pem, hex, base64 and age".to_owned())
}

/// The files of `--export` in a form.
fn key_files(format: Format) -> [&'static str; 2] {
    match format {
        Format::Age => ["ipns.key.age", "signer.key.age"],
        _ => ["ipns.key", "signer.key"],
    }
}

/// Both keys, or neither where another file stands in the way of one.
fn export(
    dir: &Path,
    ipns: &IpnsKey,
    signer: &SignerKey,
    format: Format,
    to: Option<&SealTo>,
) -> Result<Vec<String>, CliError> {
    let (ipns_text, signer_text) = match format {
        Format::Pem | Format::Age => (file::ipns_key_text(ipns), file::signer_key_text(signer)),
        format => (of_ipns(ipns, format, None)?, of_signer(signer, format, None)?),
    };
    let [ipns_name, signer_name] = key_files(format);
    key_export::write(dir, [(ipns_name, ipns_text), (signer_name, signer_text)], to)
}

fn report(
    deriver: &Deriver,
    ipns: &IpnsKey,
    signer: &SignerKey,
    exported: Vec<String>,
) -> KeygenReport {
    let plan = &deriver.plan;
    KeygenReport {
        name: plan.name.to_string(),
        storage: plan.storage.to_string(),
        signer_storage: plan.signer_storage.to_string(),
        origin: plan.origin().to_string(),
        chain_id: plan.wallet.chain_id,
        wallet: plan.wallet.address.to_string(),
        derivation: plan.derivation.to_string(),
        compat: plan.compat.to_string(),
        ipns: IpnsKeyReport::from(&ipns.name()),
        signer: SignerReport { address: signer.address().to_string() },
        deterministic: deriver.compared(),
        contract: deriver.contract,
        exported,
    }
}

impl Human for KeygenReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let (storage, signer_storage) = (&self.storage, &self.signer_storage);
        let of_signer = if storage == signer_storage {
            String::new()
        } else {
            format!(", the signer's: {signer_storage}")
        };
        let (name, chain) = (&self.name, self.chain_id);
        writeln!(out, "name         {name} ({storage} storage{of_signer}, chain {chain})")?;
        writeln!(out, "wallet       {}", self.wallet)?;
        writeln!(out, "IPNS name    {}", self.ipns.name)?;
        writeln!(out, "recordhash   {}", self.ipns.contenthash)?;
        writeln!(out, "signer       {}", self.signer.address)?;
        self.exported.iter().try_for_each(|file| writeln!(out, "wrote        {file}"))
    }
}

impl Human for RequestsReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, request) in self.requests.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            writeln!(out, "----- {} -----", request.step)?;
            writeln!(out, "{}", request.text)?;
        }
        Ok(())
    }
}
