//! Record files, fetched from gateways: proven by block hashes and the IPNS record where the
//! gateway serves these, on the gateway's word where not.

mod blocks;
mod error;
mod form;
mod root;
mod tree;

use bytes::Bytes;
use cid::Cid;
use jiff::Timestamp;
use url::Url;

use self::blocks::{BlockTree, Obstacle, Wanted};
pub use self::error::{FetchError, GatewayNote};
use self::form::Content;
pub use self::form::{Gateway, GatewayParseError};
pub use self::tree::TreeFile;
use super::recordhash::{Recordhash, Target};
use crate::ens::Name;
use crate::ipfs::{read_file, resolve};
use crate::net::{Http, NetError, Request, endpoint, shown};

/// Bounds on what gateways may make us read.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// The longest record file, in bytes.
    pub file: usize,
    /// The longest CAR, in bytes.
    pub car: usize,
    /// All blocks kept at a time, in bytes.
    pub memory: usize,
    /// Blocks asked for one by one for one file or listing.
    pub single_blocks: usize,
    /// Files of one listing.
    pub tree_files: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            file: 1 << 20,
            car: 64 << 20,
            memory: 256 << 20,
            single_blocks: 1024,
            tree_files: 100_000,
        }
    }
}

/// The record files behind one recordhash.
pub struct RecordFiles {
    http: Http,
    gateways: Vec<Gateway>,
    limits: FetchLimits,
    source: Source,
    notes: Vec<GatewayNote>,
    ipns_record: Option<IpnsEvidence>,
}

/// Where the files are.
enum Source {
    /// Below a root that is known.
    Blocks(BlockTree),
    /// Wherever these gateways (by number) look; nothing can be checked, for this reason.
    Word { content: Content, gateways: Vec<usize>, reason: String },
    /// On a web server.
    Web(Url),
}

/// The IPNS record that led to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpnsEvidence {
    /// Who served the newest valid record.
    pub gateway: String,
    /// Its sequence.
    pub sequence: u64,
    /// Until when it is valid.
    pub validity: Timestamp,
    /// Its value.
    pub value: String,
}

/// A fetched file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its content.
    pub bytes: Bytes,
    /// Who served it.
    pub gateway: String,
    /// What shows that it is the right one.
    pub proof: Proof,
}

/// What shows that a file is what the recordhash points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Every block from the root down has its hash.
    Blocks {
        /// The root.
        root: Cid,
        /// The sequence of the IPNS record that names it; none when the recordhash does.
        sequence: Option<u64>,
    },
    /// Nothing but the gateway's word, for this reason. The signatures in the file still count,
    /// but an older or missing file would not be noticed.
    None(String),
}

impl RecordFiles {
    /// Finds out where the files are: for an IPNS name every gateway is asked for its record, and
    /// the newest that is valid at `now` decides. `name` is any ENS name of the recordhash, for
    /// gateways that are asked by name.
    ///
    /// # Errors
    /// [`FetchError`] when there is no gateway, or none has a valid record and none serves files
    /// without.
    pub async fn open(
        http: Http,
        gateways: Vec<Gateway>,
        recordhash: &Recordhash,
        name: &Name,
        limits: FetchLimits,
        now: Timestamp,
    ) -> Result<Self, FetchError> {
        let (mut notes, mut ipns_record) = (Vec::new(), None);
        let count = gateways.len();
        let unsupported =
            |reason| FetchError::Unsupported { recordhash: Box::new(recordhash.clone()), reason };
        let source = match recordhash.target() {
            Target::Https(url) => Source::Web(url.clone()),
            Target::Ipld(_) => {
                return Err(unsupported("IPLD maps (e2) need a gateway that answers dag/get"));
            }
            _ if gateways.is_empty() => {
                let text = format!("no gateway is given to fetch {recordhash} from: --gateway");
                return Err(FetchError::NoGateway(text));
            }
            Target::Ipfs(root) => Source::Blocks(BlockTree::new(*root, Vec::new(), None, count)),
            Target::IpnsOther(cid) => Source::Word {
                content: Content::IpnsOther(*cid),
                gateways: (0..count).collect(),
                reason: "the IPNS name is not an ed25519 key".to_owned(),
            },
            Target::Ipns(key) => {
                let survey = root::survey(&http, &gateways, key, name, now).await?;
                notes = survey.notes;
                let content = Content::Ipns(*key);
                match survey.newest {
                    None => Source::Word {
                        content,
                        gateways: survey.without_records,
                        reason: "no gateway serves the IPNS record".to_owned(),
                    },
                    Some((record, gateway)) => {
                        let fields = record.fields();
                        let (sequence, validity) = (fields.sequence, fields.validity());
                        let value = fields.value.clone();
                        let Some((root, prefix)) = root::root_of(&value) else {
                            return Err(unsupported("its IPNS record does not name /ipfs/<cid>"));
                        };
                        ipns_record = Some(IpnsEvidence { gateway, sequence, validity, value });
                        Source::Blocks(BlockTree::new(root, prefix, Some(content), count))
                    }
                }
            }
        };
        Ok(Self { http, gateways, limits, source, notes, ipns_record })
    }

    /// The IPNS record that led to the root, where one did.
    pub fn ipns_record(&self) -> Option<&IpnsEvidence> {
        self.ipns_record.as_ref()
    }

    /// The root of the files, where it is known.
    pub fn root(&self) -> Option<Cid> {
        match &self.source {
            Source::Blocks(tree) => Some(tree.root),
            Source::Word { .. } | Source::Web(_) => None,
        }
    }

    /// What gateways did that did not serve the IPNS record.
    pub fn notes(&self) -> &[GatewayNote] {
        &self.notes
    }

