//! One record file: proven if any gateway allows it, on a gateway's word otherwise.

use std::sync::Arc;

use bytes::Bytes;
use url::Url;

use super::blocks::{BlockTree, Wanted};
use super::error::{FetchError, GatewayNote};
use super::form::Gateway;
use super::ipns_source::is_unknown_name;
use super::node::Server;
use super::obstacle::Obstacle;
use super::reading::Reader;
use super::{Fetched, Proof, RecordFiles, Source};
use crate::ens::Name;
use crate::ipfs::{read_file, resolve};
use crate::net::{NetError, Request, endpoint, shown};

/// What asking the gateways for blocks gave.
pub(super) struct Search<T> {
    /// What was wanted, and who served the last block of it.
    pub(super) found: Option<(T, String)>,
    /// What each gateway did instead.
    pub(super) notes: Vec<GatewayNote>,
    /// The gateways (by number) that serve no blocks, but perhaps files.
    pub(super) without_blocks: Vec<usize>,
    /// A gateway that says, without proof, that there is no such entry.
    pub(super) denied_by: Option<String>,
    /// Whether one served blocks that are not those asked for.
    pub(super) is_wrong: bool,
}

impl RecordFiles {
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
                let url = |gateway: &Gateway| gateway.url(content, name, &segments);
                self.fetch_words(&url, gateways, path, reason, Vec::new()).await
            }
            Source::Blocks(tree) => self.fetch_proven(tree, name, path, &segments).await,
        }
    }

    async fn fetch_proven(
        &self,
        tree: &Arc<BlockTree>,
        name: &Name,
        path: &str,
        segments: &[&str],
    ) -> Result<Fetched, FetchError> {
        let (from, longest) = (tree.clone(), self.limits.file as u64);
        let full: Vec<String> = tree.path(segments).into_iter().map(str::to_owned).collect();
        let read: Reader<Bytes> = Arc::new(move |blocks, budget| {
            let full: Vec<&str> = full.iter().map(String::as_str).collect();
            let found = resolve(blocks, &from.root, &full)?;
            let file = read_file(blocks, &found.cid, longest)?;
            budget.bytes(file.len() as u64)?;
            Ok(file)
        });
        let wanted = Wanted { name, path: segments, scope: "entity" };
        let search = self.search(tree, &wanted, &read).await?;
        if let Some((file, gateway)) = search.found {
            let sequence = self.ipns_record.as_ref().map(|record| record.sequence);
            let proof = self.proof().unwrap_or(Proof::Blocks { root: tree.root, sequence });
            let passed_over = search.notes;
            return Ok(Fetched { bytes: file, gateway, proof, passed_over });
        }
        let reason = "no gateway serves blocks to check";
        let url = |gateway: &Gateway| tree.url(gateway, name, segments);
        let outcome =
            self.fetch_words(&url, &search.without_blocks, path, reason, search.notes).await;
        match (outcome, search.denied_by) {
            (Err(FetchError::Failed { what, notes }), _) if search.is_wrong => {
                Err(FetchError::Refuted { what, notes })
            }
            (Err(FetchError::Failed { .. }), Some(gateway)) => {
                Err(FetchError::NotFound { path: path.to_owned(), gateway, proven: false })
            }
            (outcome, _) => outcome,
        }
    }

    /// Asks one node and gateway after the other for blocks until `read` succeeds.
    ///
    /// # Errors
    /// [`FetchError::NotFound`] when verified blocks show that there is no such entry,
    /// [`FetchError::OverBudget`] when they show more than is read.
    pub(super) async fn search<T: Send + 'static>(
        &self,
        tree: &Arc<BlockTree>,
        wanted: &Wanted<'_>,
        read: &Reader<T>,
    ) -> Result<Search<T>, FetchError> {
        let mut search = Search {
            found: None,
            notes: Vec::new(),
            without_blocks: Vec::new(),
            denied_by: None,
            is_wrong: false,
        };
        let nodes = self.nodes.iter().map(|node| Server::Node(node));
        let servers = self.gateways.iter().map(Server::Gateway).chain(nodes);
        // Nodes of one's own are asked first, and numbered last.
        let mut servers: Vec<(usize, Server<'_>)> = servers.enumerate().collect();
        servers.rotate_right(self.nodes.len());
        for (number, server) in servers {
            let outcome = tree.read(&self.http, (number, server), wanted, &self.limits, read).await;
            let gateway = server.to_string();
            let reason = match outcome {
                Ok(Some(value)) => {
                    search.found = Some((value, gateway));
                    return Ok(search);
                }
                Ok(None) => {
                    let path = wanted.path.join("/");
                    return Err(FetchError::NotFound { path, gateway, proven: true });
                }
                // It may only lack the root, which others have.
                Err(Obstacle::NotFound) => {
                    search.denied_by.get_or_insert_with(|| gateway.clone());
                    "it says that there is no such file".to_owned()
                }
                Err(Obstacle::Incapable(reason)) => {
                    if matches!(server, Server::Gateway(_)) {
                        search.without_blocks.push(number);
                    }
                    reason
                }
                // Where gateways tell more, that one's own node does not run is no news.
                Err(Obstacle::Absent(_)) if !self.gateways.is_empty() => continue,
                Err(Obstacle::Absent(reason)) => reason,
                Err(Obstacle::TooLong) => "it sends more than a block has".to_owned(),
                Err(Obstacle::Failed(reason) | Obstacle::Spent(reason)) => reason,
                Err(Obstacle::Over(reason)) => {
                    let what = wanted.path.join("/");
                    return Err(FetchError::OverBudget { what, reason });
                }
                Err(Obstacle::Wrong(reason)) => {
                    search.is_wrong = true;
                    reason
                }
            };
            search.notes.push(GatewayNote { gateway, reason });
        }
        Ok(search)
    }

    /// Fetches from one gateway after the other, on its word.
    async fn fetch_words(
        &self,
        url: &(dyn Fn(&Gateway) -> Option<Url> + Sync),
        gateways: &[usize],
        path: &str,
        reason: &str,
        mut notes: Vec<GatewayNote>,
    ) -> Result<Fetched, FetchError> {
        let mut denied_by = None;
        for gateway in gateways.iter().map(|number| &self.gateways[*number]) {
            let label = gateway.to_string();
            let reason = match url(gateway) {
                None => "its template has no place for such a recordhash".to_owned(),
                Some(url) => match self.fetch_word(url, label.clone(), reason, path).await? {
                    Ok(fetched) => return Ok(Fetched { passed_over: notes, ..fetched }),
                    Err(error) => {
                        if is_denial(&error) {
                            denied_by.get_or_insert_with(|| label.clone());
                        }
                        error.to_string()
                    }
                },
            };
            notes.retain(|note| note.gateway != label);
            notes.push(GatewayNote { gateway: label, reason });
        }
        Err(match denied_by {
            Some(gateway) => FetchError::NotFound { path: path.to_owned(), gateway, proven: false },
            None => FetchError::Failed { what: path.to_owned(), notes },
        })
    }

    /// A plain GET. As with EIP-3668 4xx ends the search (408 and 429 excepted, which are about
    /// the moment, and the refusals 410 and 451), while the inner error means that the next gateway is to be asked.
    async fn fetch_word(
        &self,
        url: Url,
        gateway: String,
        reason: &str,
        path: &str,
    ) -> Result<Result<Fetched, NetError>, FetchError> {
        // No `Accept`: to Kubo's gateway application/json is another representation of the node.
        let request = Request::get(url).max_body(self.limits.file).settled_if(is_unknown_name);
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
                Ok(Ok(Fetched { bytes: answer.body, gateway, proof, passed_over: Vec::new() }))
            }
            _ if self.limits.lenient => Ok(Err(answer.to_error())),
            404 => Err(FetchError::NotFound { path: path.to_owned(), gateway, proven: false }),
            // Of one gateway, for the moment or by its own list: others may serve it.
            408 | 410 | 429 | 451 => Ok(Err(answer.to_error())),
            400..500 => Err(FetchError::Refused(answer.to_error())),
            _ => Ok(Err(answer.to_error())),
        }
    }
}

/// Whether a gateway says that there is no such file.
pub(in crate::resolve) fn is_denial(error: &NetError) -> bool {
    error.status() == Some(404)
}

pub(in crate::resolve) fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}
