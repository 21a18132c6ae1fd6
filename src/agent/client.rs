//! Asking the process that remembers.

use std::io;
use std::time::Duration;

use alloy_primitives::{Address, hex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use zeroize::{Zeroize, Zeroizing};

use super::{AgentError, Label, MAX_LINE, Place, Public, WorkspaceId};
use crate::keys::{IpnsKey, SignerKey};
use crate::multiformats::IpnsName;
use crate::secret::{Secret, Secret32};

/// How long it may take: it serves one after the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whether its memory is locked: it is not written to a disk.
    pub locked: bool,
}

/// One who asks. Where there is no agent, nothing is remembered.
#[derive(Clone, Debug)]
pub struct Client {
    place: Place,
    workspace: WorkspaceId,
}

impl Client {
    /// Of the agent at `place`, for keys of this workspace.
    pub fn new(place: Place, workspace: WorkspaceId) -> Self {
        Self { place, workspace }
    }

    /// Whether one answers there.
    ///
    /// # Errors
    /// [`AgentError::Foreign`].
    pub async fn is_there(&self) -> Result<bool, AgentError> {
        Ok(self.connect().await?.is_some())
    }

    /// The IPNS key of `name`, where it is remembered.
    ///
    /// # Errors
    /// [`AgentError::Answer`] for another key.
    pub async fn ipns(&self, name: &IpnsName) -> Result<Option<IpnsKey>, AgentError> {
        let Some(seed) = self.get(&Public::Ipns(*name)).await? else { return Ok(None) };
        let key = IpnsKey::from_seed(&seed);
        if key.name() == *name { Ok(Some(key)) } else { Err(AgentError::Answer) }
    }

    /// The records signer of this address, where it is remembered.
    ///
    /// # Errors
    /// [`AgentError::Answer`] for another key.
    pub async fn signer(&self, address: Address) -> Result<Option<SignerKey>, AgentError> {
        let Some(scalar) = self.get(&Public::Signer(address)).await? else { return Ok(None) };
        let key = SignerKey::from_scalar(&scalar).map_err(|_| AgentError::Answer)?;
        if key.address() == address { Ok(Some(key)) } else { Err(AgentError::Answer) }
    }

    /// Has an IPNS key remembered for so long; `None` without an agent.
    ///
    /// # Errors
    /// As [`AgentError`] says.
    pub async fn keep_ipns(
        &self,
        key: &IpnsKey,
        time: Duration,
    ) -> Result<Option<Kept>, AgentError> {
        self.put(&Public::Ipns(key.name()), time, &key.seed()).await
    }

    /// Has a records signer remembered for so long; `None` without an agent.
    ///
    /// # Errors
    /// As [`AgentError`] says.
    pub async fn keep_signer(
        &self,
        key: &SignerKey,
        time: Duration,
    ) -> Result<Option<Kept>, AgentError> {
        self.put(&Public::Signer(key.address()), time, &key.scalar()).await
    }

    /// Has everything wiped, and the agent end: how many keys there were; `None` without one.
    ///
    /// # Errors
    /// As [`AgentError`] says.
    pub async fn lock(&self) -> Result<Option<usize>, AgentError> {
        let Some(said) = self.ask(b"lock\n").await? else { return Ok(None) };
        let count = said.strip_prefix(b"wiped ").and_then(|count| str::from_utf8(count).ok());
        count.and_then(|count| count.parse().ok()).map(Some).ok_or(AgentError::Answer)
    }

    fn label(&self, public: &Public) -> Label {
        Label { public: *public, workspace: self.workspace }
    }

    async fn get(&self, public: &Public) -> Result<Option<Secret32>, AgentError> {
        let Some(said) = self.ask(format!("get {}\n", self.label(public)).as_bytes()).await? else {
            return Ok(None);
        };
        if *said == b"none" {
            return Ok(None);
        }
        let digits = said.strip_prefix(b"key ").ok_or(AgentError::Answer)?;
        let mut secret = [0; 32];
        let read = hex::decode_to_slice(digits, &mut secret);
        let found = Secret::new(secret);
        secret.zeroize();
        read.map(|()| Some(found)).map_err(|_| AgentError::Answer)
    }

    async fn put(
        &self,
        public: &Public,
        time: Duration,
        secret: &Secret32,
    ) -> Result<Option<Kept>, AgentError> {
        // A time of parts of a second is a whole one more.
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
        line.extend_from_slice(format!("put {} {seconds} ", self.label(public)).as_bytes());
        let mut digits = Zeroizing::new([0; 64]);
        hex::encode_to_slice(secret.expose(), &mut *digits).map_err(|_| AgentError::Answer)?;
        line.extend_from_slice(&*digits);
        line.push(b'\n');
        let Some(said) = self.ask(&line).await? else { return Ok(None) };
        match said.as_slice() {
            b"kept" => Ok(Some(Kept { locked: true })),
            b"kept unlocked" => Ok(Some(Kept { locked: false })),
            b"full" => Err(AgentError::Full),
            _ => Err(AgentError::Answer),
        }
    }

    /// The answer to a line, without its end; `None` without an agent.
    async fn ask(&self, line: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, AgentError> {
        let failed = |error| self.place.failed(error);
        let Some(mut stream) = self.connect().await? else { return Ok(None) };
        let mut said = Zeroizing::new(Vec::with_capacity(MAX_LINE + 1));
        let talk = async {
            stream.write_all(line).await?;
            let mut bounded = (&mut stream).take(MAX_LINE as u64 + 1);
            bounded.read_to_end(&mut said).await
        };
        match timeout(PATIENCE, talk).await {
            Ok(read) => read.map_err(failed)?,
            Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
        };
        match said.pop() {
            Some(b'\n') => {}
            // It ends just now.
            None => return Ok(None),
            Some(_) => return Err(AgentError::Answer),
        }
        Ok(Some(said))
    }

    /// `None` where nobody listens.
    async fn connect(&self) -> Result<Option<UnixStream>, AgentError> {
        let failed = |error| self.place.failed(error);
        let stream = match UnixStream::connect(self.place.socket()).await {
            Err(error)
                if [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused]
                    .contains(&error.kind()) =>
            {
                return Ok(None);
            }
            other => other.map_err(failed)?,
        };
        let uid = stream.peer_cred().map_err(failed)?.uid();
        if uid != rustix::process::geteuid().as_raw() {
            return Err(AgentError::Foreign { path: self.place.socket(), uid });
        }
        Ok(Some(stream))
    }
}
