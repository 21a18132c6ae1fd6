//! `keygen --nostr`, `key export --nostr`, `nostr set`: the nostr key, and where others find it.

use std::io::{self, Write};

use namesys::ens::Name;
use namesys::keys::{NostrKey, NostrPublicKey, NostrUsername};
use namesys::record::{RecordKey, Value};
use namesys::report::{NostrKeyReport, NostrReport, NostrSetReport};
use namesys::workspace::{Phases, RecordedKeys, set_nostr_name};

use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::Session;
use crate::cli::want_once::{unless_forced, want_once};

/// The coin type of nostr keys (SLIP-44).
const RECORD: &str = "address/1237";
/// The domain itself, in NIP-05's file.
const DOMAIN: &str = "_";

/// `nostr …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Want the nostr key as a record, and name it in .well-known/nostr.json (NIP-05)
    Set(SetArgs),
}

/// `nostr set`
#[derive(Debug, clap::Args)]
struct SetArgs {
    /// The workspace's name, or a name under it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// This key, npub1… or 64 hexadecimal digits, in place of the one that the wallet gives
    #[arg(long, value_name = "KEY", conflicts_with = "username")]
    public_key: Option<NostrPublicKey>,
    /// Whose key the wallet gives: a petname, a domain, or name@domain [default: the name]
    #[arg(long, value_name = "USERNAME")]
    username: Option<NostrUsername>,
    /// The name in nostr.json, before the @ [default: _, which is the domain itself; of a name under
    /// the workspace's what stands before it]
    #[arg(long = "as", value_name = "NAME")]
    named: Option<String>,
    /// Also where another key is wanted, or stands in the file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    derive: DeriveArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Runs `nostr set`.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let Command::Set(args) = args.command;
    set(&args, context)
}

/// `keygen --nostr`: the public half.
pub fn keygen(
    derive: &DeriveArgs,
    rpc: &RpcArgs,
    keys_for: KeysFor,
    recorded: &RecordedKeys,
    username: Option<&NostrUsername>,
    context: &Context,
) -> Result<Outcome, CliError> {
    let username = username_of(username, &keys_for.name);
    let key = derived(derive, rpc, keys_for, recorded, &username, context)?;
    let nostr = report(key.public());
    Ok(Outcome::done(NostrReport { username: username.as_str().to_owned(), nostr }))
}

/// `key export --nostr`: the workspace's key.
pub fn of_wallet(
    derive: &DeriveArgs,
    username: Option<&NostrUsername>,
    context: &Context,
) -> Result<NostrKey, CliError> {
    let session = Session::open(context)?;
    let keys_for = KeysFor::from(&session.config);
    let username = username_of(username, &keys_for.name);
    derived(derive, &RpcArgs::default(), keys_for, session.config.keys(), &username, context)
}

fn username_of(given: Option<&NostrUsername>, name: &Name) -> NostrUsername {
    given.cloned().unwrap_or_else(|| NostrUsername::from(name))
}

fn derived(
    derive: &DeriveArgs,
    rpc: &RpcArgs,
    keys_for: KeysFor,
    recorded: &RecordedKeys,
    username: &NostrUsername,
    context: &Context,
) -> Result<NostrKey, CliError> {
    let deriver = derive.open_asking(context, rpc, keys_for, recorded)?.always_twice();
    deriver.nostr_key(username, context)
}

fn set(args: &SetArgs, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let name = session.name(context, args.name.as_deref())?;
    name.check_folder()?;
    let key = match args.public_key {
        Some(key) => key,
        None => {
            let (keys_for, recorded) = (KeysFor::from(&session.config), session.config.keys());
            let username = username_of(args.username.as_ref(), &name);
            derived(&args.derive, &args.rpc, keys_for, recorded, &username, context)?.public()
        }
    };
    let named = match &args.named {
        Some(named) => named.clone(),
        None => named_after(&name, session.config.name()),
    };
    let record = RecordKey::parse(RECORD)?;
    let value = Value::parse(&record, &key.to_string())?;
    want_once(&session, &name, &record, value, |had| {
        let told = |had: &Phases| {
            format!("{name} {RECORD} is {had} in records.toml, and this key is {key}")
        };
        let hint = "another username or password gives another key: give the right one; or --force, \
                    where the new one is meant";
        unless_forced(args.force, had, told, hint)
    })?;
    let _lock = session.workspace.lock()?;
    if let Some(had) = set_nostr_name(&session.workspace, &named, key)? {
        context.output.warn(format_args!("nostr.json had {had} for {named}: it is replaced"));
    }
    Ok(Outcome::done(NostrSetReport {
        name: name.to_string(),
        record: RECORD.to_owned(),
        named,
        nostr: report(key),
    }))
}

/// What stands before `name`'s @ in the file of `of`'s domain.
fn named_after(name: &Name, of: &Name) -> String {
    let before = name.as_str().strip_suffix(of.as_str()).and_then(|rest| rest.strip_suffix('.'));
    before.unwrap_or(DOMAIN).to_owned()
}

fn report(key: NostrPublicKey) -> NostrKeyReport {
    NostrKeyReport { public_key: key.hex(), npub: key.to_string() }
}

impl Human for NostrReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "username     {}", self.username)?;
        writeln!(out, "public key   {}", self.nostr.public_key)?;
        writeln!(out, "npub         {}", self.nostr.npub)
    }
}

impl Human for NostrSetReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} {} = {}", self.name, self.record, self.nostr.npub)?;
        writeln!(out, ".well-known/nostr.json: {} = {}", self.named, self.nostr.public_key)
    }
}
