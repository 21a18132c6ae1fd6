//! Web hosts: written into and read, with nothing left; and asked at their addresses.

use namesys::net::{Http, Request};
use namesys::publish::site::{SeenAt, Site, SiteUrl, site_status};
use namesys::report::CheckReport;

use super::{bad, good};

/// Probes where the files are kept, and where they are served.
pub async fn probe(site: &Site, http: &Http) -> Vec<CheckReport> {
    let what = format!("site {}", site.store.describe());
    let mut checks = vec![match site.store.probe().await {
        Ok(said) => good(what, said),
        Err(error) => bad(
            what,
            error.to_string(),
            "mend it, or give another: --site folder=DIR, [[sites]]; a bucket's key must be \
             allowed to list, put, get and delete objects",
        ),
    }];
    if let Some(url) = &site.url {
        checks.push(address(site, url, http).await);
    }
    checks
}

/// Asks the address for what was brought to the site.
async fn address(site: &Site, url: &SiteUrl, http: &Http) -> CheckReport {
    let what = format!("site {url}");
    let Some(SeenAt { seen, .. }) =
        site_status(site, http).await.seen.filter(|at| at.seen.asked > 0)
    else {
        let hint = "start its web server, or say where it is served: url in [[sites]]";
        return match http.send(&Request::get(url.url().clone()).attempts(1)).await {
            Ok(answer) if answer.status < 500 => {
                good(what, "it answers, and nothing was published there yet")
            }
            Ok(answer) => bad(what, answer.to_error().to_string(), hint),
            Err(error) => bad(what, error.to_string(), hint),
        };
    };
    match seen.misses.first() {
        Some(miss) => {
            let (missing, asked) = (seen.misses.len(), seen.asked);
            let detail = format!("{missing} of {asked} files; {}: {}", miss.path, miss.reason);
            let hint = "has the host got the files (rsync, git push)? Does a cache keep older \
                        ones? namesys publish --to https reads back again";
            bad(what, detail, hint)
        }
        None if seen.no_cors => bad(
            what,
            "it serves the files, but does not let web pages of elsewhere read them",
            "set the header Access-Control-Allow-Origin: * for /.well-known/",
        ),
        None => good(what, format!("it serves the files ({} asked for)", seen.asked)),
    }
}
