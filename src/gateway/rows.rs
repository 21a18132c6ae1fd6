//! One row of the tables: read, compared, written.

use alloy_primitives::B256;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::kept::{Conflict, Kept, NewRecord, Restored, SignatureId, StoreError};
use crate::ens::Name;
use crate::record::RecordKey;

/// What decides about the record that is kept.
pub(super) struct Former {
    pub(super) signature: SignatureId,
    approval: Vec<u8>,
    /// Since when, as whoever posted it said: signed by nobody.
    pub(super) since: u64,
    /// Since when for sure: as its signer said, or when it came if it was said to be from later.
    pub(super) sure: u64,
}

impl Former {
    /// Whether `record` is the same, in whichever forms its signatures are.
    pub(super) fn is(&self, record: &NewRecord) -> bool {
        let approval = record.approval.as_ref().map_or(&[][..], |approval| approval);
        self.signature == record.signature && self.approval == approval
    }
}

pub(super) async fn former(
    connection: &mut AnyConnection,
    node: B256,
    key: &RecordKey,
) -> Result<Option<Former>, sqlx::Error> {
    const FORMER: &str =
        "SELECT signature, approval, since, sure FROM records WHERE node = $1 AND kind = $2";
    let query = sqlx::query(FORMER).bind(node.to_vec()).bind(key.to_string());
    let Some(row) = query.fetch_optional(connection).await? else { return Ok(None) };
    let (signature, approval) = (signature(&row, 0)?, row.try_get(1)?);
    let number = |column| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
    Ok(Some(Former { signature, approval, since: number(2)?, sure: number(3)? }))
}

/// Whether a record may take the place of `former`.
pub(super) async fn may_replace(
    connection: &mut AnyConnection,
    node: B256,
    record: &NewRecord,
    former: Option<&Former>,
    fresh: Option<u64>,
) -> Result<Result<(), Conflict>, sqlx::Error> {
    let key = record.key.clone();
    if let Some(former) = former {
        // What its signer says counts more than what anybody could.
        let (time, since) = match fresh {
            Some(fresh) => (fresh, former.sure),
            None => (record.time, former.since),
        };
        if time <= since {
            return Ok(Err(Conflict::Older { key, time, since }));
        }
    }
    // It is the one that is kept, with another approval.
    if fresh.is_some() || former.is_some_and(|former| former.signature == record.signature) {
        return Ok(Ok(()));
    }
    const SUPERSEDED: &str =
        "SELECT 1 FROM superseded WHERE node = $1 AND kind = $2 AND signature = $3";
    let query = sqlx::query(SUPERSEDED).bind(node.to_vec()).bind(key.to_string());
    let found = query.bind(record.signature.to_vec()).fetch_optional(connection).await?;
    Ok(found.map_or(Ok(()), |_| Err(Conflict::Superseded { key })))
}

