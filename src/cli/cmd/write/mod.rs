//! `write`: has records written wherever their resolver says.

mod args;
mod chains;
mod course;
mod database;
mod explain;
mod fate;
mod ipns;
mod ipns_elsewhere;
mod ipns_keys;
mod ipns_read;
mod keys;
mod messages;
mod own;
mod read_back;
mod show;
mod subjects;
mod texts;
mod transactions;

use std::cell::OnceCell;

use namesys::ens::Name;
use namesys::report::{WriteNamesReport, WriteReport};

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
pub use args::Args;
use chains::Chains;
use course::Course;

/// A name of which nothing could be said.
fn failed(name: &Name, error: &CliError) -> WriteReport {
    let (name, failed) = (Some(name.to_string()), Some(error.message.clone()));
    WriteReport { name, failed, ..WriteReport::default() }
}

/// Of several names each error says whose it is.
fn of_name(name: &Name, error: CliError) -> CliError {
    CliError { message: format!("{name}: {}", error.message), ..error }
}

/// The first of the worst.
fn worst(failures: Vec<CliError>) -> Option<CliError> {
    let exit = Exit::worst(failures.iter().map(|failure| failure.exit))?;
    failures.into_iter().find(|failure| failure.exit == exit)
}

/// Explains a revert, or writes.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    if let Some(revert) = &args.explain {
        return explain::run(revert);
    }
    let subjects = subjects::read(&args, context)?;
    let chains = Chains::open(&args, context)?;
    let wallet = args.wallet.open(context)?;
    let own = OnceCell::new();
    let course = Course { args: &args, context, chains: &chains, wallet: &wallet, own };
    if let [subject] = &subjects[..] {
        let (report, error) = course.write(subject)?;
        return Ok(Outcome::partial(report, error));
    }
    let (mut names, mut failures) = (Vec::new(), Vec::new());
    for subject in &subjects {
        let (report, error) = match course.write(subject) {
            Ok(ended) => ended,
            Err(error) => (failed(&subject.name, &error), Some(error)),
        };
        names.push(report);
        failures.extend(error.map(|error| of_name(&subject.name, error)));
    }
    Ok(Outcome::partial(WriteNamesReport { names }, worst(failures)))
}
