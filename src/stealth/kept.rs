//! The files below `.namesys/stealth`. Whoever reads them learns which addresses are whose, and
//! has no key.

use std::io;

use alloy_primitives::{hex, keccak256};

use super::{MetaAddress, PendingPayments, ScanState, StateError};
use crate::workspace::{STATE_DIR, Workspace, WorkspaceError};

/// The folder, in the workspace's state.
const FOLDER: &str = "stealth";
/// Payments that are under way.
const PAYMENTS: &str = "payments.json";
/// Most bytes of one file.
const MAX: u64 = 64 << 20;

/// The files of a workspace.
#[derive(Clone, Copy, Debug)]
pub struct StealthFiles<'a>(pub &'a Workspace);

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// It cannot be read or written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// Payments that were begun, and cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Payments {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A state of a scan that cannot be read.
    #[error("{path} cannot be read: {source}")]
    State {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: StateError,
    },
}

impl StealthFiles<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, KeptError> {
        match self.0.folder().read_text(path, MAX) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.0.failed(path)(error).into()),
        }
    }

    /// The payments that were begun.
    ///
    /// # Errors
    /// [`KeptError`]: a file that cannot be read stands for payments that may be under way.
    pub fn payments(&self) -> Result<PendingPayments, KeptError> {
        let path = format!("{STATE_DIR}/{FOLDER}/{PAYMENTS}");
        match self.read(&path)? {
            None => Ok(PendingPayments::default()),
            Some(text) => {
                PendingPayments::parse(&text).map_err(|reason| KeptError::Payments { path, reason })
            }
        }
    }

    /// Keeps them, for good before this returns. Hold the lock.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep_payments(&self, payments: &PendingPayments) -> Result<(), KeptError> {
        let path = format!("{STATE_DIR}/{FOLDER}/{PAYMENTS}");
        Ok(self.0.write_private(path, payments.text().as_bytes())?)
    }

    /// What was read of a chain for a payee.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn scan(&self, chain_id: u64, payee: &MetaAddress) -> Result<Option<ScanState>, KeptError> {
        let path = scan_path(chain_id, payee);
        let Some(text) = self.read(&path)? else { return Ok(None) };
        let read = ScanState::parse(&text, chain_id, payee);
        read.map(Some).map_err(|source| KeptError::State { path, source })
    }

    /// Keeps it. Hold the lock.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_scan(&self, state: &ScanState) -> Result<(), KeptError> {
        let path = scan_path(state.chain_id, &state.payee);
        Ok(self.0.write_private(path, state.text().as_bytes())?)
    }
}

/// Each chain and payee has its own.
fn scan_path(chain_id: u64, payee: &MetaAddress) -> String {
    let payee = hex::encode(&keccak256(payee.bytes())[..8]);
    format!("{STATE_DIR}/{FOLDER}/scan-{chain_id}-{payee}.json")
}
