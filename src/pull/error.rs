//! Why nothing is pulled.

use super::BadName;
use crate::keys::IpnsName;
use crate::workspace::{RECORDS_FILE, WorkspaceError};

/// Why nothing is pulled; nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// Nobody has a record of the name, and the workspace knows of none.
    #[error("nothing is published under {name}{}", because(silent))]
    NothingPublished {
        /// The IPNS name.
        name: IpnsName,
        /// Why each publisher that tells nothing does not.
        silent: Vec<String>,
    },
    /// Nobody who was asked tells what is published.
    #[error("nobody tells what is published now: {}", .0.join("; "))]
    Silent(Vec<String>),
    /// Nobody serves a record of the name, and somebody serves something else for it.
    #[error("what is published does not verify: {}", .0.join("; "))]
    Refuted(Vec<String>),
    /// It was asked to end.
    #[error("interrupted: nothing was written")]
    Stopped,
    /// What is published cannot be read.
    #[error("what is published cannot be read: {0}")]
    Unread(String),
    /// Nobody published there as this program does.
    #[error("the records are on a web server, and {0} lists no files")]
    NoManifest(String),
    /// It is more than is read.
    #[error("what is published cannot be read: {0}")]
    OverBudget(String),
    /// Names in the tree that no file can have everywhere.
    #[error("the published tree has {}", bad_names(.0))]
    Names(Vec<BadName>),
    /// The file was changed while the tree was fetched.
    #[error("{RECORDS_FILE} was changed meanwhile: nothing was written")]
    Edited,
    /// Without it nobody knows what is wanted.
    #[error("there is no {RECORDS_FILE}, so what is wanted here is not known")]
    NoRecords,
    /// A file is published where a folder is here, or the other way round.
    #[error("{0} is a file in one place and a folder in the other: move it away")]
    Clash(String),
    /// The workspace.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl PullError {
    /// Why, without saying that something is not pulled for it.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Unread(reason) | Self::OverBudget(reason) => reason.clone(),
            other => other.to_string(),
        }
    }
}

fn because(silent: &[String]) -> String {
    match silent {
        [] => String::new(),
        silent => format!(", as far as anybody tells: {}", silent.join("; ")),
    }
}

fn bad_names(names: &[BadName]) -> String {
    let list = names.iter().map(|BadName { path, reason }| format!("\n  {path:?}: {reason}"));
    let count = match names.len() {
        1 => "a name that no file here can have:".to_owned(),
        count => format!("{count} names that no file here can have:"),
    };
    format!("{count}{}", list.collect::<String>())
}
