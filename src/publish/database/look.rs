//! What a database has in the place of records, and what is lost where ours take it.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::DatabaseError;
use super::gateway::DatabaseGateway;
use super::records::DatabaseRecord;
use crate::net::Progress;
use crate::published::{KnownDatabase, Loss, shown_value};
use crate::record::Value;
use crate::request::SignedRecord;

/// Questions under way at once.
const AT_ONCE: usize = 16;
/// Records that are asked for where only a look is taken.
const SAMPLE: usize = 16;

/// What a database has of some of the records.
#[derive(Debug)]
pub struct DatabaseSight {
    /// Its address.
    pub from: String,
    /// Records that were asked for.
    pub asked: usize,
    /// Of them, those it has as they are here.
    pub current: usize,
    /// Why it is not known.
    pub error: Option<DatabaseError>,
}

/// A record and what is there in its place.
pub(super) struct There<'a> {
    pub(super) record: &'a DatabaseRecord,
    pub(super) held: Option<Vec<u8>>,
}

impl There<'_> {
    pub(super) fn is_ours(&self) -> bool {
        self.held.as_deref() == Some(&self.record.data())
    }

    /// The value it has, as text.
    pub(super) fn value(&self) -> Option<String> {
        let there = SignedRecord::decode(self.held.as_ref()?).ok();
        let value = there.and_then(|there| Value::abi_decode(&self.record.key, &there.result).ok());
        Some(value.map_or_else(|| "something else".to_owned(), |value| value.to_string()))
    }

    /// What is lost where ours takes its place: nothing that was known, nor the same value.
    pub(super) fn loss(&self, known: &KnownDatabase) -> Option<Loss> {
        let DatabaseRecord { name, key, value, payload } = self.record;
        let held = self.held.as_ref()?;
        if self.is_ours() || known.knows(name, key, held) {
            return None;
        }
        let there = SignedRecord::decode(held).ok();
        if there.as_ref().is_some_and(|there| there.result == payload.result) {
            return None;
        }
        let there = there.and_then(|there| Value::abi_decode(key, &there.result).ok());
        let told = |value: &Value| format!("{:?}", shown_value(&value.to_string()));
        Some(Loss {
            path: self.record.path(),
            name: Some(name.to_string()),
            record: Some(key.to_string()),
            base: None,
            there: Some(there.map_or_else(|| "something else".to_owned(), |value| told(&value))),
            here: Some(told(value)),
        })
    }
}

/// Asks for a few of the records, from all over.
pub async fn database_status(
    gateway: &DatabaseGateway,
    records: &[DatabaseRecord],
) -> DatabaseSight {
    let some = records.iter().step_by(records.len().div_ceil(SAMPLE).max(1));
    let asking = some.map(|record| there(gateway, record));
    let found: Vec<Result<There<'_>, DatabaseError>> =
        stream::iter(asking).buffered(AT_ONCE).collect().await;
    let (mut sight, asked) = (DatabaseSight::of(gateway), found.len());
    sight.asked = asked;
    for found in found {
        match found {
            Ok(there) => sight.current += usize::from(there.is_ours()),
            Err(error) => sight.error = Some(error),
        }
    }
    sight
}

impl DatabaseSight {
    fn of(gateway: &DatabaseGateway) -> Self {
        Self { from: gateway.shown(), asked: 0, current: 0, error: None }
    }
}

async fn there<'a>(
    gateway: &DatabaseGateway,
    record: &'a DatabaseRecord,
) -> Result<There<'a>, DatabaseError> {
    Ok(There { record, held: gateway.held(&record.path()).await? })
}

/// What a database has of each record; the first question that fails ends it.
pub(super) async fn look<'a>(
    gateway: &DatabaseGateway,
    records: &'a [DatabaseRecord],
    progress: Option<&Progress>,
) -> Result<Vec<There<'a>>, DatabaseError> {
    let all = records.len() as u64;
    let mut found = Vec::new();
    let asking = records.iter().map(|record| there(gateway, record));
    let mut asking = stream::iter(asking).buffered(AT_ONCE);
    while let Some(there) = asking.try_next().await? {
        found.push(there);
        if let Some(progress) = progress {
            progress(found.len() as u64, all);
        }
    }
    Ok(found)
}

/// Records that were brought there before and are not among `there` any more: it has them still.
pub(super) fn remaining(known: &KnownDatabase, there: &[There<'_>]) -> Vec<String> {
    let here: HashSet<_> =
        there.iter().map(|there| (&there.record.name, &there.record.key)).collect();
    let remaining = known.records().filter(|(name, key)| !here.contains(&(name, key)));
    remaining.map(|(name, key)| format!("{name} {key}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ens::Name;
    use crate::keys::SignerKey;
    use crate::record::RecordKey;
    use crate::secret::Secret;

    /// Of one value under another signature nothing is lost; of another value the value.
    #[test]
    fn what_is_lost_is_a_value() {
        let name = Name::parse("nick.eth").unwrap();
        let key = RecordKey::parse("text/avatar").unwrap();
        let signed = |seed: u8, text: &str| {
            let signer = SignerKey::from_scalar(&Secret::new([seed; 32])).unwrap();
            let value = Value::parse(&key, text).unwrap();
            let signature = [seed; 65].to_vec().into();
            let result = value.abi_encode().into();
            let (signer, approval) = (signer.address(), Vec::new().into());
            let payload = SignedRecord { signer, signature, approval, result };
            DatabaseRecord { name: name.clone(), key: key.clone(), value, payload }
        };
        let ours = signed(1, "a");
        let loss =
            |held: Option<Vec<u8>>| There { record: &ours, held }.loss(&KnownDatabase::default());
        assert!(loss(None).is_none() && loss(Some(ours.data())).is_none());
        assert!(loss(Some(signed(2, "a").data())).is_none(), "the same value by another signer");
        let lost = loss(Some(signed(2, "b").data())).unwrap();
        assert_eq!((lost.there.as_deref(), lost.here.as_deref()), (Some("\"b\""), Some("\"a\"")));
        assert!(loss(Some(vec![7; 40])).unwrap().there.unwrap().contains("something else"));
    }
}
