//! Request bodies that can be made again for every attempt.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use reqwest::multipart::{Form, Part};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::NetError;

/// Bytes read from a file at a time.
const CHUNK: usize = 64 * 1024;

/// Told how many bytes of a file were handed to the network, and how many there are. It starts
/// again from zero when the request is repeated.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// What a request carries.
#[derive(Clone, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Bytes held in memory.
    Bytes(Bytes),
    /// `multipart/form-data` with one field: a file, streamed from disk.
    File {
        /// The field's name.
        field: &'static str,
        /// The file.
        path: PathBuf,
        /// Its media type.
        media_type: &'static str,
        /// Told how far it is.
        progress: Option<Progress>,
    },
}

/// Counts the parts of a body that were taken, to tell a slow upload from a dead one.
#[derive(Clone, Default)]
pub(super) struct Activity(Arc<AtomicU64>);

impl Activity {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Body {
    /// Puts the body into `request`.
    pub(super) async fn attach(
        &self,
        request: reqwest::RequestBuilder,
        activity: &Activity,
    ) -> Result<reqwest::RequestBuilder, NetError> {
        match self {
            Self::Empty => Ok(request),
            Self::Bytes(bytes) => Ok(request.body(bytes.clone())),
            Self::File { field, path, media_type, progress } => {
                let unreadable = |error: &dyn std::fmt::Display| NetError::File {
                    path: path.clone(),
                    reason: error.to_string(),
                };
                let part = file_part(path, progress.clone(), activity.clone())
                    .await
                    .map_err(|error| unreadable(&error))?
                    .mime_str(media_type)
                    .map_err(|error| unreadable(&error))?;
                Ok(request.multipart(Form::new().part(*field, part)))
            }
        }
    }
}

async fn file_part(
    path: &Path,
    progress: Option<Progress>,
    activity: Activity,
) -> io::Result<Part> {
    let file = File::open(path).await?;
    let total = file.metadata().await?.len();
    // The length is announced: a file that grows or shrinks meanwhile ends the request.
    let chunks = stream::try_unfold((file, 0_u64), move |(mut file, sent)| {
        let progress = progress.clone();
        let activity = activity.clone();
        async move {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            if file.read_buf(&mut chunk).await? == 0 {
                return Ok::<_, io::Error>(None);
            }
            let sent = sent + chunk.len() as u64;
            activity.0.fetch_add(1, Ordering::Relaxed);
            if let Some(progress) = &progress {
                progress(sent, total);
            }
            Ok(Some((chunk.freeze(), (file, sent))))
        }
    });
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Part::stream_with_length(reqwest::Body::wrap_stream(chunks), total).file_name(name))
}
