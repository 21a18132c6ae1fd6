//! `serve --database`: a gateway that takes signed records.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use namesys::ens::Name;
use namesys::gateway::{
    ChainOwners, Checker, DatabaseUrl, Gateway, GatewayConfig, GatewayError, GatewayLimits, Owners,
    Roster, Store, StoreError,
};
use namesys::report::{ErrorKind, ServeReport};
use namesys::serve::{RateLimit, TlsFiles};
use namesys::wallet::Address;
use namesys::workspace::{CONFIG_FILE, WorkspaceError};

use super::until_ctrl_c;
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
use crate::cli::rpc_args::{RpcArgs, how_to_give};
use crate::cli::values::duration;

/// Which database.
#[derive(Debug, clap::Args)]
pub struct PlaceArgs {
    /// Keep records in this database and take signed ones by POST: sqlite:FILE or postgres://…;
    /// a URL with a password belongs into the variable [env: NAMESYS_DATABASE]
    #[arg(long, value_name = "URL")]
    database: Option<DatabaseUrl>,
}

/// Who is believed about owners.
#[derive(Debug, clap::Args)]
pub struct TrustArgs {
    /// The owner of every name, in place of the chain's word
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<Address>,
    /// The chain id in the signed texts [default: that of the network, 1]
    #[arg(long, value_name = "ID")]
    chain_id: Option<u64>,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// The gateway's own flags.
#[derive(Debug, clap::Args)]
pub struct DatabaseArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// Keep records of this name and of what lies under it only; may be given more than once
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<Name>,
    /// A workspace: its records that change by time are answered by the clock, as serve DIR answers
    /// them, in place of what the database has of them
    #[arg(long, value_name = "DIR")]
    roster: Option<PathBuf>,
    /// Bodies that are taken from one address [default: 600/10s; 0 for any number]
    #[arg(long, value_name = "N/DURATION", value_parser = rate)]
    address_rate: Option<Rate>,
    /// Bodies that are taken of one name [default: 60/10s; 0 for any number]
    #[arg(long, value_name = "N/DURATION", value_parser = rate)]
    name_rate: Option<Rate>,
    /// The client's address is the last one of X-Forwarded-For: a proxy of yours stands before
    #[arg(long)]
    behind_proxy: bool,
}

/// So many in so much time; none for any number.
#[derive(Clone, Copy, Debug)]
struct Rate(Option<RateLimit>);

fn rate(text: &str) -> Result<Rate, String> {
    if text == "0" {
        return Ok(Rate(None));
    }
    let wrong = || "a rate is a number and a time, 600/10s; 0 for any number".to_owned();
    let (number, time) = text.split_once('/').ok_or_else(wrong)?;
    let requests = number.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
    let window = duration(time)?;
    match window {
        Duration::ZERO => Err(wrong()),
        window => Ok(Rate(Some(RateLimit { requests, window }))),
    }
}

impl PlaceArgs {
    /// The database that a flag or the variable names.
    ///
    /// # Errors
    /// Exit 2 where that is none.
    pub fn get(&self) -> Result<Option<DatabaseUrl>, CliError> {
        match &self.database {
            Some(database) => Ok(Some(database.clone())),
            None => Self::of_variable(),
        }
    }

    fn of_variable() -> Result<Option<DatabaseUrl>, CliError> {
        let Some(text) = env::DATABASE.get()? else { return Ok(None) };
        let parsed = text.parse().map_err(|error| {
            CliError::usage(format!("the variable {}: {error}", env::DATABASE.0))
        })?;
        Ok(Some(parsed))
    }

    /// It, which has to be given.
    ///
    /// # Errors
    /// Exit 2 without one.
    pub fn required(&self) -> Result<DatabaseUrl, CliError> {
        self.get()?.ok_or_else(|| {
            CliError::usage("which database is not said")
                .hint(format!("--database sqlite:FILE, or set {}", env::DATABASE.0))
        })
    }
}

