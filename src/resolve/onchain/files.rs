//! Where a records resolver's files are, and what is in them: below a root whose blocks can be
//! checked, where a gateway allows it, else at the addresses the contract names.

use jiff::Timestamp;

use super::super::{FetchError, Gateway, GatewayNote, Proof, RecordFiles, Sources};
use super::case::Case;
use super::dialect::Dialect;
use super::fetched::{Fetched, Layout, Tree, flat_file_of, listed};
use super::lookup::{Answered, LookupGateways, origin};
use super::resolution::{OnchainRecordError, ResolveError};
use super::{NameResolver, Subject, Trace};
use crate::chain::OffchainLookup;
use crate::record::RecordKey;
use crate::recordhash::Target;

impl NameResolver {
    /// Opens the files behind an IPNS name or an IPFS root, where blocks can be checked: on the
    /// user's gateways, and on those the contract sends its clients to.
    pub(super) async fn open_files(
        &self,
        case: &mut Case<'_>,
        key: &RecordKey,
    ) -> Result<Vec<GatewayNote>, ResolveError> {
        let recordhash = match &case.recordhash {
            Some(recordhash) if is_content(recordhash.target()) => recordhash,
            _ => return Ok(Vec::new()),
        };
        let Subject { facts, trace, .. } = case.subject;
        let mut gateways = self.config.gateways.clone();
        if let Answered::Lookup(lookup) = self.ask(case, key).await?.value {
            for gateway in path_gateways(&lookup.urls) {
                if !gateways.contains(&gateway) {
                    gateways.push(gateway);
                }
            }
        }
        let clock = trace.clock();
        let (http, limits) = (self.http.clone(), self.config.limits);
        let now = Timestamp::now();
        let sources = Sources { gateways, publishers: &self.publishers };
        match RecordFiles::open(http, sources, recordhash, &facts.name, limits, now).await {
            Ok(files) => {
                pass_over(trace, files.notes());
                if let Some(record) = files.ipns_record() {
                    let asked = record.seen.len();
                    let said = format!(
                        "sequence {}, the newest of {asked}, {}",
                        record.sequence, record.value
                    );
                    trace.step(clock, "IPNS record, verified", &record.gateway, said);
                    for hop in &record.via {
                        let what = format!("IPNS record of {}, verified", hop.name);
                        let said = format!("sequence {}, {}", hop.sequence, hop.value);
                        trace.step(clock, what, &hop.gateway, said);
                    }
                }
                let notes = files.notes().to_vec();
                case.refuted = files.refuted().to_vec();
                case.files = Some(files);
                Ok(notes)
            }
            Err(error) => {
                trace.step(clock, "IPNS record", "gateways", &error);
                if let FetchError::BadIpnsRecord { notes, .. } = &error {
                    case.refuted.clone_from(notes);
                    case.bad_ipns_record = Some(error.clone());
                }
                let reason = error.to_string();
                Ok(vec![GatewayNote { gateway: recordhash.to_string(), reason }])
            }
        }
    }

    /// Every record that the tree lists; `None` where there is no tree.
    ///
    /// # Errors
    /// Why it cannot be listed.
    pub(super) async fn list(
        &self,
        case: &Case<'_>,
    ) -> Result<Option<Vec<(RecordKey, Fetched)>>, FetchError> {
        let Some(files) = &case.files else { return Ok(None) };
        let Subject { facts, trace, .. } = case.subject;
        let clock = trace.clock();
        match listed(files, &facts.name, self.reads_flat(case)).await {
            Ok(Tree { records, gateway, count, passed_over }) => {
                pass_over(trace, &passed_over);
                trace.step(clock, "list of the tree", &gateway, format!("{count} files"));
                Ok(Some(records))
            }
            Err(FetchError::NotFound { proven: true, gateway, .. }) => {
                trace.step(clock, "list of the tree", &gateway, "0 files");
                Ok(Some(Vec::new()))
            }
            Err(error) => {
                trace.step(clock, "list of the tree", "gateways", &error);
                Err(error)
            }
        }
    }

    /// Whether records are looked for in the older flat layout too.
    fn reads_flat(&self, case: &Case<'_>) -> bool {
        self.config.limits.flat && case.said.dialect() == Dialect::Ccip2
    }

