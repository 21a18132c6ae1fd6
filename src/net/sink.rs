//! Where the body of an answer goes: to memory, or to a file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// Bytes that are written at once.
const BUFFER: usize = 1 << 20;

/// A body under way.
pub(super) struct Sink {
    /// All of it, or what is not in the file yet.
    buffer: BytesMut,
    /// The file, and how much is in it.
    file: Option<(Arc<File>, u64)>,
}

impl Sink {
    pub(super) fn memory() -> Self {
        Self { buffer: BytesMut::new(), file: None }
    }

    /// Into `file`, from its beginning: another attempt may have left something there.
    pub(super) fn file(file: &Arc<File>) -> io::Result<Self> {
        file.set_len(0)?;
        Ok(Self { buffer: BytesMut::new(), file: Some((file.clone(), 0)) })
    }

    /// How much came so far.
    pub(super) fn len(&self) -> u64 {
        self.buffer.len() as u64 + self.file.as_ref().map_or(0, |(_, written)| *written)
    }

    pub(super) async fn take(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(chunk);
        match self.file.is_some() && self.buffer.len() >= BUFFER {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        let Some((file, written)) = &mut self.file else { return Ok(()) };
        let (file, start, part) = (file.clone(), *written, self.buffer.split().freeze());
        *written += part.len() as u64;
        let write = move || file.write_all_at(&part, start);
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }

    /// What is in memory; all that came is where it belongs then, also where it is not all.
    pub(super) async fn end(mut self) -> io::Result<Bytes> {
        self.flush().await?;
        Ok(self.buffer.freeze())
    }
}
