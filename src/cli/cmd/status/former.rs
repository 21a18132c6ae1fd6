//! Names that were rotated away: what was published last under them is read for as long as the chain
//! points there.

use std::io::{self, Write};

use futures_util::future::join_all;
use jiff::Timestamp;
use namesys::ipns::{Publisher, VerifiedRecord};
use namesys::keys::IpnsName;
use namesys::publish::{Witnesses, days_left, look};
use namesys::published::BaseFile;
use namesys::report::{ChainStatusReport, ErrorKind, FormerStatusReport};
use namesys::workspace::Config;

use crate::cli::error::{CliError, Exit};
use crate::cli::words::when;

/// A name, and the newest record under it.
type Last = (IpnsName, Option<VerifiedRecord>);

/// Asks the publishers for each.
pub async fn ask(
    config: &Config,
    publishers: &[Box<dyn Publisher>],
    known: &BaseFile,
) -> Vec<Last> {
    let names = config.former().iter().filter_map(|keys| keys.ipns_name);
    let last = async |name: IpnsName| {
        let base = known.of(&name).base;
        let witnesses = Witnesses { name: &name, publishers, gateways: &[] };
        let newest = look(witnesses, base.as_ref()).await.standing.newest;
        (name, newest.into_iter().next().map(|stands| stands.record))
    };
    join_all(names.map(last)).await
}

/// What is told of the former names.
#[derive(Default)]
pub struct Told {
    /// Each.
    pub reports: Vec<FormerStatusReport>,
    /// One that the chain points to ends soon.
    pub fault: Option<CliError>,
    /// Those that end soon, and may be used by nobody: the chain was not asked.
    pub warnings: Vec<String>,
}

/// What is told of them, and what is wrong. `goes_on` is what points the chain to the new name.
pub fn report(
    last: &[Last],
    chains: &[ChainStatusReport],
    warn_days: u32,
    now: Timestamp,
    goes_on: &str,
) -> Told {
    let mut told = Told::default();
    let mut one = |(name, record): &Last| {
        let in_use = in_use(name, chains);
        let days = record.as_ref().map(|record| days_left(record, now));
        if let (Some(days), None | Some(true)) = (days, in_use)
            && days < i64::from(warn_days)
        {
            let (kind, message) = match days < 0 {
                true => (ErrorKind::Expired, format!("the last record of {name} has expired")),
                false => (
                    ErrorKind::ExpiresSoon,
                    format!("the last record of {name} expires in {days} days"),
                ),
            };
            let message = format!("{message}, which was rotated away");
            let hint = format!(
                "{goes_on} points the chain to the new name; until then namesys renew --former, \
                 with the former password and wallet, keeps it"
            );
            match in_use {
                Some(_) => {
                    let error = || CliError::new(Exit::Failed, kind, message).hint(hint);
                    told.fault.get_or_insert_with(error);
                }
                None => told.warnings.push(format!(
                    "{message}; whether the chain points there still is not known: {hint}"
                )),
            }
        }
        let fields = record.as_ref().map(VerifiedRecord::fields);
        FormerStatusReport {
            ipns_name: name.to_string(),
            sequence: fields.map(|fields| fields.sequence),
            value: fields.map(|fields| fields.value.clone()),
            validity: fields.map(|fields| fields.until()),
            days_left: days,
            in_use,
        }
    };
    let reports = last.iter().map(&mut one).collect();
    Told { reports, ..told }
}

/// Whether the chain points to `name`; none where that is not known.
fn in_use(name: &IpnsName, chains: &[ChainStatusReport]) -> Option<bool> {
    let here = format!("ipns://{name}");
    if chains.iter().any(|chain| chain.recordhash.as_ref() == Some(&here)) {
        return Some(true);
    }
    let is_known = |chain: &ChainStatusReport| chain.owner.is_some();
    (!chains.is_empty() && chains.iter().all(is_known)).then_some(false)
}

/// A line for each.
pub fn human(former: &[FormerStatusReport], out: &mut dyn Write) -> io::Result<()> {
    for one in former {
        let used = match one.in_use {
            Some(true) => ", and the chain points there still: namesys setup",
            Some(false) => ", and the chain points there no more",
            None => "",
        };
        match (&one.validity, one.days_left) {
            (Some(validity), Some(days)) => {
                let until = when(validity);
                writeln!(
                    out,
                    "formerly   {}: valid until {until}, {days} days{used}",
                    one.ipns_name
                )?;
            }
            _ => writeln!(out, "formerly   {}: no record{used}", one.ipns_name)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use namesys::keys::IpnsKey;

    use super::*;

    #[test]
    fn whether_the_chain_points_to_a_former_name() {
        let name = IpnsKey::from_seed(&[1; 32].into()).name();
        let chain = |recordhash: &str| ChainStatusReport {
            owner: Some("0x".to_owned()),
            recordhash: Some(recordhash.to_owned()),
            ..ChainStatusReport::default()
        };
        let (here, other) = (chain(&format!("ipns://{name}")), chain("ipns://k51"));
        assert_eq!(in_use(&name, &[]), None);
        assert_eq!(in_use(&name, &[ChainStatusReport::default(), other.clone()]), None);
        assert_eq!(in_use(&name, std::slice::from_ref(&other)), Some(false));
        assert_eq!(in_use(&name, &[other, here]), Some(true));
    }
}
