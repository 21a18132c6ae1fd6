//! The tables, by their versions. A version that was released never changes: the driver compares.
//!
//! | table | what a row is |
//! | --- | --- |
//! | `records` | a record: the payload as it is served, r ‖ s of SIGN 4 and of the approval (or nothing), and
//!   since when (seconds since 1970), as it was said and as it is sure |
//! | `superseded` | a signature (r ‖ s) that was replaced |
//! | `names` | how often records of a name changed |
//!
//! `node` is the 32 bytes of the namehash, `kind` the record type as in SIGN 4.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::DatabaseUrl;

const SQLITE: &[(&str, &str)] = &[(
    "records",
    "CREATE TABLE records (
        node BLOB NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        data BLOB NOT NULL, signature BLOB NOT NULL, approval BLOB NOT NULL, since BIGINT NOT NULL, sure BIGINT NOT NULL,
        PRIMARY KEY (node, kind)) WITHOUT ROWID;
    CREATE TABLE superseded (
        node BLOB NOT NULL, kind TEXT NOT NULL, signature BLOB NOT NULL,
        PRIMARY KEY (node, kind, signature)) WITHOUT ROWID;
    CREATE TABLE names (
        node BLOB NOT NULL PRIMARY KEY, changes BIGINT NOT NULL) WITHOUT ROWID;",
)];

const POSTGRES: &[(&str, &str)] = &[(
    "records",
    "CREATE TABLE records (
        node BYTEA NOT NULL, kind TEXT COLLATE \"C\" NOT NULL, name TEXT NOT NULL,
        data BYTEA NOT NULL, signature BYTEA NOT NULL, approval BYTEA NOT NULL, since BIGINT NOT NULL, sure BIGINT NOT NULL,
        PRIMARY KEY (node, kind));
    CREATE TABLE superseded (
        node BYTEA NOT NULL, kind TEXT COLLATE \"C\" NOT NULL, signature BYTEA NOT NULL,
        PRIMARY KEY (node, kind, signature));
    CREATE TABLE names (node BYTEA NOT NULL PRIMARY KEY, changes BIGINT NOT NULL);",
)];

/// What brings a database to the version of this program.
pub(super) fn migrator(url: &DatabaseUrl) -> Migrator {
    let versions = match url {
        DatabaseUrl::Sqlite(_) => SQLITE,
        DatabaseUrl::Postgres(_) => POSTGRES,
    };
    let migration = |(version, (description, sql)): (i64, &(&'static str, &'static str))| {
        let sql = sql.into_sql_str();
        Migration::new(version, (*description).into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations((1..).zip(versions).map(migration).collect())
}