    /// Fetches `path` (`.well-known/eth/nick/text/avatar.json`): proven if any gateway allows it,
    /// on a gateway's word otherwise. `name` is whose record it is.
    ///
    /// # Errors
    /// [`FetchError::NotFound`] when verified blocks, or the gateway asked, say that there is no
    /// such file; the others as they say.
    pub async fn fetch(&self, name: &Name, path: &str) -> Result<Fetched, FetchError> {
        let segments: Vec<&str> = path.split('/').collect();
        match &self.source {
            Source::Web(base) => {
                let url = endpoint(base, segments);
                let reason = "a web server keeps the records".to_owned();
                let gateway = shown(base);
                match self.fetch_word(url, gateway.clone(), &reason, path).await? {
                    Ok(fetched) => Ok(fetched),
                    Err(error) => {
                        let notes = vec![GatewayNote { gateway, reason: error.to_string() }];
                        Err(FetchError::Failed { what: path.to_owned(), notes })
                    }
                }
            }
            Source::Word { content, gateways, reason } => {
                self.fetch_words(content, gateways, name, path, reason, Vec::new()).await
            }
            Source::Blocks(tree) => {
                let mut notes = Vec::new();
                let found = self.fetch_proven(tree, name, path, &segments, &mut notes).await?;
                if let Some(fetched) = found {
                    return Ok(fetched);
                }
                let gateways: Vec<usize> = (0..self.gateways.len()).collect();
                let reason = "no gateway serves blocks to check";
                let content = Content::Ipfs(tree.root);
                let full = [&tree.prefix.join("/"), path].join("/");
                let full = full.trim_start_matches('/');
                self.fetch_words(&content, &gateways, name, full, reason, notes).await
            }
        }
    }

    /// Fetches with proof from the first gateway that can give it; `None` when none can.
    async fn fetch_proven(
        &self,
        tree: &BlockTree,
        name: &Name,
        path: &str,
        segments: &[&str],
        notes: &mut Vec<GatewayNote>,
    ) -> Result<Option<Fetched>, FetchError> {
        let prefix = tree.prefix.iter().map(String::as_str);
        let full: Vec<&str> = prefix.chain(segments.iter().copied()).collect();
        let read = |blocks: &blocks::BlockCache| {
            let found = resolve(blocks, &tree.root, &full)?;
            read_file(blocks, &found.cid, self.limits.file as u64)
        };
        let wanted = Wanted { name, path: segments, scope: "entity" };
        for (number, gateway) in self.gateways.iter().enumerate() {
            let outcome =
                tree.read(&self.http, (number, gateway), &wanted, &self.limits, &read).await;
            let proven = outcome.is_ok();
            let gateway = gateway.to_string();
            let reason = match outcome {
                Ok(Some(file)) => {
                    let sequence = self.ipns_record.as_ref().map(|record| record.sequence);
                    let proof = Proof::Blocks { root: tree.root, sequence };
                    return Ok(Some(Fetched { bytes: file.bytes, gateway, proof }));
                }
                Ok(None) | Err(Obstacle::NotFound) => {
                    let path = path.to_owned();
                    return Err(FetchError::NotFound { path, gateway, proven });
                }
                Err(Obstacle::Incapable(reason) | Obstacle::Failed(reason)) => reason,
            };
            notes.push(GatewayNote { gateway, reason });
        }
        Ok(None)
    }

    /// Fetches from one gateway after the other, on its word.
    async fn fetch_words(
        &self,
        content: &Content,
        gateways: &[usize],
        name: &Name,
        path: &str,
        reason: &str,
        mut notes: Vec<GatewayNote>,
    ) -> Result<Fetched, FetchError> {
        let segments: Vec<&str> = path.split('/').collect();
        for gateway in gateways.iter().map(|number| &self.gateways[*number]) {
            // A gateway whose template has a place for an IPNS name only may still find the file.
            let under_name = || match &self.source {
                Source::Blocks(tree) => gateway.url(tree.ipns.as_ref()?, name, &segments),
                _ => None,
            };
            let label = gateway.to_string();
            let url = gateway.url(content, name, &segments).or_else(under_name);
            let reason = match url {
                None => "its template has no place for such a recordhash".to_owned(),
                Some(url) => match self.fetch_word(url, label.clone(), reason, path).await? {
                    Ok(fetched) => return Ok(fetched),
                    Err(error) => error.to_string(),
                },
            };
            notes.retain(|note| note.gateway != label);
            notes.push(GatewayNote { gateway: label, reason });
        }
        Err(FetchError::Failed { what: path.to_owned(), notes })
    }

    /// A plain GET. As with EIP-3668 4xx ends the search (429 and 408 excepted, which are about
    /// the moment), while the inner error means that the next gateway is to be asked.
    async fn fetch_word(
        &self,
        url: Url,
        gateway: String,
        reason: &str,
        path: &str,
    ) -> Result<Result<Fetched, NetError>, FetchError> {
        let request = Request::get(url).accept("application/json").max_body(self.limits.file);
        let answer = match self.http.send(&request).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        match answer.status {
            200 if answer.media_type == "text/html" || is_html(&answer.body) => {
                let url = shown(&answer.url);
                let reason = "it is a web page (HTML), not a record file".to_owned();
                Ok(Err(NetError::BadResponse { url, reason }))
            }
            200 => {
                let proof = Proof::None(reason.to_owned());
                Ok(Ok(Fetched { bytes: answer.body, gateway, proof }))
            }
            404 | 410 => {
                Err(FetchError::NotFound { path: path.to_owned(), gateway, proven: false })
            }
            400..500 if !matches!(answer.status, 408 | 429) => {
                Err(FetchError::Refused(answer.to_error()))
            }
            _ => Ok(Err(answer.to_error())),
        }
    }
}

fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

#[cfg(test)]
#[path = "gateway_tests.rs"]
mod tests;
