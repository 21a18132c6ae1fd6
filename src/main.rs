//! `namesys`: parse, run, render, exit. Everything else is in the library and in `cli/`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::core_dumps::disable();
    let output = cli::output::Output::from_arguments();
    match cli::parse(&output) {
        Ok((command, mut context)) => {
            let since = std::time::Instant::now();
            let outcome = cli::guarded(|| cli::run(command, &context));
            context.close_browser(outcome.as_ref().is_ok_and(cli::output::Outcome::is_good));
            if outcome.as_ref().is_ok_and(cli::output::Outcome::is_good)
                && !context.remembered.get()
            {
                context.output.warn(
                    "nothing is remembered: no key of the workspace was derived here; namesys keygen \
                     --remember derives both",
                );
            }
            context.keep_index();
            tracing::info!("{} took {} ms", context.command, since.elapsed().as_millis());
            let code = context.output.finish(outcome);
            // The system takes back a million pieces of memory faster than they are given back.
            std::mem::forget(context.opened.take());
            code
        }
        Err(parsed) => parsed,
    }
}
