//! `plan`: what is to be signed and published, without the keys; nothing is changed.

mod ahead;
mod database_report;
mod databases;
mod lines;
pub mod report;
pub mod survey;

use std::path::{Path, PathBuf};

use alloy_primitives::U256;
use namesys::ens::WELL_KNOWN;
use namesys::ipfs::ROOT_FOLDER;
use namesys::ipns::Validity;

use crate::cli::cmd::publish::author_args::validity_or_default;
use crate::cli::cmd::publish::fan_out::FanOut;
use crate::cli::cmd::publish::publication::PermissionArgs;
use crate::cli::context::Context;
use crate::cli::endpoints::{DatabaseArgs, GatewayArgs, PublisherArgs, UploadArgs};
use crate::cli::error::CliError;
use crate::cli::output::Outcome;
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::Session;
use crate::cli::values::{validity, write_file};
use report::report;
use survey::{Services, survey};

/// `plan …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the plan into a file, for apply FILE: it permits what it lists, the losses too; not
    /// where something in it is not known
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 10 where there is something to do, and with 0 where there is nothing
    #[arg(long)]
    exit_code: bool,
    /// Until when a new record would be valid, or for how long (90d) [default: a year on, rounded
    /// down to the hour]
    #[arg(long, value_name = "RFC3339|DURATION", value_parser = validity)]
    validity: Option<Validity>,
    /// Show also what setup would send to the chain, simulated, and its cost
    #[arg(long)]
    chain: bool,
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    publishers: PublisherArgs,
    #[command(flatten)]
    gateways: GatewayArgs,
    #[command(flatten)]
    databases: DatabaseArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Asks, compares and shows.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    if let Some(out) = &args.out {
        refuse_published(out, session.workspace.dir())?;
    }
    let fan_out = FanOut::to_ask(context, &session.config, &args.publishers, &args.gateways)?;
    let fan_out = fan_out.reading(&args.uploads, context, Some(&session.config))?;
    // Without its token a service cannot be asked what it has; the rest is planned all the same.
    let mut uploads = Vec::new();
    for chosen in args.uploads.each(context, Some(&session.config))? {
        match chosen.upload {
            Ok(upload) => uploads.push(upload),
            Err(error) => context
                .output
                .warn(format_args!("an upload is left out of the plan: {}", error.message)),
        }
    }
    let databases = args.databases.each(context, &session.config)?;
    let may_loop = args.databases.may_loop();
    let backends = args.publishers.backends(context, Some(&session.config), may_loop);
    let backends = backends.unwrap_or_else(|error| {
        context.output.warn(format_args!("a backend is left out of the plan: {}", error.message));
        Vec::new()
    });
    let services = Services {
        fan_out: &fan_out,
        uploads: &uploads,
        databases: &databases,
        backends: &backends,
    };
    let permission = PermissionArgs::default().get(Some(&session));
    let validity = validity_or_default(args.validity.as_ref());
    let mut survey = survey(context, &session, services, validity, &permission)?;
    if args.chain {
        survey.ask_the_chain(context, &session, &args.rpc, U256::MAX)?;
    }
    survey.warn(context);
    survey.warn_of_refusals(context);
    let problem = survey.problem.take().or_else(|| survey.unknown_database.take());
    let mut report = report(&survey, &session.config);
    let to_do = report.to_do;
    // What is not known cannot be agreed to.
    if let Some(out) = args.out.as_ref().filter(|_| problem.is_none()) {
        write_file(out, survey.file.to_json().as_bytes())?;
        report.written = Some(out.display().to_string());
    }
    let outcome = Outcome::partial(report, problem);
    Ok(outcome.differing(args.exit_code && to_do))
}

/// A plan among the files that are published would be one of them, and another than was planned.
fn refuse_published(out: &Path, workspace: &Path) -> Result<(), CliError> {
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    let failed = |error| CliError::io(format!("{} cannot be found", out.display()), &error);
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let (folder, workspace) = (real(folder).map_err(failed)?, real(workspace).map_err(failed)?);
    let is_in = |part: &str| folder.starts_with(workspace.join(part));
    if !is_in(WELL_KNOWN) && !is_in(ROOT_FOLDER) {
        return Ok(());
    }
    let message = format!("{} would be published: a plan is no part of the tree", out.display());
    Err(CliError::usage(message).hint("choose a place outside of .well-known and root"))
}
