//! `doctor`: probes every endpoint, the chain and the clock with real requests, and says what to
//! do about each failure.

mod advice;
mod chain;
mod databases;
mod services;
mod sites;

use std::io::{self, Write};

use namesys::net::beside;
use namesys::report::{CheckReport, DoctorReport, ErrorKind};

use crate::cli::context::Context;
use crate::cli::endpoints::{DatabaseArgs, GatewayArgs, PublisherArgs, SiteArgs, UploadArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::{Session, parse_name};
use crate::cli::words::{Tone, state};

/// `doctor …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name to look at on chain; default: the workspace's
    name: Option<String>,
    /// The chain that is expected [default: the workspace's]
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
    /// Ask gateways in private networks too, where a contract names them
    #[arg(long)]
    allow_private_gateways: bool,
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    publishers: PublisherArgs,
    #[command(flatten)]
    sites: SiteArgs,
    #[command(flatten)]
    databases: DatabaseArgs,
    #[command(flatten)]
    gateways: GatewayArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Probes everything; what fails does not stop the rest.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open_if_any(context)?;
    let names = match (&args.name, &session) {
        (Some(name), _) => vec![parse_name(context, name)?],
        (None, Some(session)) => session.config.names().to_vec(),
        (None, None) => Vec::new(),
    };
    let chain = chain::Chain::open(&args, &names, session.as_ref(), context)?;
    let services = services::Services::open(&args, names.first(), session.as_ref(), context)?;
    let checks = context.block_on(async {
        let (mut checks, others) = tokio::join!(chain.probe(), services.probe());
        checks.extend(others);
        Ok(checks)
    })?;
    let failed = checks.iter().filter(|check| !check.ok).count();
    let error = (failed > 0).then(|| {
        let message = format!("{failed} of {} checks failed", checks.len());
        let hints = checks.iter().filter(|check| !check.ok);
        let hint = hints.filter_map(|check| check.hint.clone()).next();
        CliError { hint, ..CliError::new(Exit::Failed, ErrorKind::ChecksFailed, message) }
    });
    Ok(Outcome::partial(DoctorReport { checks }, error))
}

/// A probe that found what it should.
fn good(what: impl Into<String>, detail: impl Into<String>) -> CheckReport {
    CheckReport { what: what.into(), ok: true, skipped: false, detail: detail.into(), hint: None }
}

/// What was not probed, and how it would be.
fn skipped(
    what: impl Into<String>,
    detail: impl Into<String>,
    hint: impl Into<String>,
) -> CheckReport {
    CheckReport { skipped: true, hint: Some(hint.into()), ..good(what, detail) }
}

/// A probe that did not, and what to do.
fn bad(what: impl Into<String>, detail: impl Into<String>, hint: impl Into<String>) -> CheckReport {
    let hint = Some(hint.into());
    CheckReport { what: what.into(), ok: false, skipped: false, detail: detail.into(), hint }
}

impl Human for DoctorReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for check in &self.checks {
            let word = match (check.ok, check.skipped) {
                (true, false) => state(Tone::Good, "ok     "),
                (true, true) => state(Tone::Open, "skipped"),
                (false, _) => state(Tone::Bad, "FAILED "),
            };
            let detail = beside(&check.what, &check.detail).replace("\n  ", " ");
            writeln!(out, "{word} {}: {}", shown(&check.what), shown(&detail))?;
            if let Some(hint) = &check.hint {
                writeln!(out, "        {}", shown(hint))?;
            }
        }
        Ok(())
    }
}
