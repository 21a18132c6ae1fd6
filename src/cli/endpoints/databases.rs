//! The gateways of databases that signed records are posted to.

use clap::Args;
use namesys::net::Guard;
use namesys::publish::database::DatabaseGateway;
use namesys::workspace::{Config, DatabaseAddress, Network};

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// The flags of databases.
#[derive(Debug, Args)]
pub struct DatabaseArgs {
    /// A gateway that takes signed records into a database (serve --database); may be given more
    /// than once [default: [[databases]] of namesys.toml]
    #[arg(long, value_name = "URL")]
    database_url: Vec<DatabaseAddress>,
    /// Post also to a gateway on this machine, and without TLS there, as --network devnet does
    #[arg(long)]
    allow_loopback: bool,
}

/// A gateway that was chosen.
pub struct ChosenDatabase {
    /// Its address.
    pub address: String,
    /// The gateway, or why it is not to be asked.
    pub gateway: Result<DatabaseGateway, CliError>,
}

impl DatabaseArgs {
    /// Whether a flag says which.
    pub fn are_given(&self) -> bool {
        !self.database_url.is_empty()
    }

    /// Whether what is on this machine may be posted to.
    pub fn may_loop(&self) -> bool {
        self.allow_loopback
    }

    /// The gateways; none where neither flags nor tables say any. Private addresses are asked only
    /// where a flag names them.
    ///
    /// # Errors
    /// Exit 2 for one that is not to be asked.
    pub fn get(
        &self,
        context: &Context,
        config: &Config,
    ) -> Result<Vec<DatabaseGateway>, CliError> {
        self.each(context, config)?.into_iter().map(|chosen| chosen.gateway).collect()
    }

    /// As [`get`](Self::get), also those that are not to be asked.
    ///
    /// # Errors
    /// Exit 2 for a network that is none.
    pub fn each(
        &self,
        context: &Context,
        config: &Config,
    ) -> Result<Vec<ChosenDatabase>, CliError> {
        let by_flag = !self.database_url.is_empty();
        let chosen = if by_flag { &self.database_url } else { &config.databases };
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let may_loop = self.allow_loopback || context.network()?.0 == Network::Devnet;
        let mut distinct: Vec<&DatabaseAddress> = Vec::new();
        for address in chosen {
            if !distinct.iter().any(|other| other.to_string() == address.to_string()) {
                distinct.push(address);
            }
        }
        let is_trusted = |address: &&&DatabaseAddress| by_flag || address.is_loopback();
        let trusted = distinct.iter().filter(is_trusted).map(|address| address.url().clone());
        let http = context.http_guarded(Some(Guard::trusting(trusted)))?;
        let gateway = |one: &&DatabaseAddress| {
            let checked = check(one, may_loop);
            let gateway = checked.map(|()| DatabaseGateway::new(one.url().clone(), http.clone()));
            ChosenDatabase { address: one.to_string(), gateway }
        };
        Ok(distinct.iter().map(gateway).collect())
    }
}

/// Refuses what is not to be posted to.
///
/// # Errors
/// Exit 2.
pub(super) fn check(address: &DatabaseAddress, may_loop: bool) -> Result<(), CliError> {
    if address.is_loopback() {
        return match may_loop {
            true => Ok(()),
            false => Err(CliError::usage(format!("{address} is on this machine"))
                .hint("if it is meant: --allow-loopback, or --network devnet")),
        };
    }
    match address.is_plain() {
        true => {
            Err(CliError::usage(format!("{address} has no TLS")).hint("give an https:// address"))
        }
        false => Ok(()),
    }
}
