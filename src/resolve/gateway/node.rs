//! Nodes of one's own that the tree is sent to, and that can be read: Kubo's RPC.

use std::fmt;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cid::Cid;
use url::Url;

use super::form::Gateway;
use super::obstacle::Obstacle;
use crate::ipfs::MAX_BLOCK_BYTES;
use crate::net::{Body, Http, KuboRpc, NetError, Timeouts, beside};
use crate::secret::SecretString;

/// It looks on its own disk, and at nobody else's.
const OFFLINE: (&str, &str) = ("offline", "true");
const BLOCK_TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    body: Duration::from_secs(30),
};
const TREE_TIMEOUTS: Timeouts = Timeouts { body: Duration::from_secs(3600), ..BLOCK_TIMEOUTS };

/// The RPC of a Kubo node, asked for blocks that it has itself.
pub struct BlockNode(KuboRpc);

impl BlockNode {
    /// The node at `url`, with a token as [`KuboRpc::new`] takes it.
    pub fn new(http: Http, url: Url, token: Option<SecretString>) -> Self {
        Self(KuboRpc::new(http, url, token))
    }

    /// A block, not checked yet.
    pub(super) async fn block(&self, cid: &Cid) -> Result<Bytes, Obstacle> {
        let query = [("arg", &*cid.to_string()), OFFLINE];
        let request = self.0.request(&["block", "get"], &query, Body::Empty);
        let request = request.timeouts(BLOCK_TIMEOUTS).attempts(1).max_body(MAX_BLOCK_BYTES);
        match self.0.send(&request).await {
            Err(NetError::TooLarge { .. }) => Err(Obstacle::TooLong),
            Err(error) => Err(self.obstacle(&error)),
            Ok(Err(_)) => Err(Obstacle::Failed(format!("it does not have block {cid}"))),
            Ok(Ok(answer)) if answer.status == 404 => Err(self.incapable()),
            Ok(Ok(answer)) => answer.success().map_err(|error| self.obstacle(&error)),
        }
    }

    /// Writes all it has at and below `root` into `file`, as a CAR; how long that is.
    pub(super) async fn tree(
        &self,
        root: &Cid,
        file: &Arc<File>,
        longest: usize,
    ) -> Result<(), Obstacle> {
        let query = [("arg", &*root.to_string()), ("progress", "false"), OFFLINE];
        let request = self.0.request(&["dag", "export"], &query, Body::Empty);
        let request = request.timeouts(TREE_TIMEOUTS).attempts(1).max_body(longest);
        match self.0.send(&request.into_file(file.clone())).await {
            Err(NetError::TooLarge { .. }) => Err(Obstacle::TooLong),
            Err(error) => Err(self.obstacle(&error)),
            Ok(Err(_)) => Err(Obstacle::Failed(format!("it does not have the tree {root}"))),
            Ok(Ok(answer)) if answer.status == 404 => Err(self.incapable()),
            Ok(Ok(answer)) => answer.success().map(drop).map_err(|error| self.obstacle(&error)),
        }
    }

    fn incapable(&self) -> Obstacle {
        Obstacle::Incapable("it does not serve blocks as Kubo does".to_owned())
    }

    fn obstacle(&self, error: &NetError) -> Obstacle {
        match error.is_no_connection() {
            true => Obstacle::Absent(beside(&self.to_string(), &error.to_string()).to_owned()),
            false => Obstacle::Failed(error.to_string()),
        }
    }
}

/// `kubo at http://127.0.0.1:5001/`
impl fmt::Display for BlockNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.describe())
    }
}

/// Who is asked for blocks.
#[derive(Clone, Copy)]
pub(super) enum Server<'a> {
    Node(&'a BlockNode),
    Gateway(&'a Gateway),
}

impl fmt::Display for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => node.fmt(f),
            Self::Gateway(gateway) => gateway.fmt(f),
        }
    }
}