/// A time as the database has it.
fn number(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

pub(super) async fn write(
    connection: &mut AnyConnection,
    name: &Name,
    record: &NewRecord,
    (since, sure): (u64, u64),
) -> Result<(), sqlx::Error> {
    const WRITE: &str = "INSERT INTO records \
         (node, kind, name, data, signature, approval, since, sure) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (node, kind) DO UPDATE \
         SET name = excluded.name, data = excluded.data, signature = excluded.signature, \
         approval = excluded.approval, since = excluded.since, sure = excluded.sure";
    let approval = record.approval.map(Vec::from).unwrap_or_default();
    let query = sqlx::query(WRITE).bind(name.node().to_vec()).bind(record.key.to_string());
    let query = query.bind(name.as_str()).bind(record.data.as_slice());
    let query = query.bind(record.signature.to_vec()).bind(approval);
    query.bind(number(since)).bind(number(sure)).execute(connection).await?;
    Ok(())
}

/// The record that is kept counts from this time, if from an earlier one before.
pub(super) async fn is_sure(
    connection: &mut AnyConnection,
    node: B256,
    key: &RecordKey,
    former: &Former,
    fresh: u64,
) -> Result<(), sqlx::Error> {
    if fresh <= former.sure {
        return Ok(());
    }
    const SURE: &str = "UPDATE records SET since = $3, sure = $4 WHERE node = $1 AND kind = $2";
    let query = sqlx::query(SURE).bind(node.to_vec()).bind(key.to_string());
    let query = query.bind(number(former.since.max(fresh))).bind(number(fresh));
    query.execute(connection).await?;
    Ok(())
}

/// Takes a record of a backup: where it stands and there is none, or an older one. Whether it was
/// taken.
pub(super) async fn restore_one(
    connection: &mut AnyConnection,
    node: B256,
    Restored { name, record, known, stands }: &Restored<'_>,
) -> Result<bool, sqlx::Error> {
    let former = former(connection, node, &record.key).await?;
    let is_same = former.as_ref().is_some_and(|of| of.signature == record.signature);
    let is_newer = former.as_ref().is_none_or(|former| record.time > former.since);
    let is_taken = *stands && is_newer;
    if is_taken {
        write(connection, name, record, (record.time, record.time)).await?;
        if let Some(former) = former.filter(|_| !is_same) {
            supersede(connection, node, &record.key, &former.signature).await?;
        }
        changed(connection, node, Some(known.changes)).await?;
    } else if !is_same {
        supersede(connection, node, &record.key, &record.signature).await?;
    }
    for signature in &known.superseded {
        supersede(connection, node, &record.key, signature).await?;
    }
    Ok(is_taken)
}

/// Records of a name changed: at least so often, or once more.
pub(super) async fn changed(
    connection: &mut AnyConnection,
    node: B256,
    at_least: Option<u64>,
) -> Result<(), sqlx::Error> {
    const ONCE_MORE: &str = "INSERT INTO names (node, changes) VALUES ($1, 1) \
         ON CONFLICT (node) DO UPDATE SET changes = names.changes + 1";
    const AT_LEAST: &str = "INSERT INTO names (node, changes) VALUES ($1, $2) \
         ON CONFLICT (node) DO UPDATE SET changes = CASE \
         WHEN names.changes < excluded.changes THEN excluded.changes ELSE names.changes END";
    let query = match at_least {
        None => sqlx::query(ONCE_MORE).bind(node.to_vec()),
        Some(changes) => sqlx::query(AT_LEAST).bind(node.to_vec()).bind(number(changes.max(1))),
    };
    query.execute(connection).await?;
    Ok(())
}

pub(super) async fn supersede(
    connection: &mut AnyConnection,
    node: B256,
    key: &RecordKey,
    signature: &SignatureId,
) -> Result<(), sqlx::Error> {
    const SUPERSEDE: &str = "INSERT INTO superseded (node, kind, signature) VALUES ($1, $2, $3) \
         ON CONFLICT (node, kind, signature) DO NOTHING";
    let query = sqlx::query(SUPERSEDE).bind(node.to_vec()).bind(key.to_string());
    query.bind(signature.to_vec()).execute(connection).await?;
    Ok(())
}

pub(super) fn signature(row: &AnyRow, column: usize) -> Result<SignatureId, sqlx::Error> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| sqlx::Error::Decode("a signature has 64 bytes".into()))
}

pub(super) fn kept(row: &AnyRow) -> Result<Kept, StoreError> {
    let (name, kind): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let wrong = |error: &dyn std::fmt::Display| StoreError::Row(format!("{name} {kind}: {error}"));
    Ok(Kept {
        key: RecordKey::parse(&kind).map_err(|error| wrong(&error))?,
        name: Name::from_normalized(&name).map_err(|error| wrong(&error))?,
        data: row.try_get(2)?,
        since: row.try_get::<i64, _>(3)?.unsigned_abs(),
        superseded: Vec::new(),
        changes: row.try_get::<i64, _>(4)?.unsigned_abs(),
    })
}
