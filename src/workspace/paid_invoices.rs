//! `.namesys/invoices.json`: which invoices were paid from here.

use std::io;

use super::{STATE_DIR, Workspace, WorkspaceError};
use crate::invoice::PaidInvoices;

/// The file, in the workspace's state.
const FILE: &str = "invoices.json";
/// Most bytes of it.
const MAX: u64 = 16 << 20;

/// Why it is not known what was paid.
#[derive(Debug, thiserror::Error)]
pub enum PaidError {
    /// The workspace.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The file is there, and is none of ours.
    #[error("{STATE_DIR}/{FILE} cannot be read: {0}")]
    Form(String),
}

/// The payments that are kept.
///
/// # Errors
/// [`PaidError`]: what cannot be read may have been paid.
pub fn paid_invoices(workspace: &Workspace) -> Result<PaidInvoices, PaidError> {
    let path = format!("{STATE_DIR}/{FILE}");
    match workspace.folder().read_text(&path, MAX) {
        Ok(text) => PaidInvoices::parse(&text).map_err(PaidError::Form),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PaidInvoices::default()),
        Err(error) => Err(workspace.failed(&path)(error).into()),
    }
}

/// Changes them, for good before this returns, and says what `change` does. Takes the workspace's
/// lock: of two commands one sees what the other did.
///
/// # Errors
/// [`PaidError`]; the file is as it was.
pub fn change_paid_invoices<T>(
    workspace: &Workspace,
    change: impl FnOnce(&mut PaidInvoices) -> T,
) -> Result<T, PaidError> {
    let _lock = workspace.lock()?;
    let was = paid_invoices(workspace)?;
    let mut paid = was.clone();
    let said = change(&mut paid);
    if paid != was {
        workspace.write_private(format!("{STATE_DIR}/{FILE}"), paid.text().as_bytes())?;
    }
    Ok(said)
}