impl TrustArgs {
    /// Who is believed, and the chain id of the texts.
    ///
    /// # Errors
    /// Exit 2 where there is nobody to ask; those of the node.
    pub fn checker(&self, names: Vec<Name>, context: &Context) -> Result<Checker, CliError> {
        let network = context.settings.network(None).0.chain_id();
        if let Some(owner) = self.owner {
            let chain_id = self.chain_id.or(network).unwrap_or(1);
            return Ok(Checker::new(Owners::Told(owner), chain_id, names));
        }
        let Some(rpc) = self.rpc.open(context, &context.http()?)? else {
            let message = "who owns a name is not known: whoever posts would be believed";
            return Err(CliError::new(Exit::Usage, ErrorKind::NoRpc, message)
                .hint(format!("{}; or --owner ADDRESS", how_to_give(context))));
        };
        let asked = rpc.clone();
        let of_chain = context.block_on(async move { Ok(asked.check_chain_id(None).await?) })?;
        let chain_id = self.chain_id.unwrap_or(of_chain);
        Ok(Checker::new(Owners::Chain(Box::new(ChainOwners::new(rpc))), chain_id, names))
    }
}

impl DatabaseArgs {
    /// The database, where one is wanted.
    ///
    /// # Errors
    /// Exit 2 where the variable has none.
    pub fn database(&self) -> Result<Option<DatabaseUrl>, CliError> {
        self.place.get()
    }

    /// Without a database these flags mean nothing.
    ///
    /// # Errors
    /// Exit 2 where one is given.
    pub fn refuse(&self) -> Result<(), CliError> {
        let given = [
            ("--owner", self.trust.owner.is_some()),
            ("--chain-id", self.trust.chain_id.is_some()),
            ("--name", !self.names.is_empty()),
            ("--roster", self.roster.is_some()),
            ("--address-rate", self.address_rate.is_some()),
            ("--name-rate", self.name_rate.is_some()),
            ("--behind-proxy", self.behind_proxy),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((flag, _)) => {
                Err(CliError::usage(format!("{flag} has a meaning only with --database"))
                    .hint("leave it out, or give --database sqlite:FILE"))
            }
            None => Ok(()),
        }
    }

    fn limits(&self) -> GatewayLimits {
        let usual = GatewayLimits::default();
        GatewayLimits {
            by_address: self.address_rate.map_or(usual.by_address, |rate| rate.0),
            by_name: self.name_rate.map_or(usual.by_name, |rate| rate.0),
            behind_proxy: self.behind_proxy,
            ..usual
        }
    }
}

/// Answers until Ctrl-C.
pub fn run(
    database: DatabaseUrl,
    listen: SocketAddr,
    tls: Option<TlsFiles>,
    args: &DatabaseArgs,
    context: &Context,
) -> Result<Outcome, CliError> {
    let checker = args.trust.checker(args.names.clone(), context)?;
    let limits = args.limits();
    let roster = args.roster.as_deref().map(of_workspace).transpose()?;
    until_ctrl_c(context, async |stop| {
        let store = Store::open(&database).await?;
        let config = GatewayConfig { store, checker, roster, listen, tls, limits };
        let gateway = Gateway::bind(config).await?;
        context.output.first_line(ServeReport { url: gateway.url() })?;
        context.output.note(format_args!("records are kept in {database}; it runs until Ctrl-C"));
        gateway.run(stop).await;
        Ok(())
    })
}

fn of_workspace(dir: &Path) -> Result<Roster, CliError> {
    Roster::of(dir).map_err(|error| match error {
        WorkspaceError::NotFound(_) => {
            let message =
                format!("--roster {} is no workspace: it has no {CONFIG_FILE}", dir.display());
            CliError::new(Exit::Usage, ErrorKind::NoWorkspace, message)
                .hint("give the folder of namesys.toml, records.toml, .well-known and phases")
        }
        error => error.into(),
    })
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::Open { .. } => "is it there, and may this user use it?",
            StoreError::Tables { .. } => {
                "another program's, or a newer namesys's: give another one"
            }
            StoreError::Driver(_) => "the same again, when it answers",
            StoreError::Row(_) => "restore it from a backup: namesys serve import",
        };
        Self::new(Exit::Failed, ErrorKind::Io, error.to_string()).hint(hint)
    }
}

impl From<GatewayError> for CliError {
    fn from(error: GatewayError) -> Self {
        let (exit, kind) = match &error {
            GatewayError::Listen { .. } => (Exit::Failed, ErrorKind::Io),
            GatewayError::Tls(_) => (Exit::Usage, ErrorKind::BadConfig),
        };
        Self::new(exit, kind, error.to_string())
    }
}
