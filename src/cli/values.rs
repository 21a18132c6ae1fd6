//! Values on the command line that have no type of their own in the library.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use namesys::workspace::write_atomic;

use super::error::CliError;

/// The longest duration taken: a thousand years.
const MAX_SECONDS: u64 = 1000 * 366 * 86_400;

/// A whole number with a unit: `300s`, `5m`, `2h`, `30d`, `52w`; `0` needs none.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a duration is a number and a unit: 300s, 5m, 2h, 30d, 52w".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "" if digits == "0" => 1,
        _ => return Err(wrong()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = number.checked_mul(unit).filter(|seconds| *seconds <= MAX_SECONDS);
    seconds.map(Duration::from_secs).ok_or_else(|| "that is longer than 1000 years".to_owned())
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
        for (text, seconds) in [("0", 0), ("1s", 1), ("5m", 300), ("2h", 7200), ("30d", 2_592_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in
            ["", "5", "m", "-5m", "5 m", "1.5h", "5M", "99999999999999999999s", "60000w", "é"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
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
