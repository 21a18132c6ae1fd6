//! A gateway on a real PostgreSQL: what any database has to do (`integration database::` has it on
//! SQLite), and what only a server can do.

use anyhow::Result;

use crate::support::database::postgres::Postgres;
use crate::support::database::{injection, suite};

pub fn suite() -> Result<()> {
    let mut server = Postgres::start()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(suite::takes_and_serves(&server.database("serves")?))?;
    runtime.block_on(suite::refuses(&server.database("refuses")?))?;
    runtime.block_on(injection::keeps_out(&server.database("commands")?))?;
    runtime.block_on(suite::replaces(&server.database("replaces")?))?;
    runtime.block_on(suite::moves(&server.database("moves")?))?;
    runtime.block_on(suite::limits(&server.database("limits")?))?;
    let database = server.database("survives")?;
    runtime.block_on(suite::survives(&database, || {
        server.kill()?;
        server.run()
    }))
}
