//! The records, in SQLite or PostgreSQL, and which of two is kept
//! ([database](crate::spec::database)).
//!
//! Whoever changes a name has it alone for as long as that takes: in SQLite the database, in
//! PostgreSQL a lock of the name. So several gateways on one database agree.

use std::time::Duration;

use alloy_primitives::B256;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyConnection, AnyPool, Executor, Row};
use tokio::time::sleep;

use super::DatabaseUrl;
use super::kept::{Change, Conflict, Kept, NewRecord, SignatureId, StoreError, Taken};
use super::rows::{former, kept, may_replace, signature, supersede, write};
use super::schema::migrator;
use crate::ens::Name;
use crate::record::RecordKey;

/// Connections to a database at once, and how long a request waits for one.
const CONNECTIONS: u32 = 8;
const WAIT: Duration = Duration::from_secs(5);
/// How often a question is asked again whose connection broke, and how long after the first time;
/// twice as long each time.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);
/// Rows that are read at a time.
const PAGE: i64 = 1000;

/// The database of a gateway.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    is_postgres: bool,
}

impl Store {
    /// Opens the database at `url`, makes the file where there is none, and brings its tables to
    /// the version of this program.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::Tables`].
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        install_default_drivers();
        let is_postgres = matches!(url, DatabaseUrl::Postgres(_));
        // A connection that broke is noticed when it is used, and the question asked again.
        let options = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(WAIT)
            .test_before_acquire(false)
            .after_connect(move |connection, _| Box::pin(set_up(connection, is_postgres)));
        let pool = options.connect(url.of_driver().expose()).await;
        let pool = pool.map_err(|error| StoreError::Open { database: url.to_string(), error })?;
        let tables = migrator(url).run(&pool).await;
        tables.map_err(|error| StoreError::Tables { database: url.to_string(), error })?;
        Ok(Self { pool, is_postgres })
    }

    /// The payload of a record.
    ///
    /// # Errors
    /// [`StoreError::Driver`].
    pub async fn get(&self, node: B256, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        const GET: &str = "SELECT data FROM records WHERE node = $1 AND kind = $2";
        let (kind, pool) = (&*key.to_string(), &self.pool);
        let ask = move || async move {
            let query = sqlx::query(GET).bind(node.to_vec()).bind(kind);
            query.fetch_optional(pool).await
        };
        let row = again(ask).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// How often records of a name changed; `None` where it never had any.
    ///
    /// # Errors
    /// [`StoreError::Driver`].
    pub async fn changes(&self, node: B256) -> Result<Option<u64>, StoreError> {
        const CHANGES: &str = "SELECT changes FROM names WHERE node = $1";
        let pool = &self.pool;
        let ask = move || async move {
            sqlx::query(CHANGES).bind(node.to_vec()).fetch_optional(pool).await
        };
        let row = again(ask).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.map(i64::unsigned_abs))
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// [`StoreError::Driver`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        let pool = &self.pool;
        again(move || async move { sqlx::query("SELECT 1").fetch_one(pool).await }).await?;
        Ok(())
    }

    /// Keeps all of a change, or nothing of it.
    ///
    /// # Errors
    /// [`Conflict`] inside, [`StoreError::Driver`] outside. The same again is never wrong: what was
    /// kept is unchanged then.
    pub async fn put(&self, change: &Change) -> Result<Result<Taken, Conflict>, StoreError> {
        Ok(again(move || self.try_put(change)).await?)
    }

    async fn try_put(&self, change: &Change) -> Result<Result<Taken, Conflict>, sqlx::Error> {
        let node = change.name.node();
        let mut transaction = self.alone_with(node).await?;
        let mut replaced = Vec::new();
        let mut taken = Taken::default();
        for record in &change.records {
            let former = former(&mut transaction, node, &record.key).await?;
            match former {
                Some((signature, _)) if signature == record.signature => taken.unchanged += 1,
                former => {
                    let since = former.as_ref().map(|(_, since)| *since);
                    if let Err(conflict) =
                        may_replace(&mut transaction, node, record, since, change.fresh).await?
                    {
                        return Ok(Err(conflict));
                    }
                    replaced.push((record, former.map(|(signature, _)| signature)));
                }
            }
        }
        for (record, former) in &replaced {
            let since = record.since.max(change.fresh.unwrap_or_default());
            write(&mut transaction, &change.name, record, since).await?;
            if let Some(signature) = former {
                supersede(&mut transaction, node, &record.key, signature).await?;
            }
        }
        if !replaced.is_empty() {
            const CHANGED: &str = "INSERT INTO names (node, changes) VALUES ($1, 1) \
                 ON CONFLICT (node) DO UPDATE SET changes = names.changes + 1";
            sqlx::query(CHANGED).bind(node.as_slice()).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        taken.stored = replaced.len();
        Ok(Ok(taken))
    }

    /// Takes a record of a backup: where there is none, or an older one. Whether it was taken.
    ///
    /// # Errors
    /// [`StoreError::Driver`].
    pub async fn restore(
        &self,
        name: &Name,
        record: &NewRecord,
        superseded: &[SignatureId],
    ) -> Result<bool, StoreError> {
        Ok(again(move || self.try_restore(name, record, superseded)).await?)
    }

    async fn try_restore(
        &self,
        name: &Name,
        record: &NewRecord,
        superseded: &[SignatureId],
    ) -> Result<bool, sqlx::Error> {
        let node = name.node();
        let mut transaction = self.alone_with(node).await?;
        let former = former(&mut transaction, node, &record.key).await?;
        let is_newer = former.as_ref().is_none_or(|(_, since)| record.since > *since);
        if is_newer {
            write(&mut transaction, name, record, record.since).await?;
            if let Some((signature, _)) = former.filter(|(of, _)| *of != record.signature) {
                supersede(&mut transaction, node, &record.key, &signature).await?;
            }
        }
        for signature in superseded {
            supersede(&mut transaction, node, &record.key, signature).await?;
        }
        const KNOWN: &str = "INSERT INTO names (node, changes) VALUES ($1, 1) \
             ON CONFLICT (node) DO NOTHING";
        sqlx::query(KNOWN).bind(node.as_slice()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(is_newer)
    }

    /// The records behind `after`, in the order of node and type: at most a thousand, none at the
    /// end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn page(&self, after: Option<&Kept>) -> Result<Vec<Kept>, StoreError> {
        const PAGE_SQL: &str = "SELECT name, kind, data, since FROM records \
             WHERE node > $1 OR (node = $1 AND kind > $2) ORDER BY node, kind LIMIT $3";
        let (node, kind) = match after {
            Some(kept) => (kept.name.node().to_vec(), kept.key.to_string()),
            None => (Vec::new(), String::new()),
        };
        let (node, kind, pool) = (&*node, &*kind, &self.pool);
        let ask = move || async move {
            let query = sqlx::query(PAGE_SQL).bind(node).bind(kind).bind(PAGE);
            query.fetch_all(pool).await
        };
        let mut page = Vec::new();
        for row in again(ask).await? {
            let mut kept = kept(&row)?;
            kept.superseded = self.superseded(&kept).await?;
            page.push(kept);
        }
        Ok(page)
    }

    async fn superseded(&self, kept: &Kept) -> Result<Vec<SignatureId>, StoreError> {
        const SUPERSEDED: &str = "SELECT signature FROM superseded \
             WHERE node = $1 AND kind = $2 ORDER BY signature";
        let (node, kind, pool) = (kept.name.node(), &*kept.key.to_string(), &self.pool);
        let ask = move || async move {
            let query = sqlx::query(SUPERSEDED).bind(node.to_vec()).bind(kind);
            query.fetch_all(pool).await
        };
        let rows = again(ask).await?;
        rows.iter().map(|row| Ok(signature(row, 0)?)).collect()
    }

    /// A transaction that nobody else who changes this name has at the same time.
    async fn alone_with(
        &self,
        node: B256,
    ) -> Result<sqlx::Transaction<'static, sqlx::Any>, sqlx::Error> {
        if !self.is_postgres {
            return self.pool.begin_with("BEGIN IMMEDIATE").await;
        }
        let mut transaction = self.pool.begin().await?;
        // Names that share a number wait for each other, and no more.
        let number = node.first_chunk::<8>().map(|bytes| i64::from_be_bytes(*bytes));
        const LOCK: &str = "SELECT pg_advisory_xact_lock($1) IS NULL";
        sqlx::query(LOCK).bind(number.unwrap_or_default()).execute(&mut *transaction).await?;
        Ok(transaction)
    }
}

/// What each connection is told.
async fn set_up(connection: &mut AnyConnection, is_postgres: bool) -> Result<(), sqlx::Error> {
    if is_postgres {
        return Ok(());
    }
    // What was acknowledged is on the disk; readers and one writer do not wait for each other.
    for pragma in
        ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA busy_timeout = 10000"]
    {
        connection.execute(pragma).await?;
    }
    Ok(())
}

/// Asks again where the connection broke, or another one was in the way.
async fn again<T, F>(mut ask: impl FnMut() -> F) -> Result<T, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match ask().await {
            Err(error) if is_passing(&error) => {
                sleep(pause).await;
                pause *= 2;
            }
            answer => return answer,
        }
    }
    ask().await
}

fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL: connection errors, shutdowns, serialisation; SQLite: busy.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08")
                || code.starts_with("57P")
                || ["40001", "40P01", "5", "517"].contains(&&*code)
        }),
        _ => false,
    }
}
