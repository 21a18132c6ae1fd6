//! Request bodies that can be made again for every attempt.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::multipart::{Form, Part};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

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
    /// A file as it is, its length announced.
    File(FileBody),
    /// `multipart/form-data`: texts, then one part.
    Form {
        /// Names and values of the texts.
        texts: Vec<(&'static str, String)>,
        /// The last part's name.
        field: &'static str,
        /// The last part.
        part: FormPart,
    },
}

/// A file that is streamed from disk.
#[derive(Clone)]
pub struct FileBody {
    /// The file.
    pub path: PathBuf,
    /// Its media type.
    pub media_type: &'static str,
    /// Told how far it is.
    pub progress: Option<Progress>,
}

/// What a form ends with.
#[derive(Clone)]
pub enum FormPart {
    /// A file.
    File(FileBody),
    /// Bytes held in memory, sent as a file.
    Bytes(Bytes),
}

/// The parts of bodies that were taken, to tell what is slow from what is dead.
#[derive(Clone, Default)]
pub(super) struct Activity(Arc<Parts>);

#[derive(Default)]
struct Parts {
    taken: AtomicU64,
    unfinished: AtomicBool,
    last: Mutex<Option<Instant>>,
}

impl Activity {
    pub(super) fn count(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// Whether there is a file of which not all was taken.
    pub(super) fn is_unfinished(&self) -> bool {
        self.0.unfinished.load(Ordering::Relaxed)
    }

    /// When the last part was taken, of what is sent or what comes back.
    pub(super) fn last(&self) -> Option<Instant> {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part was taken at `when`; without one nothing that was taken counts.
    pub(super) fn moved(&self, when: Option<Instant>) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = when;
    }

    fn taken(&self, is_last: bool) {
        self.moved(Some(Instant::now()));
        self.0.taken.fetch_add(1, Ordering::Relaxed);
        self.0.unfinished.store(!is_last, Ordering::Relaxed);
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
            Self::File(file) => {
                let (length, stream) = file.open(activity.clone()).await?;
                Ok(request
                    .header(CONTENT_TYPE, file.media_type)
                    .header(CONTENT_LENGTH, length)
                    .body(stream))
            }
            Self::Form { texts, field, part } => {
                let part = match part {
                    FormPart::File(file) => {
                        let (length, stream) = file.open(activity.clone()).await?;
                        let part = Part::stream_with_length(stream, length).file_name(file.name());
                        part.mime_str(file.media_type).map_err(|error| file.unreadable(&error))?
                    }
                    FormPart::Bytes(bytes) => {
                        let length = bytes.len() as u64;
                        Part::stream_with_length(bytes.clone(), length).file_name(*field)
                    }
                };
                let texts = texts.iter();
                let form =
                    texts.fold(Form::new(), |form, (name, text)| form.text(*name, text.clone()));
                Ok(request.multipart(form.part(*field, part)))
            }
        }
    }
}

impl FileBody {
    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> NetError {
        NetError::File { path: self.path.clone(), reason: error.to_string() }
    }

    /// The file's length and content. The length is announced: a file that grows or shrinks
    /// meanwhile ends the request.
    async fn open(&self, activity: Activity) -> Result<(u64, reqwest::Body), NetError> {
        let file = File::open(&self.path).await.map_err(|error| self.unreadable(&error))?;
        let total = file.metadata().await.map_err(|error| self.unreadable(&error))?.len();
        let progress = self.progress.clone();
        let chunks = stream::try_unfold((file, 0_u64), move |(mut file, sent)| {
            let progress = progress.clone();
            let activity = activity.clone();
            async move {
                let mut chunk = BytesMut::with_capacity(CHUNK);
                if file.read_buf(&mut chunk).await? == 0 {
                    return Ok::<_, io::Error>(None);
                }
                let sent = sent + chunk.len() as u64;
                activity.taken(sent >= total);
                if let Some(progress) = &progress {
                    progress(sent, total);
                }
                Ok(Some((chunk.freeze(), (file, sent))))
            }
        });
        Ok((total, reqwest::Body::wrap_stream(chunks)))
    }
}
