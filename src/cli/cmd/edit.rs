//! `edit`: `records.toml` in the user's editor, checked before it is saved.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use namesys::report::{EditReport, ErrorKind};
use namesys::workspace::{Draft, RECORDS_FILE, Records, records_faults};
use tokio::signal::unix::{SignalKind, signal};

use super::check::line;
use super::import::note_remarks;
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome};
use crate::cli::prompt;
use crate::cli::session::Session;

/// Without `VISUAL` and `EDITOR`, on a terminal.
const EDITOR: &str = "vi";
/// Faults shown.
const SHOWN: usize = 20;

/// `edit`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Edits a draft, and saves what is sound.
pub fn run(_args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let workspace = &session.workspace;
    let editor = editor()?;
    let withheld = context.settings.withheld();
    let before = workspace.records_text()?.unwrap_or_default();
    let draft = Draft::new(workspace, &before)?;
    let path = draft.path()?;
    let kept = |error: CliError| error.hint(format!("what you wrote is in {}", path.display()));
    let after = loop {
        open(&editor, &path, &withheld).map_err(kept)?;
        let after = draft.text().map_err(CliError::from).map_err(kept)?;
        let faults = records_faults(&after, session.config.names());
        if faults.is_empty() {
            break after;
        }
        let shown: Vec<String> = faults.iter().take(SHOWN).map(line).collect();
        let shown = shown.join("\n");
        if prompt::has_terminal() {
            context.output.ask_about(&shown);
            if prompt::confirm("This cannot be saved. Edit it again?", "").map_err(kept)? {
                continue;
            }
        }
        let message = format!("nothing was saved: it is wrong:\n{shown}");
        return Err(kept(CliError::new(Exit::Usage, ErrorKind::BadRecord, message)));
    };
    let _lock = workspace.lock().map_err(CliError::from).map_err(kept)?;
    let now = workspace.records_text().map_err(CliError::from).map_err(kept)?;
    if now.unwrap_or_default() != before {
        let message = format!("{RECORDS_FILE} was changed meanwhile; nothing was saved");
        return Err(kept(CliError::new(Exit::Failed, ErrorKind::Changed, message)));
    }
    let changed = after != before;
    if changed {
        let parse = |text: &str| Records::parse(text, session.config.names());
        let records = parse(&after).map_err(CliError::from).map_err(kept)?;
        // What was wrong before is new in any case.
        let known = parse(&before).or_else(|_| parse("")).map_err(CliError::from)?;
        note_remarks(context, &known, &records);
        workspace.save_records(&records).map_err(CliError::from).map_err(kept)?;
    }
    draft.remove()?;
    Ok(Outcome::done(EditReport { changed }))
}

/// The user's own editor, which may have arguments.
fn editor() -> Result<String, CliError> {
    let of = |variable: env::Var| {
        let text = variable.get()?;
        Ok::<_, CliError>(text.filter(|text| !text.trim().is_empty()))
    };
    match of(env::VISUAL)?.or(of(env::EDITOR)?) {
        Some(editor) => Ok(editor),
        None if prompt::has_terminal() => Ok(EDITOR.to_owned()),
        None => Err(CliError::usage("there is no terminal to edit in")
            .hint("set EDITOR to a program that edits the file it is given")),
    }
}

/// Waits for the editor, which has the terminal where there is one: keys such as Ctrl-C are its.
fn open(editor: &str, draft: &Path, withheld: &[String]) -> Result<(), CliError> {
    let deaf = |error: io::Error| CliError::io("signals cannot be waited for", &error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(deaf)?;
    let _entered = runtime.enter();
    let _signals = [SignalKind::interrupt(), SignalKind::quit()]
        .map(signal)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .map_err(deaf)?;
    let script = format!("{editor} \"$1\"");
    let mut command = Command::new("sh");
    // It needs none of them, and neither do its plugins.
    withheld.iter().for_each(|variable| _ = command.env_remove(variable));
    let status = command.arg("-c").arg(script).arg("sh").arg(draft).status();
    let status = status.map_err(|error| CliError::io("no editor can be started", &error))?;
    match status.success() {
        true => Ok(()),
        false => {
            let message = format!(
                "the editor that VISUAL or EDITOR names ended with {status}; nothing was saved"
            );
            Err(CliError::new(Exit::Failed, ErrorKind::NotConfirmed, message))
        }
    }
}

impl Human for EditReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.changed {
            true => writeln!(out, "saved; next: namesys sign"),
            false => writeln!(out, "nothing was changed"),
        }
    }
}
