//! A plan file, as it is read.

use std::path::Path;

use namesys::plan::{PlanFile, PlanFileError};
use namesys::report::ErrorKind;

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};

/// Most bytes of a plan file: a hundred thousand records have some 40 MiB.
const MAX_PLAN: u64 = 64 << 20;

/// Reads a plan file.
///
/// # Errors
/// Exit 2 where it is none; 1 where it cannot be read.
pub fn read(file: &Path, context: &Context) -> Result<PlanFile, CliError> {
    let bytes = context.stdin.read("FILE", file, MAX_PLAN)?;
    PlanFile::parse(bytes.expose()).map_err(|error| {
        let error = CliError::from(error);
        CliError { message: format!("{}: {}", file.display(), error.message), ..error }
    })
}

impl From<PlanFileError> for CliError {
    fn from(error: PlanFileError) -> Self {
        Self::new(Exit::Usage, ErrorKind::BadPlan, error.to_string())
            .hint("namesys plan --out FILE writes one")
    }
}
