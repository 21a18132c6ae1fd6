//! The process that remembers.

use std::fs::{File, Permissions, set_permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{sleep, timeout};
use zeroize::Zeroize;

use super::place::Place;
use super::vault::Vault;
use super::{AgentError, Label, MAX_LINE};

/// How long a client may take for its line.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it waits for its first key.
const FIRST: Duration = Duration::from_secs(30);
/// How often it looks whether a time is over: also after the machine has slept.
const LOOK: Duration = Duration::from_secs(1);

/// An agent that listens.
#[derive(Debug)]
pub struct Agent {
    place: Place,
    listener: UnixListener,
    /// Device and inode of the socket.
    made: (u64, u64),
    /// Locked as long as it is open.
    _lock: File,
}

/// Before the digits of a key.
const KEY: &[u8] = b"key ";

enum After {
    Goes,
    Ends,
}

impl Agent {
    /// Listens, with mode 0600.
    ///
    /// # Errors
    /// [`AgentError::Running`] beside another one.
    pub fn bind(place: Place) -> Result<Self, AgentError> {
        let failed = |error| place.failed(error);
        let mut options = File::options();
        let lock = options.write(true).create(true).truncate(false).mode(0o600);
        let lock = lock.open(place.lock()).map_err(failed)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(AgentError::Running),
            other => other.map_err(|errno| failed(errno.into()))?,
        }
        // Nobody serves it: it was left behind.
        match std::fs::remove_file(place.socket()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(place.socket()).map_err(failed)?;
        set_permissions(place.socket(), Permissions::from_mode(0o600)).map_err(failed)?;
        let made = which(&place).ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        Ok(Self { place, listener, made, _lock: lock })
    }

    /// Serves until the last key's time is over, or somebody says `lock`, or `end` is ready, or the
    /// socket is gone, as with the end of a login session: nobody could say `lock` any more. All is
    /// wiped then.
    pub async fn run(self, end: impl Future<Output = ()>) {
        let mut vault = Vault::new();
        tokio::select! {
            () = self.serve(&mut vault) => {}
            () = end => {}
        }
        vault.wipe();
        // Whoever comes next finds none, and starts one.
        if which(&self.place) == Some(self.made) {
            let _ = std::fs::remove_file(self.place.socket());
        }
    }

    async fn serve(&self, vault: &mut Vault) {
        let own = rustix::process::geteuid().as_raw();
        let first = sleep(FIRST);
        tokio::pin!(first);
        let mut had_any = false;
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((mut stream, _)) if is_of(&stream, own) => {
                        let after = timeout(PATIENCE, answer(&mut stream, vault)).await;
                        vault.memory.line.zeroize();
                        if matches!(after, Ok(Ok(After::Ends))) {
                            return;
                        }
                    }
                    // Another user's process is told nothing.
                    Ok(_) => {}
                    Err(_) => sleep(LOOK).await,
                },
                () = sleep(LOOK) => {}
                () = &mut first, if !had_any => return,
            }
            vault.forget_old();
            if which(&self.place) != Some(self.made) {
                return;
            }
            had_any |= vault.len() > 0;
            if had_any && vault.len() == 0 {
                return;
            }
        }
    }
}

/// Whether the other side is a process of this user.
fn is_of(stream: &UnixStream, uid: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == uid)
}

/// The socket that stands there.
fn which(place: &Place) -> Option<(u64, u64)> {
    let found = place.socket().symlink_metadata().ok()?;
    Some((found.dev(), found.ino()))
}

/// Reads a request and answers it, both within the vault's own line.
async fn answer(stream: &mut UnixStream, vault: &mut Vault) -> io::Result<After> {
    let mut read = 0;
    while !vault.memory.line[..read].contains(&b'\n') {
        let more = stream.read(&mut vault.memory.line[read..]).await?;
        read += more;
        if more == 0 || read == MAX_LINE {
            break;
        }
    }
    let (length, after) = act(vault, read);
    stream.write_all(&vault.memory.line[..length]).await?;
    stream.shutdown().await?;
    Ok(after)
}

/// What a request asks for.
enum Request {
    Get(Label),
    /// The secret is in the secret memory alone: its place in the line.
    Put(Label, Duration, usize),
    Lock,
}

/// Whether a line, its end included, is a request.
pub fn is_request(line: &[u8]) -> bool {
    parse(line).is_some()
}

fn is_key(digits: &str) -> bool {
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn parse(line: &[u8]) -> Option<Request> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["get", kind, public, workspace] => Label::parse(kind, public, workspace).map(Request::Get),
        ["put", kind, public, workspace, seconds, digits] if is_key(digits) => {
            let time = Duration::from_secs(seconds.parse().ok()?);
            let at = line.len() - digits.len();
            Label::parse(kind, public, workspace).map(|label| Request::Put(label, time, at))
        }
        ["lock"] => Some(Request::Lock),
        _ => None,
    }
}

