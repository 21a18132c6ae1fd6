//! Workspaces of one key do what their users do, on a network with faults, and a model knows who
//! saw which value: nothing is lost that somebody did not know and let go
//! ([the model](namesys::spec::published)).
//!
//! `NAMESYS_STEPS` does more, or fewer, of it; `NAMESYS_SEED` does others.
//!
//! | file | what it is |
//! | --- | --- |
//! | `mind` | what the model knows, and what it holds a publication and a pull to |
//! | `taps`, `network` | the network with somebody at every door, and what happens there |
//! | `world` | workspaces, and what is published |
//! | `commands`, `publishing`, `air_gap`, `pulling` | the commands of the binary, as it asks the library for them |
//! | `steps`, `rest` | what users do: commands, commits, checkouts, losses, jobs of CI, clones |
//! | `files` | the files of a workspace as git has them |

mod air_gap;
mod commands;
mod files;
mod mind;
mod network;
mod publishing;
mod pulling;
mod random;
mod rest;
mod steps;
mod taps;
mod world;

use std::time::Instant;

use commands::NEEDLESS;
use world::{Counts, Mutation, World};

/// Steps between two times at rest.
const UNTIL_REST: usize = 100;
/// Steps in which the model finds a way of doing it wrong.
const TO_FIND: usize = 1000;

/// Each trial by its name.
pub const TRIALS: &[(&str, fn())] = &[
    ("model::nothing_is_lost", nothing_is_lost),
    ("model::every_mutation_is_found", every_mutation_is_found),
];

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |number| number.parse().unwrap())
}

/// Runs so many steps; what was wrong, with the log that led there.
fn run(seed: u64, steps: usize, mutation: Option<Mutation>) -> Result<Counts, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut world = World::new(seed, mutation);
    for (number, names) in [
        &["nick.eth"][..],
        &["other.eth"],
        &["nick.eth", "other.eth"],
        &["nick.eth", "other.eth"],
        &["nick.eth"],
    ]
    .into_iter()
    .enumerate()
    {
        let seat = world.sit(&format!("w{number}"), names);
        world.seats.push(Some(seat));
    }
    let mut ended = Ok(());
    for step in 0..steps {
        ended = runtime.block_on(world.step());
        if ended.is_ok() && (step + 1) % UNTIL_REST == 0 {
            ended = runtime.block_on(world.rest());
        }
        if let Err(fault) = &mut ended {
            let last = &world.log[world.log.len().saturating_sub(60)..];
            *fault = format!("{}\nseed {seed}, step {step}: {fault}", last.join("\n"));
            break;
        }
    }
    ended.map(|()| world.counts)
}

fn nothing_is_lost() {
    let (seed, steps) = (number("NAMESYS_SEED", 1), number("NAMESYS_STEPS", 1000));
    let start = Instant::now();
    match run(seed, steps as usize, None) {
        Ok(counts) => {
            eprintln!("model: seed {seed}, {steps} steps in {:?}: {counts:?}", start.elapsed());
            let count = |what: &str| counts.get(what).copied().unwrap_or_default();
            let tried = ["publish", "rollback", "--signed"]
                .map(|what| count(what) + count(&format!("{what}: refused")));
            assert!(count(NEEDLESS) * 20 < tried.iter().sum(), "{counts:?}");
        }
        Err(fault) => panic!("{fault}"),
    }
}

fn every_mutation_is_found() {
    use Mutation::{
        GuardOff, HistoryAsBase, ParallelPuts, RollbackUnguarded, ValidityInNanoseconds,
    };
    let seed = number("NAMESYS_SEED", 1);
    for mutation in
        [GuardOff, HistoryAsBase, ParallelPuts, ValidityInNanoseconds, RollbackUnguarded]
    {
        match run(seed, TO_FIND, Some(mutation)) {
            Ok(counts) => panic!("{mutation:?} was not found: {counts:?}"),
            Err(fault) => {
                eprintln!("{mutation:?}: {}", fault.lines().next_back().unwrap_or_default())
            }
        }
    }
}
