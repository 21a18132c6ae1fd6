//! Gateways of databases that signed records are posted to: asked for what is signed here.

use namesys::ens::Name;
use namesys::publish::database::{
    DatabaseError, DatabaseGateway, DatabaseRecord, DatabaseSight, database_records,
    database_status,
};
use namesys::report::CheckReport;
use namesys::workspace::Facts;

use super::{bad, good};
use crate::cli::cmd::verify::check_known;
use crate::cli::context::Context;
use crate::cli::endpoints::{ChosenDatabase, DatabaseArgs};
use crate::cli::error::CliError;
use crate::cli::session::Session;

/// The gateways, and the records that they should have.
#[derive(Default)]
pub struct Databases {
    gateways: Vec<ChosenDatabase>,
    records: Vec<DatabaseRecord>,
}

impl Databases {
    /// Prepares; nothing is asked.
    pub fn open(
        args: &DatabaseArgs,
        session: &Session,
        context: &Context,
    ) -> Result<Self, CliError> {
        let gateways = args.each(context, &session.config)?;
        let facts = Facts::of(&session.config);
        let records = match gateways.is_empty() || !facts.have_owner() {
            true => Vec::new(),
            false => {
                let checked = check_known(&facts, context, &session.workspace)?;
                database_records(&session.workspace, checked)?.0
            }
        };
        Ok(Self { gateways, records })
    }

    /// Asks each, for a few of the records or, where none is signed here, for one of `name`.
    pub async fn probe(&self, name: Option<&Name>) -> Vec<CheckReport> {
        let mut checks = Vec::new();
        for ChosenDatabase { address, gateway } in &self.gateways {
            let what = format!("database {address}");
            checks.push(match gateway {
                Err(error) => {
                    let hint = error.hint.clone().unwrap_or_else(|| HINT.to_owned());
                    bad(what, error.message.clone(), hint)
                }
                Ok(gateway) => self.one(what, gateway, name).await,
            });
        }
        checks
    }

    async fn one(
        &self,
        what: String,
        gateway: &DatabaseGateway,
        name: Option<&Name>,
    ) -> CheckReport {
        let failed = |what: String, error: &DatabaseError| bad(what, error.to_string(), HINT);
        if self.records.is_empty() {
            let Some(name) = name else {
                return good(what, "not asked: it takes a name to ask for");
            };
            return match gateway.answers(name).await {
                Ok(()) => good(what, "it answers"),
                Err(error) => failed(what, &error),
            };
        }
        let DatabaseSight { asked, current, error, .. } =
            database_status(gateway, &self.records).await;
        match error {
            Some(error) => failed(what, &error),
            None if asked == current => {
                good(what, format!("it has the records ({asked} asked for)"))
            }
            None => {
                let detail = format!(
                    "it answers, and has {current} of {asked} records as they are signed here: \
                     namesys publish --to database"
                );
                good(what, detail)
            }
        }
    }
}

const HINT: &str = "is it a gateway that takes signed records (serve --database)? Start it, or give \
                    another: --database-url, [[databases]]";
