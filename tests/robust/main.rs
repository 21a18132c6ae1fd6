//! What comes from outside is broken, hostile or cut short: bytes of every format, faults of the
//! system at every step of every command, and a workspace of another user; and what many workspaces
//! of one key do at once loses nothing.
//!
//! What the machine cannot do is listed as ignored, with what to install; with `CI=true` it fails.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod browser;
mod database;
mod devices;
mod every_command;
#[path = "../support/faults.rs"]
mod faults;
mod fuzz;
mod gateway;
mod index;
mod invoice;
mod model;
mod owners;
#[path = "../support/place.rs"]
mod place;
mod posted_to;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../support/process.rs"]
mod process;
mod seeds;
mod setup;
mod stealth;
mod targets;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// What is not there for a trial.
type Missing = fn() -> Option<String>;

/// Trials that not every machine can do.
const TRIALS: &[(&str, Missing, fn())] = &[
    (
        "every_command::faults_at_every_step",
        every_command::missing,
        every_command::faults_at_every_step,
    ),
    ("database::faults_at_every_step", every_command::missing, database::faults_at_every_step),
    ("setup::faults_at_every_step", setup::missing, setup::faults_at_every_step),
    ("setup::write_with_faults", setup::missing, setup::write_with_faults),
    ("setup::pay_with_faults", setup::missing, setup::pay_with_faults),
    ("setup::stealth_pay_with_faults", setup::missing, setup::stealth_pay_with_faults),
    (
        "owners::a_workspace_of_another_user_is_refused_where_it_is_found",
        owners::missing,
        owners::a_workspace_of_another_user_is_refused_where_it_is_found,
    ),
    (
        "owners::an_agent_tells_another_user_nothing",
        owners::missing,
        owners::an_agent_tells_another_user_nothing,
    ),
    (
        "owners::a_folder_that_may_not_be_read_is_not_called_empty",
        owners::missing,
        owners::a_folder_that_may_not_be_read_is_not_called_empty,
    ),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> =
        TRIALS.iter().map(|(name, missing, run)| trial(name, *missing, *run)).collect();
    let others = fuzz::TRIALS.iter().chain(model::TRIALS);
    trials.extend(others.map(|(name, run)| trial(name, || None, *run)));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, missing: Missing, run: fn()) -> Trial {
    Trial::ignorable_test(name, move || match missing() {
        // Nobody can see what was not tried: where every commit is tested it must be.
        Some(missing) if std::env::var_os("CI").is_some() => {
            Err(Failed::from(format!("{missing}, and CI is set")))
        }
        Some(missing) => Ok(Completion::ignored_with(missing)),
        None => {
            run();
            Ok(Completion::Completed)
        }
    })
}
