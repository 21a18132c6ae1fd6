//! The records, in SQLite or PostgreSQL, and which of two is kept
//! ([database](crate::spec::database)).
//!
//! Whoever changes a name has it alone for as long as that takes: in SQLite the database, in
//! PostgreSQL a lock of the name. So several gateways on one database agree.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::B256;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyConnection, AnyPool, Executor, Row};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::DatabaseUrl;
use super::kept::{Change, Conflict, Kept, Restored, SignatureId, StoreError, Taken};
use super::rows::{
    changed, former, is_sure, kept, may_replace, restore_one, signature, supersede, write,
};
use super::schema::migrator;
use crate::record::RecordKey;

/// Connections to a database at once, and how long a request waits for one.
const CONNECTIONS: u32 = 8;
const WAIT: Duration = Duration::from_secs(5);
/// Writers among them: the others are the readers'.
const WRITERS: usize = 5;
/// How often a question is asked again whose connection broke, and how long after the first time;
/// twice as long each time. After a restart of the server each connection may be a broken one.
const TRIES: u32 = CONNECTIONS + 2;
const PAUSE: Duration = Duration::from_millis(20);
/// The longest pause.
const LONGEST: Duration = Duration::from_millis(500);
/// Rows that are read at a time: of the longest records, some hundred MB.
const PAGE: i64 = 200;

/// The database of a gateway.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    is_postgres: bool,
    /// Who may write at the same time.
    writers: Arc<Semaphore>,
}

type Transaction = sqlx::Transaction<'static, sqlx::Any>;
/// The turn of a writer, until it is dropped.
type Turn = OwnedSemaphorePermit;