/// Does what the line says, and leaves the answer in it: its length.
fn act(vault: &mut Vault, read: usize) -> (usize, After) {
    match parse(&vault.memory.line[..read]) {
        Some(Request::Get(label)) => match vault.get(&label, KEY.len()) {
            true => {
                let line = &mut vault.memory.line;
                line[..KEY.len()].copy_from_slice(KEY);
                line[KEY.len() + 64] = b'\n';
                (KEY.len() + 65, After::Goes)
            }
            false => (say(vault, "none"), After::Goes),
        },
        Some(Request::Put(label, time, at)) => {
            let said = match vault.put(label, time, at) {
                Some(true) if vault.is_locked() => "kept",
                Some(true) => "kept unlocked",
                Some(false) => "full",
                None => "what?",
            };
            (say(vault, said), After::Goes)
        }
        Some(Request::Lock) => {
            let said = format!("wiped {}", vault.wipe());
            (say(vault, &said), After::Ends)
        }
        None => (say(vault, "what?"), After::Goes),
    }
}

fn say(vault: &mut Vault, words: &str) -> usize {
    let line = &mut vault.memory.line;
    line.zeroize();
    line[..words.len()].copy_from_slice(words.as_bytes());
    line[words.len()] = b'\n';
    words.len() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Client, Kept};
    use crate::keys::{IpnsKey, SignerKey};
    use crate::secret::Secret;

    fn place() -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().unwrap();
        set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        let place = Place::new(folder.path()).unwrap();
        (folder, place)
    }

    #[tokio::test]
    async fn keys_come_back_until_they_are_wiped() {
        let (_folder, place) = place();
        let client = Client::new(place.clone(), [1; 16]);
        let (ipns, signer) = (
            IpnsKey::from_seed(&Secret::new([7; 32])),
            SignerKey::from_scalar(&Secret::new([9; 32])).unwrap(),
        );
        assert!(client.ipns(&ipns.name()).await.unwrap().is_none(), "there is no agent");
        assert_eq!(client.lock().await.unwrap(), None);
        let agent = Agent::bind(place.clone()).unwrap();
        let mode = place.socket().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(Agent::bind(place.clone()), Err(AgentError::Running)));
        let served = tokio::spawn(agent.run(std::future::pending()));
        assert!(client.ipns(&ipns.name()).await.unwrap().is_none());
        let hour = Duration::from_secs(3600);
        assert!(matches!(client.keep_ipns(&ipns, hour).await.unwrap(), Some(Kept { .. })));
        client.keep_signer(&signer, hour).await.unwrap();
        let found = client.ipns(&ipns.name()).await.unwrap().unwrap();
        assert_eq!(found.seed().expose(), ipns.seed().expose());
        let found = client.signer(signer.address()).await.unwrap().unwrap();
        assert_eq!(found.scalar().expose(), signer.scalar().expose());
        let elsewhere = Client::new(place.clone(), [2; 16]);
        assert!(elsewhere.signer(signer.address()).await.unwrap().is_none());
        assert_eq!(client.lock().await.unwrap(), Some(2));
        served.await.unwrap();
        assert!(!place.socket().exists());
        assert!(client.signer(signer.address()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn it_ends_with_the_last_keys_time() {
        let (_folder, place) = place();
        let client = Client::new(place.clone(), [1; 16]);
        let agent = Agent::bind(place.clone()).unwrap();
        let served = tokio::spawn(agent.run(std::future::pending()));
        let key = IpnsKey::from_seed(&Secret::new([7; 32]));
        client.keep_ipns(&key, Duration::from_millis(1500)).await.unwrap();
        served.await.unwrap();
        assert!(client.ipns(&key.name()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn it_ends_where_its_socket_is_gone_and_leaves_the_next_ones() {
        let (_folder, place) = place();
        let client = Client::new(place.clone(), [1; 16]);
        let agent = Agent::bind(place.clone()).unwrap();
        let served = tokio::spawn(agent.run(std::future::pending()));
        let key = IpnsKey::from_seed(&Secret::new([7; 32]));
        client.keep_ipns(&key, Duration::from_secs(3600)).await.unwrap();
        std::fs::remove_file(place.socket()).unwrap();
        std::fs::write(place.socket(), "another").unwrap();
        served.await.unwrap();
        assert_eq!(std::fs::read(place.socket()).unwrap(), b"another");
        // One that was left behind is no hindrance.
        Agent::bind(place).unwrap();
    }

    #[tokio::test]
    async fn what_is_no_request_is_no_harm() {
        let (_folder, place) = place();
        let agent = Agent::bind(place.clone()).unwrap();
        let served = tokio::spawn(agent.run(std::future::pending()));
        let long = [b'x'; 10_000];
        for line in [&b"\n"[..], b"get ipns\n", b"put signer 0x 1 zz\n", b"lock now\n", &long] {
            let mut stream = UnixStream::connect(place.socket()).await.unwrap();
            // It may have hung up on what is too long.
            let _ = stream.write_all(line).await;
            let mut said = Vec::new();
            let _ = stream.read_to_end(&mut said).await;
            assert!(said == b"what?\n" || (said.is_empty() && line.len() > MAX_LINE));
        }
        // Somebody who says nothing is not waited for.
        let _silent = UnixStream::connect(place.socket()).await.unwrap();
        assert_eq!(Client::new(place, [1; 16]).lock().await.unwrap(), Some(0));
        served.await.unwrap();
    }
}
