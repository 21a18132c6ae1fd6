//! The step of `apply` that posts to databases what was shown, over what was shown.

use namesys::keys::SignerKey;
use namesys::publish::database::PlannedDatabase;
use namesys::report::DatabasePublishReport;

use super::{Work, agreed};
use crate::cli::cmd::plan::survey::Survey;
use crate::cli::cmd::publish::database::{Posting, post};
use crate::cli::error::CliError;
use crate::cli::session::Session;

impl Work<'_> {
    /// Posts what is signed, by the word of `signer`, or of one that is at hand.
    pub(super) fn post(
        &self,
        session: &mut Session,
        signer: Option<SignerKey>,
        shown: &Survey,
    ) -> Result<(DatabasePublishReport, Option<CliError>), CliError> {
        let Self { args, context, services, .. } = self;
        session.config = session.workspace.config()?;
        let derive = &args.publication.author.derive;
        let signer = match signer {
            Some(signer) => Some(signer),
            None => derive.signer_at_hand(&args.signer_key, context, session.config.keys())?,
        };
        let _lock = session.lock()?;
        agreed::check_signed(shown, context, session)?;
        let shown = shown.plan.databases.iter().map(|database| database.planned.clone());
        let shown: Vec<PlannedDatabase> = shown.filter(|shown| !shown.posts.is_empty()).collect();
        let is_shown = |to: &str| shown.iter().any(|shown| shown.to == to);
        let databases: Vec<_> =
            services.1.iter().filter(|gateway| is_shown(&gateway.shown())).cloned().collect();
        let posting = Posting {
            databases: &databases,
            signer: signer.as_ref(),
            replace: self.permission.replace,
            shown: Some(&shown),
        };
        post(&posting, context, session)
    }
}
