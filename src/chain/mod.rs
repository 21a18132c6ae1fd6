//! What an Ethereum chain says: reading ENS at one block, through one or more RPC nodes.
//!
//! | file | what it does |
//! | --- | --- |
//! | `rpc` | [`Rpc`]: the nodes, tried in order; retry, time-out, quorum, the pinned block |
//! | `url` | URLs and headers of nodes, whose secrets are never shown |
//! | `quorum` | the answer that enough nodes give |
//! | `transport` | one node: its errors by name, its URL never shown beyond the host |
//! | `contracts` | addresses and interfaces |
//! | `view` | [`ChainView`]: calls at one block |
//! | `answers` | what was answered at a block, kept |
//! | `facts` | owner, wrapper, resolver of a name (ENSIP-1, ENSIP-10) |
//! | `records_resolver` | the records resolver (CCIP2): its walk, gateways, approvals |
//! | [`setup`] | the transactions that make a name use its records |

mod answers;
mod contracts;
mod error;
mod facts;
mod http;
mod quorum;
mod records_resolver;
mod rpc;
pub mod setup;
mod transport;
mod url;
mod view;

pub use contracts::{Contracts, OffchainLookup, calls};
pub use error::{ChainError, Reason};
pub use facts::{FoundResolver, NameFacts};
pub use records_resolver::{GatewayLists, Level, RecordhashSource, Walk};
pub use rpc::{Block, Rpc, RpcConfig};
pub use url::{Header, HeaderError, RpcUrl, RpcUrlError};
pub(crate) use view::is_execution_failure;
pub use view::{ChainView, Revert};
