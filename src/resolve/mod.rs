//! From a name and chain facts to verified values.

mod recordhash;
mod resolver_urls;

pub use recordhash::{Recordhash, RecordhashError, Target};
pub use resolver_urls::ResolverGateways;
