//! The network with somebody at every door: each question and each gift is told to the test first,
//! which lets it pass, lets it fail, ends whoever asks, or has somebody else act in between.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use cid::Cid;
use namesys::ipfs::upload::{Upload, UploadError};
use namesys::ipns::{PublishError, Publisher, RecordSource, VerifiedRecord};
use namesys::keys::IpnsName;
use namesys::net::Progress;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use url::Url;

/// Which of the two publishers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    First,
    Second,
}

/// Where somebody stands.
#[derive(Clone, Debug)]
pub enum At {
    Upload,
    Get(Which),
    /// Before a publisher is given a record.
    Put(Which, VerifiedRecord),
    /// The publisher has taken it, and its answer is on the way.
    Taken(Which, VerifiedRecord),
}

/// Something that is about to happen.
pub struct Event {
    pub at: At,
    /// Whether it may go on; otherwise it fails.
    pub go_on: oneshot::Sender<bool>,
}

/// The door.
#[derive(Clone)]
pub struct Gate(pub UnboundedSender<Event>);

impl Gate {
    async fn pass(&self, at: At) -> bool {
        let (go_on, answer) = oneshot::channel();
        // Nobody at the door any more: the test is over.
        self.0.send(Event { at, go_on }).is_ok() && answer.await.unwrap_or(false)
    }
}

/// A publisher behind the door.
pub struct Tap {
    pub which: Which,
    pub inner: Box<dyn Publisher>,
    pub gate: Gate,
}

fn silent() -> PublishError {
    PublishError::Silent(Duration::from_secs(5))
}

#[async_trait]
impl RecordSource for Tap {
    fn describe(&self) -> String {
        format!("{:?}", self.which)
    }

    async fn get(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        match self.gate.pass(At::Get(self.which)).await {
            true => self.inner.get(name).await,
            false => Err(silent()),
        }
    }
}

#[async_trait]
impl Publisher for Tap {
    fn url(&self) -> &Url {
        self.inner.url()
    }

    async fn put(&self, record: &VerifiedRecord) -> Result<(), PublishError> {
        if !self.gate.pass(At::Put(self.which, record.clone())).await {
            return Err(silent());
        }
        self.inner.put(record).await?;
        match self.gate.pass(At::Taken(self.which, record.clone())).await {
            true => Ok(()),
            false => Err(silent()),
        }
    }
}

/// Both publishers at once, and either will do: how a program publishes that has no first one.
pub struct Both(pub Tap, pub Tap);

#[async_trait]
impl RecordSource for Both {
    fn describe(&self) -> String {
        "both".to_owned()
    }

    async fn get(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        match (self.0.get(name).await, self.1.get(name).await) {
            (Ok(Some(one)), Ok(Some(other))) => {
                Ok(Some(if other.supersedes(&one) { other } else { one }))
            }
            (Ok(one), Ok(other)) => Ok(one.or(other)),
            (Err(_), said) | (said, Err(_)) => said,
        }
    }
}

#[async_trait]
impl Publisher for Both {
    fn url(&self) -> &Url {
        self.0.url()
    }

    async fn put(&self, record: &VerifiedRecord) -> Result<(), PublishError> {
        let (one, other) = (self.0.put(record).await, self.1.put(record).await);
        if one.is_ok() { one } else { other }
    }
}

/// A gateway that may be behind: it serves what it saw once.
pub struct Late(pub Option<VerifiedRecord>);

#[async_trait]
impl RecordSource for Late {
    fn describe(&self) -> String {
        "a late gateway".to_owned()
    }

    async fn get(&self, _: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        Ok(self.0.clone())
    }
}

/// An upload behind the door.
pub struct Uploading {
    pub inner: Box<dyn Upload>,
    pub gate: Gate,
}

#[async_trait]
impl Upload for Uploading {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn url(&self) -> &Url {
        self.inner.url()
    }

    async fn probe(&self) -> Result<String, UploadError> {
        self.inner.probe().await
    }

    async fn has(&self, root: &Cid) -> bool {
        self.inner.has(root).await
    }

    async fn upload(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        let refused = || UploadError::Rejected { to: self.describe(), message: "no".to_owned() };
        match self.gate.pass(At::Upload).await {
            true => self.inner.upload(car, root, progress).await,
            false => Err(refused()),
        }
    }
}