    /// The payload: from the tree, every block checked, where a gateway allows it; else from the
    /// addresses the contract names, in its order, on the word of those that serve no blocks: one
    /// whose blocks or IPNS record are wrong is not believed without them.
    pub(super) async fn fetch(
        &self,
        case: &Case<'_>,
        key: &RecordKey,
        lookup: &OffchainLookup,
    ) -> Result<Fetched, OnchainRecordError> {
        let Subject { facts, trace, .. } = case.subject;
        let what = case.said.dialect().path(&facts.name, key);
        let mut earlier = case.refuted.clone();
        let mut refuted = case.bad_ipns_record.clone();
        if let Some(files) = &case.files {
            let clock = trace.clock();
            let error = match files.fetch(&facts.name, &what).await {
                Ok(file) => {
                    pass_over(trace, &file.passed_over);
                    trace.step(clock, format!("{key}: file"), &file.gateway, "found");
                    return Ok(Fetched::new(file, Layout::Nested));
                }
                Err(error) => error,
            };
            trace.step(clock, format!("{key}: file"), "gateways", &error);
            match &error {
                FetchError::Failed { notes, .. } => merge(&mut earlier, notes),
                FetchError::Refuted { notes, .. } => {
                    merge(&mut earlier, notes);
                    refuted = Some(error);
                }
                FetchError::NotFound { .. } if self.reads_flat(case) => {
                    let flat = flat_file_of(files, &facts.name, key).await;
                    return flat.ok_or_else(|| error.into());
                }
                _ => return Err(error.into()),
            }
        }
        let urls = unfailed(&lookup.urls, &earlier);
        if urls.is_empty() && !earlier.is_empty() {
            return Err(refuted.unwrap_or(FetchError::Failed { what, notes: earlier }).into());
        }
        let limits = &self.config.limits;
        let gateways = LookupGateways::new(&self.http, limits.file, limits.lenient, trace);
        match gateways.fetch(&urls, lookup.sender, &lookup.callData).await {
            Ok((payload, gateway)) => {
                let reason = "no gateway serves blocks to check".to_owned();
                let (payload, proof) = (Ok(payload), Some(Proof::None(reason)));
                Ok(Fetched { payload, gateway, proof, layout: Layout::Nested })
            }
            Err(FetchError::Failed { what, notes }) => {
                merge(&mut earlier, &notes);
                Err(refuted.unwrap_or(FetchError::Failed { what, notes: earlier }).into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Tells what gateways did that were asked in vain.
fn pass_over(trace: &Trace, notes: &[GatewayNote]) {
    for GatewayNote { gateway, reason } in notes {
        trace.step(trace.clock(), "passed over", gateway, reason);
    }
}

/// `notes` after those of other gateways.
fn merge(earlier: &mut Vec<GatewayNote>, notes: &[GatewayNote]) {
    earlier.retain(|note| notes.iter().all(|other| other.gateway != note.gateway));
    earlier.extend_from_slice(notes);
}

fn is_content(target: &Target) -> bool {
    matches!(target, Target::Ipns(_) | Target::Ipfs(_))
}

/// The addresses of a lookup whose gateways are not among those that failed already.
fn unfailed(urls: &[String], failed: &[GatewayNote]) -> Vec<String> {
    let has_failed = |template: &String| {
        template.parse().is_ok_and(|url| {
            let gateway = origin(&url);
            let gateway = gateway.as_str().trim_end_matches('/');
            failed.iter().any(|note| note.gateway.trim_end_matches('/') == gateway)
        })
    };
    urls.iter().filter(|template| !has_failed(template)).cloned().collect()
}

/// The gateways among a lookup's addresses that serve paths, `https://host/ipns/…`.
fn path_gateways(urls: &[String]) -> impl Iterator<Item = Gateway> {
    urls.iter().take(8).filter_map(|template| {
        let url: url::Url = template.parse().ok()?;
        let serves_paths = ["/ipns/", "/ipfs/"].iter().any(|path| url.path().starts_with(path));
        serves_paths.then(|| origin(&url).as_str().trim_end_matches('/').parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_of_a_lookup() {
        let urls = [
            "https://e501.ff.ipfs2.eth.limo/.well-known/eth/nick/text/avatar.json?t={data}",
            "https://dweb.link/ipns/f0172/.well-known/eth/nick/text/avatar.json?t={data}",
            "http://127.0.0.1:5559/ipfs/f01/.well-known/eth/nick/text/avatar.json?t={data}",
            "nonsense",
        ];
        let found: Vec<String> =
            path_gateways(&urls.map(str::to_owned)).map(|gateway| gateway.to_string()).collect();
        assert_eq!(found, ["https://dweb.link", "http://127.0.0.1:5559"]);
    }

    #[test]
    fn a_gateway_whose_blocks_are_wrong_is_not_asked_again() {
        let urls = ["https://dweb.link/ipns/f01/a?t={data}", "https://ipfs.io/ipns/f01/a", "?"];
        let urls = urls.map(str::to_owned);
        let note = |gateway: &str| GatewayNote {
            gateway: gateway.to_owned(),
            reason: "the block has another hash".to_owned(),
        };
        assert_eq!(unfailed(&urls, &[note("https://dweb.link")]), urls[1..]);
        assert_eq!(unfailed(&urls, &[note("https://other.link")]), urls);
    }
}