impl Store {
    /// Opens the database at `url`, makes the file where there is none, and brings its tables to
    /// the version of this program.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::Tables`].
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let store = Self::connect(url, true).await?;
        let tables = migrator(url).run(&store.pool).await;
        tables.map_err(|error| StoreError::Tables { database: url.to_string(), error })?;
        Ok(store)
    }

    /// Opens what is there, and changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Open`].
    pub async fn open_as_it_is(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Self::connect(url, false).await
    }

    async fn connect(url: &DatabaseUrl, is_made: bool) -> Result<Self, StoreError> {
        install_default_drivers();
        let is_postgres = matches!(url, DatabaseUrl::Postgres(_));
        // A connection that broke is noticed when it is used, and the question asked again.
        let options = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(WAIT)
            .test_before_acquire(false)
            .after_connect(move |connection, _| Box::pin(set_up(connection, is_postgres)));
        let pool = options.connect(url.of_driver(is_made).expose()).await;
        let pool = pool.map_err(|error| StoreError::Open { database: url.to_string(), error })?;
        let writers = if is_postgres { WRITERS } else { 1 };
        Ok(Self { pool, is_postgres, writers: Arc::new(Semaphore::new(writers)) })
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
        let Change { name, now, records, fresh } = change;
        let node = name.node();
        let (mut transaction, _alone) = self.alone_with(&[node]).await?;
        let mut replaced = Vec::new();
        let mut taken = Taken::default();
        for record in records {
            let former = former(&mut transaction, node, &record.key).await?;
            if let Some(former) = former.as_ref().filter(|former| former.is(record)) {
                taken.unchanged += 1;
                if let Some(fresh) = fresh {
                    is_sure(&mut transaction, node, &record.key, former, *fresh).await?;
                }
                continue;
            }
            let may = may_replace(&mut transaction, node, record, former.as_ref(), *fresh).await?;
            if let Err(conflict) = may {
                return Ok(Err(conflict));
            }
            replaced.push((record, former));
        }
        for (record, former) in &replaced {
            let since = record.time.max(fresh.unwrap_or_default());
            let sure = fresh.unwrap_or(record.time.min(*now));
            write(&mut transaction, name, record, (since, sure)).await?;
            if let Some(former) = former.as_ref().filter(|of| of.signature != record.signature) {
                supersede(&mut transaction, node, &record.key, &former.signature).await?;
            }
        }
        if !replaced.is_empty() {
            changed(&mut transaction, node, None).await?;
        }
        transaction.commit().await?;
        taken.stored = replaced.len();
        Ok(Ok(taken))
    }

    /// Takes records of a backup, all or none: each where it stands and there is none, or an older
    /// one. What was replaced is known here in any case, so that it does not come again. Whether
    /// each was taken.
    ///
    /// # Errors
    /// [`StoreError::Driver`].
    pub async fn restore(&self, records: &[Restored<'_>]) -> Result<Vec<bool>, StoreError> {
        Ok(again(move || self.try_restore(records)).await?)
    }

    async fn try_restore(&self, records: &[Restored<'_>]) -> Result<Vec<bool>, sqlx::Error> {
        let nodes: Vec<B256> = records.iter().map(|restored| restored.name.node()).collect();
        let (mut transaction, _alone) = self.alone_with(&nodes).await?;
        let mut taken = Vec::new();
        for (restored, node) in records.iter().zip(nodes) {
            taken.push(restore_one(&mut transaction, node, restored).await?);
        }
        transaction.commit().await?;
        Ok(taken)
    }

    /// The records behind `after`, in the order of node and type: a page of them, none at the end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn page(&self, after: Option<&Kept>) -> Result<Vec<Kept>, StoreError> {
        const PAGE_SQL: &str = "SELECT records.name, kind, data, since, changes FROM records \
             JOIN names ON names.node = records.node WHERE records.node > $1 \
             OR (records.node = $1 AND kind > $2) ORDER BY records.node, kind LIMIT $3";
        let (node, kind) = match after {
            Some(kept) => (kept.name.node().to_vec(), kept.key.to_string()),
            None => (Vec::new(), String::new()),
        };
        let (node, kind, pool) = (&*node, &*kind, &self.pool);
        let ask = move || async move {
            let query = sqlx::query(PAGE_SQL).bind(node).bind(kind).bind(PAGE);
            query.fetch_all(pool).await
        };
        let rows = again(ask).await?;
        let mut page = rows.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
        let mut superseded = self.superseded(&page).await?;
        for kept in &mut page {
            let of = (kept.name.node().to_vec(), kept.key.to_string());
            kept.superseded = superseded.remove(&of).unwrap_or_default();
        }
        Ok(page)
    }

    /// What was replaced of the records of a page, by node and type.
    async fn superseded(
        &self,
        page: &[Kept],
    ) -> Result<HashMap<(Vec<u8>, String), Vec<SignatureId>>, StoreError> {
        const SUPERSEDED: &str = "SELECT node, kind, signature FROM superseded \
             WHERE (node > $1 OR (node = $1 AND kind >= $2)) \
             AND (node < $3 OR (node = $3 AND kind <= $4)) ORDER BY node, kind, signature";
        let mut all: HashMap<(Vec<u8>, String), Vec<SignatureId>> = HashMap::new();
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(all) };
        let place = |kept: &Kept| (kept.name.node().to_vec(), kept.key.to_string());
        let (first, last, pool) = (&place(first), &place(last), &self.pool);
        let ask = move || async move {
            let query = sqlx::query(SUPERSEDED).bind(&*first.0).bind(&*first.1);
            query.bind(&*last.0).bind(&*last.1).fetch_all(pool).await
        };
        for row in again(ask).await? {
            let of = (row.try_get(0)?, row.try_get(1)?);
            all.entry(of).or_default().push(signature(&row, 2)?);
        }
        Ok(all)
    }

    /// A transaction that nobody else who changes one of these names has at the same time.
    async fn alone_with(&self, nodes: &[B256]) -> Result<(Transaction, Turn), sqlx::Error> {
        // However many wait to write, readers have connections; in SQLite one writes at a time.
        let turn = self.writers.clone().acquire_owned().await;
        let turn = turn.map_err(|_| sqlx::Error::PoolClosed)?;
        if !self.is_postgres {
            return Ok((self.pool.begin_with("BEGIN IMMEDIATE").await?, turn));
        }
        let mut transaction = self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        // Names that share a number wait for each other, and no more; of several, whoever takes them
        // in order waits for nobody who waits for him.
        let number = |node: &B256| node.first_chunk::<8>().map(|bytes| i64::from_be_bytes(*bytes));
        const LOCK: &str = "SELECT pg_advisory_xact_lock($1) IS NULL";
        for number in nodes.iter().filter_map(number).collect::<BTreeSet<i64>>() {
            sqlx::query(LOCK).bind(number).execute(&mut *transaction).await?;
        }
        Ok((transaction, turn))
    }
}

/// What each connection is told.
async fn set_up(connection: &mut AnyConnection, is_postgres: bool) -> Result<(), sqlx::Error> {
    const SQLITE: [&str; 3] = [
        // What was acknowledged is on the disk; readers and one writer do not wait for each other.
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA busy_timeout = 3000",
    ];
    const POSTGRES: [&str; 3] = [
        // A gateway that hangs keeps others from a name for so long, and no longer.
        "SET idle_in_transaction_session_timeout = '10s'",
        "SET lock_timeout = '3s'",
        "SET statement_timeout = '10s'",
    ];
    for told in if is_postgres { POSTGRES } else { SQLITE } {
        connection.execute(told).await?;
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
                pause = LONGEST.min(2 * pause);
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
                || code.starts_with("53")
                || ["25006", "40001", "40P01", "55P03", "5", "261", "517", "773"].contains(&&*code)
        }),
        _ => false,
    }
}
