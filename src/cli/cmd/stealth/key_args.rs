//! The payee's keys: of files, or derived from the wallet.

use std::path::{Path, PathBuf};

use namesys::keys::{SignerKey, file};
use namesys::record::{RecordKey, Value};
use namesys::report::ErrorKind;
use namesys::stealth::{MetaAddress, StealthKeys, public_key_of};

use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::{CliError, Exit};
use crate::cli::key_files;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::Session;

/// The record that has the meta-address.
pub const RECORD: &str = "text/stealth-meta-address";

/// Where the keys are.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// The spending key, as stealth keys --export writes it; - for stdin
    #[arg(
        long,
        value_name = "FILE|-",
        help_heading = "Derived keys",
        requires = "viewing_key_file"
    )]
    spending_key_file: Option<PathBuf>,
    /// The viewing key, as stealth keys --export writes it; - for stdin
    #[arg(long, value_name = "FILE|-", help_heading = "Derived keys")]
    viewing_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub derive: DeriveArgs,
}

impl KeyArgs {
    /// Both keys: of the files, else derived.
    pub fn both(&self, rpc: &RpcArgs, context: &Context) -> Result<StealthKeys, CliError> {
        match (&self.spending_key_file, &self.viewing_key_file) {
            (Some(spending), Some(viewing)) => {
                let spending = read(context, "--spending-key-file", spending)?;
                Ok(StealthKeys { spending, viewing: read(context, "--viewing-key-file", viewing)? })
            }
            (None, Some(_)) => Err(CliError::usage("the spending key is needed too")
                .hint("give --spending-key-file FILE beside --viewing-key-file; or the wallet")),
            _ => derived(&self.derive, rpc, context).map(|(keys, _)| keys),
        }
    }

    /// The viewing key, and the payee it is of: `given`, or what `records.toml` wants. Without a
    /// file both keys are derived.
    pub fn viewing(
        &self,
        given: Option<&MetaAddress>,
        rpc: &RpcArgs,
        context: &Context,
    ) -> Result<(SignerKey, MetaAddress), CliError> {
        let (viewing, meta) = match (&self.viewing_key_file, &self.spending_key_file) {
            (Some(file), None) => {
                let meta = given.copied().map_or_else(|| wanted(context), Ok)?;
                (read(context, "--viewing-key-file", file)?, meta)
            }
            _ => {
                let keys = self.both(rpc, context)?;
                let own = keys.meta_address();
                if given.is_some_and(|given| *given != own) {
                    return Err(not_theirs(given.unwrap_or(&own)));
                }
                (keys.viewing, own)
            }
        };
        match public_key_of(&viewing) == meta.viewing {
            true => Ok((viewing, meta)),
            false => Err(not_theirs(&meta)),
        }
    }
}

fn not_theirs(meta: &MetaAddress) -> CliError {
    let message = format!("the keys are not those of {meta}");
    CliError::new(Exit::Failed, ErrorKind::OtherKeys, message).hint(
        "another wallet or password gives other keys; or give the meta-address that they are of: \
         --meta st:eth:0x…",
    )
}

/// What the workspace wants its name to say.
fn wanted(context: &Context) -> Result<MetaAddress, CliError> {
    let session = Session::open(context)?;
    let records = session.workspace.records(&session.config)?;
    let key = RecordKey::parse(RECORD)?;
    let found = session.config.names().iter().find_map(|name| match records.get(name, &key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    });
    let text = found.ok_or_else(|| {
        let message = format!("whose payments? records.toml has no {RECORD}");
        CliError::usage(message).hint("give the meta-address of the viewing key: --meta st:eth:0x…")
    })?;
    Ok(text.parse::<MetaAddress>()?)
}

/// The keys that the wallet gives, and the wallet.
pub fn derived(
    derive: &DeriveArgs,
    rpc: &RpcArgs,
    context: &Context,
) -> Result<(StealthKeys, OpenWallet), CliError> {
    let session = Session::open(context)?;
    let keys_for = KeysFor { unrecorded: true, ..KeysFor::from(&session.config) };
    let recorded = session.config.keys();
    let deriver = derive.open_asking(context, rpc, keys_for, recorded)?.always_twice();
    let keys = deriver.stealth_keys(context)?;
    [&keys.spending, &keys.viewing].into_iter().for_each(|key| context.keep_signer(key));
    Ok((keys, deriver.wallet))
}

fn read(context: &Context, flag: &str, file: &Path) -> Result<SignerKey, CliError> {
    let bytes = key_files::read(context, flag, file)?;
    let key = file::parse_signer_key(&bytes).map_err(|error| {
        let place =
            if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() };
        let message = format!("{place} holds no stealth key: {error}");
        CliError::new(Exit::Usage, ErrorKind::BadKey, message)
            .hint("stealth keys --export DIR writes spending.key and viewing.key")
    })?;
    context.keep_signer(&key);
    Ok(key)
}
