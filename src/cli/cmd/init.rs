//! `init NAME…`

use std::io::{self, Write};

use namesys::ens::Name;
use namesys::keys::Storage;
use namesys::report::InitReport;
use namesys::workspace::{Config, Workspace};

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};
use crate::cli::session::parse_name;
use crate::cli::suggest::storages;

/// `init …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The ENS name; several with wallet storage, where one pair of keys serves all of them
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Whose keys: domain (one pair for the name) or wallet (one pair for all the wallet's names)
    #[arg(long, value_name = "STORAGE", default_value_t, value_parser = storages())]
    storage: Storage,
    /// The records signer's storage, where it differs
    #[arg(long, value_name = "STORAGE", value_parser = storages())]
    signer_storage: Option<Storage>,
    /// The chain whose id stands in the texts that are signed [default: 1, or that of --network]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=i64::MAX as u64))]
    chain_id: Option<u64>,
}

/// Makes the workspace.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let names: Vec<Name> = args
        .names
        .iter()
        .map(|name| name_of_workspace(context, name, "init"))
        .collect::<Result<_, _>>()?;
    let dir = match &context.dir {
        Some(dir) => dir.clone(),
        None => std::env::current_dir()
            .map_err(|error| CliError::io("the current folder is not there", &error))?,
    };
    let signer_storage = args.signer_storage.unwrap_or(args.storage);
    let chain_id = args.chain_id.or(context.settings.network(None).0.chain_id()).unwrap_or(1);
    let Some((first, others)) = names.split_first() else {
        return Err(CliError::usage("which name?"));
    };
    let mut config = Config::new(first.clone(), args.storage, signer_storage, chain_id);
    others.iter().try_for_each(|name| config.add_name(name.clone()))?;
    let workspace = Workspace::init(&dir, &config)?;
    let dir = workspace.dir().display().to_string();
    let names = config.names().iter().map(ToString::to_string).collect();
    Ok(Outcome::done(InitReport { dir, name: config.name().to_string(), names }))
}

/// A name that a workspace can have.
pub fn name_of_workspace(context: &Context, given: &str, command: &str) -> Result<Name, CliError> {
    let name = parse_name(context, given)?;
    name.check_folder()?;
    match name.parent() {
        Some(_) => Ok(name),
        None => {
            let message =
                format!("{name} is a top-level domain, which no records are published of");
            let hint = format!("did you mean {name}.eth? namesys {command} {name}.eth");
            Err(CliError::usage(message).hint(hint))
        }
    }
}

impl Human for InitReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "Made a workspace for {} in {}", self.names.join(", "), self.dir)?;
        let which = match self.names.len() {
            0 | 1 => String::new(),
            _ => format!(" --name {}", self.name),
        };
        writeln!(out, "Next: namesys set text avatar URL{which}, then namesys sign")
    }
}
