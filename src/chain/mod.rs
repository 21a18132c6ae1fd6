//! What an Ethereum chain says: reading ENS at one block, through one or more RPC nodes.
//!
//! A file uses those above it in this list.
//!
//! | file | what it does |
//! | --- | --- |
//! | `contracts` | addresses and interfaces |
//! | `url` | URLs and headers of nodes, whose secrets are never shown |
//! | `revert` | how a contract refuses a call, in words |
//! | `error` | why the chain could not be asked |
//! | `answer` | [`Answer`]: what was said, and the nodes that said it |
//! | `answers` | what was answered at a block, kept |
//! | `quorum` | the answer that enough nodes give |
//! | `dialect` | what the errors of nodes mean |
//! | `http` | one request to one node |
//! | `node` | one node: its errors by name, its URL never shown beyond the host |
//! | `pool` | nodes in order: fall-back and retry |
//! | `rpc` | [`Rpc`]: one question to the nodes |
//! | `newest` | the newest block, by as many nodes as must agree |
//! | `reader` | [`BlockReader`]: calls at one block |
//! | `view` | [`ChainView`]: the chain at one block, by as many nodes as must agree |
//! | `facts` | owner, wrapper, resolver of a name (ENSIP-1, ENSIP-10) |
//! | `records_resolver` | the records resolver (CCIP2): its walk, gateways, approvals |
//! | [`setup`] | the transactions that make a name use its records |

mod answer;
mod answers;
mod contracts;
mod dialect;
mod error;
mod facts;
mod http;
mod newest;
mod node;
mod pool;
mod quorum;
mod reader;
mod records_resolver;
mod revert;
mod rpc;
pub mod setup;
mod url;
mod view;

pub use answer::{Answer, Witness};
pub use contracts::{Contracts, OffchainLookup, calls};
pub(crate) use dialect::is_execution_failure;
pub use error::{ChainError, Reason};
pub use facts::{FoundResolver, NameFacts};
pub use reader::BlockReader;
pub use records_resolver::{GatewayLists, Level, RecordhashSource, Walk};
pub use revert::Revert;
pub use rpc::{Block, Rpc, RpcConfig};
pub use url::{Header, HeaderError, RpcUrl, RpcUrlError};
pub use view::ChainView;
