//! `complete names`: what shells ask for while a person types; hidden.

use std::collections::HashSet;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Outcome;
use crate::cli::session::Session;

/// `complete …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is asked for
    #[arg(value_enum)]
    what: What,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum What {
    /// The workspace's names, and those under them that have records
    Names,
}

/// One a line; nothing where there is no workspace, or it cannot be read.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let What::Names = args.what;
    let mut names: Vec<String> = Vec::new();
    if let Ok(session) = Session::open(context) {
        names.extend(session.config.names().iter().map(ToString::to_string));
        if let Ok(records) = session.workspace.records(&session.config) {
            names.extend(records.all().map(|(name, _, _)| name.to_string()));
        }
    }
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
    context.output.raw(lines.as_bytes())
}
