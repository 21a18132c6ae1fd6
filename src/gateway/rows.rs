//! One row of the tables: read, compared, written.

use alloy_primitives::B256;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::kept::{Conflict, Kept, NewRecord, SignatureId, StoreError};
use crate::ens::Name;
use crate::record::RecordKey;

/// Signature and time of the record that is kept, if there is one.
pub(super) type Former = Option<(SignatureId, u64)>;

pub(super) async fn former(
    connection: &mut AnyConnection,
    node: B256,
    key: &RecordKey,
) -> Result<Former, sqlx::Error> {
    const FORMER: &str = "SELECT signature, since FROM records WHERE node = $1 AND kind = $2";
    let query = sqlx::query(FORMER).bind(node.as_slice()).bind(key.to_string());
    let Some(row) = query.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some((signature(&row, 0)?, row.try_get::<i64, _>(1)?.unsigned_abs())))
}

/// Whether a record may take the place of the one that counts since `since`.
pub(super) async fn may_replace(
    connection: &mut AnyConnection,
    node: B256,
    record: &NewRecord,
    since: Option<u64>,
    fresh: Option<u64>,
) -> Result<Result<(), Conflict>, sqlx::Error> {
    let key = record.key.clone();
    if let Some(since) = since {
        // Both of them: the record's own time is signed by nobody.
        let time = fresh.map_or(record.since, |fresh| fresh.min(record.since));
        if time <= since {
            return Ok(Err(Conflict::Older { key, time, since }));
        }
    }
    if fresh.is_some() {
        return Ok(Ok(()));
    }
    const SUPERSEDED: &str =
        "SELECT 1 FROM superseded WHERE node = $1 AND kind = $2 AND signature = $3";
    let query = sqlx::query(SUPERSEDED).bind(node.as_slice()).bind(key.to_string());
    let found = query.bind(record.signature.as_slice()).fetch_optional(connection).await?;
    Ok(found.map_or(Ok(()), |_| Err(Conflict::Superseded { key })))
}

pub(super) async fn write(
    connection: &mut AnyConnection,
    name: &Name,
    record: &NewRecord,
    since: u64,
) -> Result<(), sqlx::Error> {
    const WRITE: &str = "INSERT INTO records (node, kind, name, data, signature, since) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (node, kind) DO UPDATE \
         SET data = excluded.data, signature = excluded.signature, since = excluded.since";
    let query = sqlx::query(WRITE).bind(name.node().to_vec()).bind(record.key.to_string());
    let query = query.bind(name.as_str()).bind(record.data.as_slice());
    let query =
        query.bind(record.signature.as_slice()).bind(i64::try_from(since).unwrap_or(i64::MAX));
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
    let query = sqlx::query(SUPERSEDE).bind(node.as_slice()).bind(key.to_string());
    query.bind(signature.as_slice()).execute(connection).await?;
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
    })
}
