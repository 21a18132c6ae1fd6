//! The workspace's side of `status`: what is wanted and not signed, and what is signed.

use std::io::{self, Write};

use cid::Cid;
use jiff::Timestamp;
use namesys::ens::WELL_KNOWN;
use namesys::publish::Source;
use namesys::report::StatusReport;
use namesys::workspace::{Ahead, RecordState, pending_and_root, plan_ahead, settled_root, turns};

use crate::cli::cmd::list::expected;
use crate::cli::cmd::pack::root_of;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::progress::Unit;
use crate::cli::session::Session;
use crate::cli::words::{Tone, state, when};

/// What the workspace's own files say.
pub struct Here {
    /// Records whose file is not what `records.toml` wants, and files that it no longer wants.
    pub unsigned: u64,
    /// When what is wanted changes next by itself.
    pub next_turn: Option<Timestamp>,
    /// The tree that `publish` would send; none where nothing is signed.
    pub root: Option<Cid>,
}

impl Here {
    /// Compares both halves of the workspace, and packs what is signed.
    ///
    /// # Errors
    /// Files that cannot be read, or are wrong; Ctrl-C.
    pub fn look(context: &Context, session: &Session) -> Result<Self, CliError> {
        let Session { workspace, config } = session;
        let bar = context.output.progress("comparing", Unit::Things("files"));
        let (inner, of) = (workspace.clone(), config.clone());
        let compared = context.blocking(move || {
            let expected = expected(&of);
            if let Some(root) = settled_root(&inner, &of, &expected)? {
                return Ok((Vec::new(), Some(root), Ahead::default(), None));
            }
            let records = inner.wanted(&of)?;
            let (changes, root) = pending_and_root(&inner, &of, &records, &expected)?;
            let ahead = plan_ahead(&inner, &of, &records, &expected)?;
            let next_turn = turns(&records).first().map(|turn| turn.at);
            Ok::<_, CliError>((changes, root, ahead, next_turn))
        });
        bar.finish();
        let (changes, root, ahead, next_turn) = compared??;
        let coming = ahead.coming.iter().map(|coming| &coming.change);
        let all = changes.iter().chain(coming).chain(&ahead.gone);
        let unsigned = all.filter(|change| change.state != RecordState::Signed).count();
        let root = match (root, workspace.dir().join(WELL_KNOWN).is_dir()) {
            (None, true) => Some(root_of(context, &Source::WellKnown(workspace.dir().to_owned()))?),
            (root, is_there) => root.filter(|_| is_there),
        };
        Ok(Self { unsigned: unsigned as u64, next_turn, root })
    }
}

/// What the workspace has that is not out, each with the next command.
pub fn human(report: &StatusReport, out: &mut dyn Write) -> io::Result<()> {
    if report.unsigned > 0 {
        let records = if report.unsigned == 1 { "record is" } else { "records are" };
        let line = format!("{} {records} not signed as records.toml says", report.unsigned);
        writeln!(out, "{}: namesys diff lists, namesys sign signs", state(Tone::Open, &line))?;
    }
    if report.published_since {
        let line = state(Tone::Open, "somebody else has published since");
        let next = "namesys pull takes it over, then namesys publish";
        writeln!(out, "{line}: {next}")?;
    }
    let is_out = report.sequence.is_some() || !report.sites.is_empty();
    if report.unpublished == Some(true) && is_out && !report.published_since {
        let line = state(Tone::Open, "what is signed here is not what is published");
        writeln!(out, "{line}: namesys publish")?;
    }
    if let Some(turn) = &report.next_turn {
        writeln!(out, "next turn  {}: namesys plan shows it", when(turn))?;
    }
    for sequence in &report.ahead_in_vain {
        let line = format!("sequence {sequence} was signed ahead in vain");
        let why = "something else was published since: namesys pull, then namesys publish --sign-only DIR";
        writeln!(out, "{}: {why}", state(Tone::Bad, &line))?;
    }
    Ok(())
}
