//! Values on the command line that have no type of their own in the library.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use namesys::ipns::{Validity, valid_until};
use namesys::workspace::write_atomic;

use super::error::CliError;

/// The longest duration taken: a thousand years.
const MAX_SECONDS: u64 = 1000 * 366 * 86_400;

/// The units of a duration in seconds, longest first.
const UNITS: [(char, u64); 5] =
    [('w', 7 * 86_400), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// Whole numbers with units, each at most once and the longest first, as Go and people write them:
/// `300s`, `5m`, `2h`, `30d`, `52w`, `1h30m`, `5m0s`; `0` needs none.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a duration is a number and a unit: 300s, 5m, 2h, 1h30m, 30d, 52w".to_owned();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut units, mut seconds) = (text, UNITS.iter(), Some(0_u64));
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(length);
        let letter = after.chars().next().filter(|_| length > 0).ok_or_else(wrong)?;
        // Those before it are used up.
        let unit = units.find(|(unit, _)| *unit == letter).ok_or_else(wrong)?.1;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        seconds = seconds.and_then(|sum| sum.checked_add(number.checked_mul(unit)?));
        rest = &after[1..];
    }
    let seconds = seconds.filter(|seconds| *seconds <= MAX_SECONDS);
    seconds.map(Duration::from_secs).ok_or_else(|| "that is longer than 1000 years".to_owned())
}

/// So long from now, as records are made valid.
///
/// # Errors
/// Beyond the year 9999.
pub fn from_now(long: Duration) -> Result<Timestamp, jiff::Error> {
    valid_until(Timestamp::now(), long)
}

/// Until when: a time in RFC 3339, the last days of the year 9999 included, or how long from now.
pub fn validity(text: &str) -> Result<Validity, String> {
    if let Ok(long) = duration(text) {
        let end = from_now(long);
        return end.map(Validity::from).map_err(|_| "that is beyond the year 9999".to_owned());
    }
    // A time is told what it should look like; only the last days of all are none here.
    match (time(text), text.parse()) {
        (Ok(time), _) => Ok(time.into()),
        (_, Ok(validity)) => Ok(validity),
        (Err(reason), _) => Err(format!("{reason}; or how long from now: 90d")),
    }
}

/// A time in RFC 3339.
pub fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = "a time is written as in RFC 3339: 2030-01-30T20:10:08Z";
    let shaped = text.len() <= 40
        && text.as_bytes().get(10) == Some(&b'T')
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:T.Z+".contains(&byte));
    if !shaped {
        return Err(wrong.to_owned());
    }
    text.parse().map_err(|_| wrong.to_owned())
}

/// Writes a file that is no secret, whole or not at all, in place of one that is there.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let failed = |error| CliError::io(format!("{} cannot be written", path.display()), &error);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    write_atomic(folder, path, bytes, true).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("0", 0),
            ("1s", 1),
            ("5m", 300),
            ("5m0s", 300),
            ("2h", 7200),
            ("1h30m", 5400),
            ("1w2d3h4m5s", 788_645),
            ("30d", 2_592_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in [
            "",
            "5",
            "m",
            "-5m",
            "5 m",
            "1.5h",
            "5M",
            "99999999999999999999s",
            "60000w",
            "é",
            "5m5",
            "1m1m",
            "5m1h",
            "5é",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn validities() {
        let end = "9999-12-31T23:59:59.123Z";
        let bytes = |text| validity(text).map(|validity| validity.instant());
        assert_eq!(bytes(end), Ok(Timestamp::MAX));
        assert_eq!(bytes("2030-01-30T20:10:08Z"), Ok("2030-01-30T20:10:08Z".parse().unwrap()));
        let days = bytes("90d").unwrap().duration_since(Timestamp::now()).as_hours();
        assert!((2159..=2160).contains(&days), "{days}");
        assert!(validity("90").is_err() && validity("tomorrow").unwrap_err().contains("90d"));
    }

    #[test]
    fn times() {
        assert_eq!(
            time("2030-01-30T20:10:08.291Z").unwrap().to_string(),
            "2030-01-30T20:10:08.291Z"
        );
        assert_eq!(time("2030-01-30T20:10:08+02:00").unwrap().to_string(), "2030-01-30T18:10:08Z");
        for bad in ["", "tomorrow", "2030-01-30", "2030-01-30 20:10:08Z", "2030-01-30T20:10:08"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
