//! `name add`, `name remove`, `name list`: the names of a workspace.

use std::io::{self, Write};
use std::path::Path;

use namesys::ens::Name;
use namesys::publish::Source;
use namesys::published::BaseFile;
use namesys::record::PathMeaning;
use namesys::report::{ErrorKind, NamesReport};
use namesys::workspace::{
    Adopted, Change, Config, Facts, NamesError, RecordState, Records, SignedFile, TreeEntry,
    Workspace, adopt, plan, walk,
};

use super::init::name_of_workspace;
use super::list::expected;
use super::pack::measure;
use super::verify::check;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::session::{Session, parse_name};

/// Files shown to a person; JSON has them all.
const SHOWN: usize = 20;

/// `name …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: NameCommand,
}

#[derive(Debug, clap::Subcommand)]
enum NameCommand {
    /// Add names; what is signed of them already, and verifies, is wanted from then on
    Add {
        /// The ENS names
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
    /// Take a name away that has no records left
    Remove {
        /// The ENS name
        #[arg(value_name = "NAME")]
        name: String,
        /// Its signed files stay as they are, and published
        #[arg(long)]
        keep: bool,
    },
    /// Show the names
    List,
}

/// Runs one of them.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    match args.command {
        NameCommand::Add { names } => add(session, &names, context),
        NameCommand::Remove { name, keep } => remove(session, &name, keep, context),
        NameCommand::List => Ok(Outcome::done(report(&session.config))),
    }
}

fn report(config: &Config) -> NamesReport {
    let names = config.names().iter().map(ToString::to_string).collect();
    NamesReport { names, ..NamesReport::default() }
}

fn add(mut session: Session, given: &[String], context: &Context) -> Result<Outcome, CliError> {
    let of = |given: &String| name_of_workspace(context, given, "name add");
    let names: Vec<Name> = given.iter().map(of).collect::<Result<_, _>>()?;
    let _lock = session.lock()?;
    let Session { workspace, mut config } = session;
    names.iter().try_for_each(|name| config.add_name(name.clone()))?;
    // Also what an `add` that was cut short left there.
    let mut records = workspace.records(&config)?;
    let facts = Facts::of(&config);
    let adopted = match facts.have_owner() {
        true => {
            let checked = check(&facts, context, workspace.dir())?;
            adopt(&workspace, &mut config, &mut records, &names, checked)
        }
        false => {
            check_nothing_there(workspace.dir(), &names)?;
            Adopted::default()
        }
    };
    // The records first: a name without them would have its files removed by `sign`.
    if !adopted.taken.is_empty() {
        workspace.save_records(&records)?;
    }
    workspace.save_config(&config)?;
    let Adopted { taken, left } = adopted;
    Ok(Outcome::done(NamesReport { taken, invalid: left, ..report(&config) }))
}

/// Without an owner nothing verifies, and what is signed of a name would go with the next `sign`.
fn check_nothing_there(dir: &Path, names: &[Name]) -> Result<(), CliError> {
    for name in names {
        if signed_of(walk(dir)?, name).is_empty() {
            continue;
        }
        let message = format!(
            "there are signed files of {name}, and who owns the name is not known: they could not \
             be taken over, and namesys sign would remove them"
        );
        return Err(CliError::usage(message).hint(
            "namesys keygen records the wallet; or write owner = \"0x…\" into namesys.toml",
        ));
    }
    Ok(())
}

fn remove(
    mut session: Session,
    given: &str,
    keep: bool,
    context: &Context,
) -> Result<Outcome, CliError> {
    let name = parse_name(context, given)?;
    let _lock = session.lock()?;
    let Session { workspace, mut config } = session;
    let mut with = config.clone();
    if let Err(error) = config.remove_name(&name) {
        // Of a `remove` that was cut short the records are still there.
        let is_gone =
            matches!(error, NamesError::NotThere(_)) && with.add_name(name.clone()).is_ok();
        if !is_gone || workspace.records(&config).is_ok() {
            return Err(error.into());
        }
    } else if config.name() != with.name() && !config.sites.is_empty() {
        let message = format!("the lists of what web hosts have of this workspace are {name}'s");
        return Err(CliError::usage(message)
            .hint("take [[sites]] out of namesys.toml, and remove what is on the hosts"));
    }
    let mut records = workspace.records(&with)?;
    let wanted = records.all().filter(|(other, ..)| other.is_or_is_under(&name)).count();
    let signed = signed_of(walk(workspace.dir())?, &name);
    if keep {
        check_signed(&workspace, &with, &records, &name)?;
    } else {
        check_nothing_left(&name, wanted, signed.len())?;
        check_published(&workspace, &with, context)?;
    }
    // The configuration first: with the name and without its records, `sign` removes the files.
    workspace.save_config(&config)?;
    if records.forget(&name) {
        workspace.save_records(&records)?;
    }
    Ok(Outcome::done(NamesReport { kept: signed, ..report(&config) }))
}

