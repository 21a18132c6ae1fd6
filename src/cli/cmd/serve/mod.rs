//! `serve`: the signed tree over HTTP, or a database that takes signed records.

mod backup;
mod database;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use namesys::ens::WELL_KNOWN;
use namesys::report::ServeReport;
use namesys::serve::{ServeConfig, ServeLimits, Server, TlsFiles};

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};
use crate::cli::session::Session;

/// `serve`
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    backup: Option<Backup>,
    /// A folder that holds .well-known, such as one that publish --to https fills [default: the
    /// workspace]
    // Not `dir`, which is the global flag's: they would be one value.
    #[arg(value_name = "DIR", conflicts_with = "database")]
    folder: Option<PathBuf>,
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The certificate, and those that vouch for it
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    database: database::DatabaseArgs,
}

/// All records of a database, and back.
#[derive(Debug, clap::Subcommand)]
enum Backup {
    /// Write all records of a database as lines of JSON
    Export(backup::ExportArgs),
    /// Take the records of such lines that verify and are newer than what is there
    Import(backup::ImportArgs),
}

/// Serves until Ctrl-C or SIGTERM; requests under way are answered then.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    match args.backup {
        Some(Backup::Export(args)) => return backup::export(args, context),
        Some(Backup::Import(args)) => return backup::import(args, context),
        None => {}
    }
    let tls = match (args.tls_cert, args.tls_key) {
        (Some(certificates), Some(key)) => Some(TlsFiles { certificates, key }),
        _ => None,
    };
    if args.folder.is_none()
        && let Some(database) = args.database.database()?
    {
        return database::run(database, args.listen, tls, &args.database, context);
    }
    args.database.refuse()?;
    let dir = match args.folder {
        Some(folder) => folder,
        None => Session::open(context)?.workspace.dir().to_owned(),
    };
    if !dir.join(WELL_KNOWN).is_dir() {
        let dir = dir.display();
        context.output.warn(format_args!(
            "there is no {WELL_KNOWN} in {dir}: nothing is signed yet, and every answer is 404 \
             until namesys sign has made it"
        ));
    }
    let limits = ServeLimits::default();
    let config =
        ServeConfig { dir, listen: args.listen, tls, limits, own_keys: context.own_keys() };
    until_ctrl_c(context, async |stop: Stop<'_>| {
        let server = Server::bind(config).await?;
        context.output.first_line(ServeReport { url: server.url() })?;
        context.output.note("only .well-known is served; it runs until Ctrl-C");
        server.run(stop).await;
        Ok(())
    })
}

/// Done when the server is to stop.
type Stop<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs a server until Ctrl-C, which is how it is meant to end.
fn until_ctrl_c(
    context: &Context,
    serve: impl AsyncFnOnce(Stop<'_>) -> Result<(), CliError>,
) -> Result<Outcome, CliError> {
    let interrupted = AtomicBool::new(false);
    context.block_on_told(async |ctrl_c| {
        let stop = Box::pin(async {
            interrupted.store(!ctrl_c.pressed().await, Ordering::Relaxed);
            context.output.note("it stops: requests under way are answered first");
        });
        serve(stop).await
    })?;
    Ok(if interrupted.into_inner() { Outcome::stopped() } else { Outcome::written() })
}

impl Human for ServeReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.url)
    }
}
