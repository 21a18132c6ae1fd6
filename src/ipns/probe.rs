//! Whether a publisher answers at all: for whoever looks for faults.

use super::{PublishError, Publisher, VerifiedRecord};
use crate::keys::{IpnsKey, IpnsName};
use crate::secret::Secret;

/// What a publisher makes of a question for a record.
#[derive(Clone, Debug)]
pub enum PublisherProbe {
    /// It has a record of the name.
    Serves(Box<VerifiedRecord>),
    /// It has none.
    Nothing,
}

/// Asks `publisher` whether it would take a record, and for the record of `name`; without one, of a name under which nobody publishes:
/// that there is none is an answer too.
///
/// # Errors
/// When it does not answer, or with what does not verify.
pub async fn probe_publisher(
    publisher: &dyn Publisher,
    name: Option<&IpnsName>,
) -> Result<PublisherProbe, PublishError> {
    let nobody = || IpnsKey::from_seed(&Secret::new([1; 32])).name();
    let name = name.copied().unwrap_or_else(nobody);
    let record = publisher.get(&name).await?;
    publisher.may_put().await?;
    Ok(record.map_or(PublisherProbe::Nothing, |found| PublisherProbe::Serves(Box::new(found))))
}