/// The signed files of a name and those under it.
fn signed_of(tree: Vec<TreeEntry>, name: &Name) -> Vec<SignedFile> {
    let of_name = |TreeEntry { path, meaning }| {
        let records = match meaning {
            PathMeaning::Records(candidates) => candidates,
            PathMeaning::Legacy(name, key) => vec![(name, key)],
            PathMeaning::Fault(_) | PathMeaning::Foreign => return None,
        };
        let mut records = records.into_iter();
        let (name, key) = records.find(|(other, _)| other.is_or_is_under(name))?;
        Some(SignedFile { name, key, path })
    };
    tree.into_iter().filter_map(of_name).collect()
}

/// What stays published is what is wanted: what is not signed would be forgotten.
fn check_signed(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    name: &Name,
) -> Result<(), CliError> {
    let changes = plan(workspace, config, records, &expected(config))?;
    let is_open = |change: &&Change| {
        let is_signed = matches!(change.state, RecordState::Signed | RecordState::Removed);
        change.name.is_or_is_under(name) && !is_signed
    };
    let mut open = changes.iter().filter(is_open);
    let Some(Change { name: of, key, .. }) = open.next() else { return Ok(()) };
    let message = format!(
        "{} records of {name} are wanted and not signed so, {of} {key} among them: they would be \
         forgotten",
        open.count() + 1
    );
    Err(CliError::new(Exit::Failed, ErrorKind::RecordsLeft, message).hint(
        "namesys sign signs them, namesys unset takes one back, namesys diff lists them; then \
         remove the name",
    ))
}

fn check_nothing_left(name: &Name, wanted: usize, signed: usize) -> Result<(), CliError> {
    let message = match (wanted, signed) {
        (0, 0) => return Ok(()),
        (0, signed) => format!("{signed} files of {name} are still signed"),
        (wanted, _) => format!("records.toml still wants {wanted} records of {name}"),
    };
    Err(CliError::new(Exit::Failed, ErrorKind::RecordsLeft, message).hint(format!(
        "unset them, then namesys sign and namesys publish; or let them stay published as they \
         are: namesys name remove {name} --keep"
    )))
}

/// What is published of the name is gone there too: later it would be lost.
fn check_published(
    workspace: &Workspace,
    config: &Config,
    context: &Context,
) -> Result<(), CliError> {
    let Some(ipns) = &config.keys().ipns_name else { return Ok(()) };
    let Some(base) = BaseFile::read(workspace)?.of(ipns).base else { return Ok(()) };
    let source = Source::WellKnown(workspace.dir().to_owned());
    if measure(context, &source)?.root == *base.root() {
        return Ok(());
    }
    let message = "what is signed here is not what was last seen published: records of the name \
                   may still be there";
    Err(CliError::new(Exit::Failed, ErrorKind::RecordsLeft, message)
        .hint("namesys publish, then remove the name; or --keep"))
}

impl Human for NamesReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for name in &self.names {
            writeln!(out, "{name}")?;
        }
        for (files, what) in [
            (&self.taken, "was signed already; records.toml wants it now"),
            (&self.kept, "stays as it is signed"),
        ] {
            for file in files.iter().take(SHOWN) {
                writeln!(out, "{} {}: {what}", file.name, shown(&file.key.to_string()))?;
            }
            if files.len() > SHOWN {
                writeln!(out, "… and {} more", files.len() - SHOWN)?;
            }
        }
        for path in self.invalid.iter().take(SHOWN) {
            writeln!(out, "{}: does not verify, and stays as it is", shown(path))?;
        }
        if self.invalid.len() > SHOWN {
            writeln!(out, "… and {} more", self.invalid.len() - SHOWN)?;
        }
        Ok(())
    }
}
