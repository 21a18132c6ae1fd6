//! Of what is signed ahead: whether it is what is to come, and what that needs of the record of now.

use std::sync::Arc;

use jiff::Timestamp;
use namesys::ipns::Validity;
use namesys::publish::{Needs, are_ahead, is_ahead, turn_trees, valid_beyond};
use namesys::workspace::{Records, turns};

use crate::cli::cmd::list::expected;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::session::Session;

/// What the record of now has to be.
#[derive(Default)]
pub struct SignedAhead {
    /// Above what is signed ahead, where that is signed anew; valid beyond the first turn.
    pub needs: Needs,
}

impl SignedAhead {
    /// `validity`, or until the first turn is long over.
    pub fn outlasting(&self, validity: Validity) -> Validity {
        match self.needs.until {
            Some(until) if validity.instant() < until => Validity::from(until),
            _ => validity,
        }
    }
}

/// Looks whether something is signed ahead, and whether it is what is to come; where that is not
/// signed as it is wanted (`is_signed`) it is not.
///
/// # Errors
/// Files that cannot be read.
pub fn look(
    context: &Context,
    session: &Session,
    wanted: &Arc<Records>,
    is_signed: bool,
) -> Result<SignedAhead, CliError> {
    let Session { workspace, config } = session;
    let Some(name) = config.keys().ipns_name else { return Ok(SignedAhead::default()) };
    if !is_ahead(workspace, &name)? {
        return Ok(SignedAhead::default());
    }
    let first: Option<Timestamp> = turns(wanted).first().map(|turn| turn.at);
    let stands = match (is_signed, first) {
        (false, _) => false,
        (true, None) => are_ahead(workspace, &name, &[])?,
        (true, Some(_)) => {
            let scratch = || {
                let failed = |error| CliError::io("a temporary file cannot be made", &error);
                tempfile::tempfile().map_err(failed)
            };
            let scratch = [scratch()?, scratch()?];
            let (own, looked_at) = (context.own_keys(), workspace.clone());
            let (config, records) = (config.clone(), wanted.clone());
            let trees = context.blocking(move || {
                turn_trees(&looked_at, &config, &records, (&expected(&config), &own), scratch)
            })??;
            are_ahead(workspace, &name, &trees.turns)?
        }
    };
    Ok(SignedAhead { needs: Needs { above_ahead: !stands, until: valid_beyond(first) } })
}
